//! A camera's entry: its address in whichever form, its id, its recording.

use std::path::Path;
use std::time::Duration;

use base::{CameraId, Secret};
use url::Url;

use super::check::{Settings, Typed, check};
use super::fault::Fault;
use super::table::CAMERA_KEYS;
use super::tree::{Node, Origin, Value};

/// A camera as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    pub id: CameraId,
    pub name: String,
    pub source: String,
    pub role: String,
    pub location: Option<Location>,
    /// Without credentials.
    pub url: Url,
    pub sub_url: Option<Url>,
    pub username: String,
    pub password: Secret,
    pub udp: bool,
    pub client: String,
    pub enabled: bool,
    pub on_demand: bool,
    pub record: Record,
    /// A stream made of the main one.
    pub transcode: Option<Transcode>,
    pub tags: Vec<String>,
    /// Programs that are run.
    pub hooks: hub::paths::Hooks,
    /// `file`, or `api`.
    pub managed_by: &'static str,
}

/// A derived stream as it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcode {
    pub size: Option<(u16, u16)>,
    pub framerate: Option<u16>,
}

impl Transcode {
    /// The stream's name: `720p`, or `10fps` where only that is changed.
    pub fn name(&self) -> String {
        match (self.size, self.framerate) {
            (Some((_, height)), _) => format!("{height}p"),
            (None, framerate) => format!("{}fps", framerate.unwrap_or(0)),
        }
    }

    /// Reads `<section>.resolution` and `<section>.framerate`; `None` when neither is given.
    pub fn read(settings: &Settings, section: &str) -> Option<Self> {
        let size = match settings.get(&format!("{section}.resolution")) {
            Typed::Resolution(size) => size,
            _ => None,
        };
        let size = size.and_then(|(width, height)| {
            Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
        });
        let framerate = match settings.get(&format!("{section}.framerate")) {
            Typed::Int(framerate) => u16::try_from(framerate).ok().filter(|rate| *rate > 0),
            _ => None,
        };
        (size.is_some() || framerate.is_some()).then_some(Self { size, framerate })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    pub lng: f64,
    pub lat: f64,
    pub direction: Option<f64>,
    pub field_of_view: Option<f64>,
    pub range_m: Option<f64>,
}

/// How a camera is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub mode: String,
    pub stream: String,
    pub format: String,
    pub segment_duration: Duration,
    pub audio: bool,
    /// How long and how much of it is kept.
    pub keep: Keep,
    /// The derived stream of cameras that name none of their own.
    pub capture: Option<Transcode>,
    /// Its hours, for mode `schedule`.
    pub schedule: Option<record::Schedule>,
    pub(super) time_zone: String,
    pub(super) spans: Vec<(String, String)>,
}

/// How long and how much of a camera's recordings is kept, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Zero: as `storage.recordings.max_age` says.
    pub max_age: Duration,
    /// Bytes; 0: no limit.
    pub max_disk_usage: u64,
    /// Empty: as `storage.backends` says.
    pub backends: Vec<String>,
}

impl Keep {
    /// Reads what is given below `record`; the rest is that of `default`.
    pub fn read(settings: &Settings, default: Self) -> Self {
        let mut keep = default;
        if let Typed::Duration(max_age) = settings.get("record.max_age") {
            keep.max_age = max_age;
        }
        if let Typed::Size(max_disk_usage) = settings.get("record.max_disk_usage") {
            keep.max_disk_usage = max_disk_usage;
        }
        match settings.get("record.backends") {
            Typed::Texts(backends) if !backends.is_empty() => keep.backends = backends,
            _ => {}
        }
        keep
    }
}

/// Of segments as MPEG-TS.
pub const TS_SEGMENT: Duration = Duration::from_secs(10);

const SCHEMES: [&str; 9] = ["rtsp", "rtsps", "rtmp", "srt", "http", "https", "udp", "file", "v4l2"];

/// Reads all cameras of `root`; `record` is what they inherit.
pub fn read(root: &Node, base: &Path, record: &Record, faults: &mut Vec<Fault>) -> Vec<Camera> {
    let mut cameras: Vec<Camera> = Vec::new();
    for (shown, node) in entries(root, faults) {
        let settings = check(node, CAMERA_KEYS, base, &format!("{shown}."), faults);
        let before = faults.len();
        let Some(camera) = one(node, &shown, &settings, record, faults) else {
            debug_assert!(faults.len() > before, "a camera that is left out has a fault");
            continue;
        };
        if cameras.iter().any(|other| other.id == camera.id) {
            let problem = format!("two cameras have the id `{}`", camera.id);
            faults.push(Fault::new(
                &node.origin,
                &format!("{shown}.id"),
                problem,
                "give each its own",
            ));
            continue;
        }
        cameras.push(camera);
    }
    cameras
}

