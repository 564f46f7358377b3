//! Cameras of the configuration as each room wants them: rows, sources, recordings. Pure.

use base::StreamPath;
use base::Wall;

use crate::config::Camera;

/// The sources of all cameras: main, sub and derived streams.
pub fn sources(cameras: &[Camera]) -> Vec<ingest::SourceSpec> {
    cameras.iter().flat_map(sources_of).collect()
}

fn sources_of(camera: &Camera) -> Vec<ingest::SourceSpec> {
    let main = ingest::SourceSpec {
        owner: ingest::Owner::Camera(camera.id.clone()),
        name: "main".to_owned(),
        path: camera.id.main_path(),
        url: camera.url.clone(),
        username: camera.username.clone(),
        password: camera.password.clone(),
        transport: if camera.udp { ingest::Transport::Udp } else { ingest::Transport::Tcp },
        client: match camera.client.as_str() {
            "native" => ingest::Client::Native,
            "ffmpeg" => ingest::Client::Ffmpeg,
            _ => ingest::Client::Auto,
        },
        derived: None,
        on_demand: camera.on_demand,
        enabled: camera.enabled,
    };
    let mut out = vec![main.clone()];
    if let Some(url) = &camera.sub_url {
        let path = camera.id.stream_path("sub");
        out.push(ingest::SourceSpec {
            name: "sub".to_owned(),
            path,
            url: url.clone(),
            ..main.clone()
        });
    }
    if let Some(transcode) = &camera.transcode {
        let derived = ingest::Derived {
            from: main.path.clone(),
            size: transcode.size,
            framerate: transcode.framerate,
            codec: None,
        };
        let (name, path) = (transcode.name(), camera.id.stream_path(&transcode.name()));
        // Made only while somebody, a viewer or the recorder, reads it.
        out.push(ingest::SourceSpec {
            name,
            path,
            derived: Some(derived),
            on_demand: true,
            ..main
        });
    }
    out
}

/// What is recorded of which camera.
pub fn recordings(cameras: &[Camera]) -> Vec<record::RecordSpec> {
    cameras.iter().filter_map(recording).collect()
}

fn recording(camera: &Camera) -> Option<record::RecordSpec> {
    let wanted = match camera.record.mode.as_str() {
        "continuous" => None,
        "schedule" => Some(camera.record.schedule.clone()?),
        _ => return None,
    };
    Some(record::RecordSpec {
        camera: camera.id.clone(),
        stream: recorded_stream(camera),
        segment_duration: camera.record.segment_duration,
        audio: camera.record.audio,
        format: match camera.record.format.as_str() {
            "ts" => record::Format::Ts,
            _ => record::Format::Fmp4,
        },
        schedule: wanted,
    })
}

fn recorded_stream(camera: &Camera) -> StreamPath {
    match (camera.record.stream.as_str(), &camera.transcode) {
        ("sub", _) => camera.id.stream_path("sub"),
        ("derived", Some(transcode)) => camera.id.stream_path(&transcode.name()),
        _ => camera.id.main_path(),
    }
}

/// The cameras' rows of the catalogue.
pub fn catalogue(cameras: &[Camera]) -> Vec<catalog::Camera> {
    let row = |camera: &Camera| catalog::Camera {
        id: camera.id.clone(),
        name: camera.name.clone(),
        source: camera.source.clone(),
        role: camera.role.clone(),
        location: camera.location.map(|at| catalog::Location {
            lng: at.lng,
            lat: at.lat,
            direction: at.direction,
            field_of_view: at.field_of_view,
            range_m: at.range_m,
        }),
        enabled: camera.enabled,
        tags: camera.tags.clone(),
        managed_by: camera.managed_by.to_owned(),
        removed_at: None,
        created_at: Wall::default(),
        updated_at: Wall::default(),
    };
    cameras.iter().map(row).collect()
}