fn entries<'a>(root: &'a Node, faults: &mut Vec<Fault>) -> Vec<(String, &'a Node)> {
    let single = root.get("camera");
    let Some(list) = root.get("cameras") else {
        return single.map(|node| ("camera".to_owned(), node)).into_iter().collect();
    };
    if let Some(single) = single {
        let remedy = "keep `cameras` and move it there";
        faults.push(Fault::new(
            &single.origin,
            "camera",
            "`camera` and `cameras` are both there",
            remedy,
        ));
    }
    match &list.value {
        Value::Null => Vec::new(),
        Value::List(items) => items
            .iter()
            .enumerate()
            .map(|(index, node)| (format!("cameras[{index}]"), node))
            .collect(),
        _ => {
            let problem = format!("{} where a list is needed", list.kind());
            faults.push(Fault::new(
                &list.origin,
                "cameras",
                problem,
                "write `- id: ...` for each camera",
            ));
            Vec::new()
        }
    }
}

fn one(
    node: &Node,
    shown: &str,
    settings: &Settings,
    record: &Record,
    faults: &mut Vec<Fault>,
) -> Option<Camera> {
    let url = address(node, shown, settings, faults);
    let sub_url = optional_url(settings, "sub_url", node, shown, faults);
    let (mut url, sub_url) = (url?, sub_url.ok()?);
    let from_url = take_credentials(&mut url);
    let given = (settings.text("username"), settings.text("password"));
    let (username, password) =
        if given.0.is_empty() && given.1.is_empty() { from_url } else { given };
    let sub_url = sub_url.map(|mut sub_url| {
        let _ = (sub_url.set_username(""), sub_url.set_password(None));
        sub_url
    });
    let id = identity(node, shown, settings, &url, faults)?;
    let name = settings.text("name");
    Some(Camera {
        name: if name.is_empty() { id.to_string() } else { name },
        id,
        source: settings.text("source"),
        role: settings.text("role"),
        location: location(node, shown, settings, faults),
        url,
        sub_url,
        username,
        password: Secret::new(password),
        udp: settings.text("transport") == "udp",
        client: settings.text("client"),
        enabled: settings.bool("enabled"),
        on_demand: settings.bool("on_demand"),
        transcode: Transcode::read(settings, "transcode").or(record.capture),
        record: recording(node, shown, settings, record, faults),
        tags: settings.texts("tags"),
        hooks: super::paths::hooks(node, settings, shown, faults),
        managed_by: "file",
    })
}

fn recording(
    node: &Node,
    shown: &str,
    settings: &Settings,
    default: &Record,
    faults: &mut Vec<Fault>,
) -> Record {
    let text = |path: &str, default: &str| match settings.get(path) {
        Typed::Text(text) if !text.is_empty() => text,
        _ => default.to_owned(),
    };
    let given = |key: &str| settings.origin(key).is_some();
    let mut record = Record {
        mode: text("record.mode", &default.mode),
        stream: text("record.stream", &default.stream),
        format: text("record.format", &default.format),
        time_zone: text("time_zone", &default.time_zone),
        keep: Keep::read(settings, default.keep.clone()),
        ..default.clone()
    };
    if let Typed::Duration(duration) = settings.get("record.segment_duration") {
        record.segment_duration = duration;
    } else if record.format == "ts" && default.format != "ts" {
        record.segment_duration = TS_SEGMENT;
    }
    if let Typed::Bool(audio) = settings.get("record.audio") {
        record.audio = audio;
    }
    if given("record.schedule") {
        record.spans = settings.spans("record.schedule");
    }
    let mut fault = |key: &str, problem: String, remedy: &str| {
        let origin = settings.origin(key).unwrap_or(&node.origin);
        faults.push(Fault::new(origin, &format!("{shown}.{key}"), problem, remedy));
    };
    let missing = match record.stream.as_str() {
        "main" => None,
        "sub" => settings.text("sub_url").is_empty().then_some("write its sub_url"),
        "derived" => {
            let transcode = Transcode::read(settings, "transcode").or(default.capture);
            transcode.is_none().then_some("write its transcode")
        }
        _ => Some("use main, sub or derived"),
    };
    if let Some(remedy) = missing {
        fault("record.stream", format!("there is no stream `{}`", record.stream), remedy);
    }
    if record.mode == "schedule" {
        if record.spans.is_empty() {
            fault(
                "record.schedule",
                "no hours".to_owned(),
                "write { mon: [\"08:00-18:00\"], ... }",
            );
        }
        let spans = record.spans.iter().map(|(day, span)| (day.as_str(), span.as_str()));
        match record::Schedule::new(&record.time_zone, spans) {
            Ok(schedule) => record.schedule = Some(schedule),
            Err(error) => {
                fault("record.schedule", error.to_string(), "write { mon: [\"08:00-18:00\"], ... }")
            }
        }
    }
    record
}

/// The main address: `url`, or built of `ip`, `port` and `rtsp_path`.
fn address(node: &Node, shown: &str, settings: &Settings, faults: &mut Vec<Fault>) -> Option<Url> {
    if let Some(url) = optional_url(settings, "url", node, shown, faults).ok()? {
        return Some(url);
    }
    let ip = settings.text("ip");
    if ip.is_empty() {
        let remedy = "write url: rtsp://..., or ip with port and rtsp_path";
        faults.push(Fault::new(&node.origin, &format!("{shown}.url"), "no address", remedy));
        return None;
    }
    let host = if ip.contains(':') && !ip.starts_with('[') { format!("[{ip}]") } else { ip };
    let path = settings.text("rtsp_path");
    let text = format!("rtsp://{host}:{}/{}", settings.int("port"), path.trim_start_matches('/'));
    let url = Url::parse(&text).ok().filter(|url| url.host().is_some());
    if url.is_none() {
        let origin = settings.origin("ip").unwrap_or(&node.origin);
        faults.push(Fault::new(
            origin,
            &format!("{shown}.ip"),
            "not an address",
            "write an IP address or a name",
        ));
    }
    url
}

/// The address under `key`; `Ok(None)` when there is none, `Err` when it was found wrong.
fn optional_url(
    settings: &Settings,
    key: &str,
    node: &Node,
    shown: &str,
    faults: &mut Vec<Fault>,
) -> Result<Option<Url>, ()> {
    let text = settings.text(key);
    if text.is_empty() {
        return Ok(None);
    }
    let origin = settings.origin(key).unwrap_or(&node.origin);
    let mut wrong = |problem: String, remedy: &str| {
        faults.push(Fault::new(origin, &format!("{shown}.{key}"), problem, remedy));
        Err(())
    };
    let url = match Url::parse(&text) {
        Ok(url) => url,
        // The text may hold a password: the reason is enough.
        Err(error) => {
            return wrong(format!("not an address: {error}"), "write rtsp://host:port/path");
        }
    };
    if !SCHEMES.contains(&url.scheme()) {
        let remedy = format!("use one of {}", SCHEMES.join(", "));
        return wrong(format!("`{}` is not a scheme that can be pulled", url.scheme()), &remedy);
    }
    if url.host_str().is_none_or(str::is_empty) && !matches!(url.scheme(), "file" | "v4l2") {
        return wrong("an address without a host".to_owned(), "write rtsp://host:port/path");
    }
    Ok(Some(url))
}

/// User name and password of an address, which is without them afterwards.
pub fn take_credentials(url: &mut Url) -> (String, String) {
    let taken = (decode(url.username()), url.password().map(decode).unwrap_or_default());
    let _ = (url.set_username(""), url.set_password(None));
    taken
}

pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.first_chunk::<2>().filter(|_| *first == b'%');
        let decoded =
            code.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn identity(
    node: &Node,
    shown: &str,
    settings: &Settings,
    url: &Url,
    faults: &mut Vec<Fault>,
) -> Option<CameraId> {
    let given = settings.text("id");
    let text = if given.is_empty() { default_id(&settings.text("name"), url) } else { given };
    match CameraId::new(&text) {
        Ok(id) => Some(id),
        Err(error) => {
            let origin: &Origin = settings.origin("id").unwrap_or(&node.origin);
            let remedy = "choose another, such as the place where it stands";
            faults.push(Fault::new(origin, &format!("{shown}.id"), error.to_string(), remedy));
            None
        }
    }
}

/// The slug of the transliterated name, else `camera-` and 8 hexadecimal digits of host and path.
fn default_id(name: &str, url: &Url) -> String {
    let latin = deunicode::deunicode(name).to_ascii_lowercase();
    let words: Vec<&str> =
        latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let slug: String = words.join("-").chars().take(64).collect();
    if !slug.is_empty() {
        return slug;
    }
    let place = format!("{}{}", url.host_str().unwrap_or_default(), url.path());
    let hash = place
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("camera-{hash:08x}")
}

fn location(
    node: &Node,
    shown: &str,
    settings: &Settings,
    faults: &mut Vec<Fault>,
) -> Option<Location> {
    let given = node.get("location")?;
    let (lng, lat) = (settings.float("location.lng"), settings.float("location.lat"));
    let (Some(lng), Some(lat)) = (lng, lat) else {
        if given.get("lng").is_none() || given.get("lat").is_none() {
            let remedy = "write both lng and lat, or leave location out";
            faults.push(Fault::new(
                &given.origin,
                &format!("{shown}.location"),
                "half a position",
                remedy,
            ));
        }
        return None;
    };
    Some(Location {
        lng,
        lat,
        direction: settings.float("location.direction"),
        field_of_view: settings.float("location.field_of_view"),
        range_m: settings.float("location.range_m"),
    })
}
