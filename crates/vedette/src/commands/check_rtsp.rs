//! `vedette check rtsp`: tries a camera as the server would, and says in plain words what is wrong or
//! what was found. Never prints credentials.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use api::messages::Language;
use ingest::check::{Limits, Step, probe};
use ingest::status::StreamInfo;
use ingest::{Failure, SourceSpec};

use crate::cli::{CheckRtspArgs, say};
use crate::config::{Config, Environment, Faults, load_text};
use crate::specs;
use crate::words::{self, text};

/// Tries an address, or the streams of a camera of the configuration.
pub fn rtsp(
    args: &CheckRtspArgs,
    load: impl FnOnce() -> Result<Config, Faults>,
) -> anyhow::Result<ExitCode> {
    let language = words::language();
    let (sources, outgoing) = match args.target.contains("://") {
        // An address can be tried without a configuration; where there is one, it says what is denied.
        true => {
            let outgoing = load().map(|config| config.outgoing()).unwrap_or_default();
            (sources_of_url(language, args)?, outgoing)
        }
        false => {
            let config = load()?;
            (sources_of_camera(language, &args.target, &config)?, config.outgoing())
        }
    };
    let step = Duration::from_secs(args.timeout);
    let limits = Limits { step, outgoing: Arc::new(outgoing), ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut good = true;
    for source in sources {
        good &= runtime.block_on(one(language, &source, &limits));
    }
    // A name server that does not answer must not hold the end.
    runtime.shutdown_background();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sources_of_url(language: Language, args: &CheckRtspArgs) -> anyhow::Result<Vec<SourceSpec>> {
    // As an entry of a configuration, so that one reader knows all about addresses.
    let quoted = crate::config::quote(&args.target.replace("${", "$${"));
    let yaml = format!("cameras: [{{ id: check, url: {quoted}, transport: {} }}]", args.transport);
    let path = Path::new("address.yaml");
    match load_text(path, &yaml, &Environment::default(), Path::new("/")) {
        Ok(config) => Ok(specs::sources(&config.cameras)),
        Err(faults) => {
            let reason = faults.0.first().map_or(String::new(), |fault| fault.problem.clone());
            let reason = base::secret::redact_urls(&reason);
            bail!(text(language, "check_url_wrong", [("reason", reason)]))
        }
    }
}

fn sources_of_camera(
    language: Language,
    id: &str,
    config: &Config,
) -> anyhow::Result<Vec<SourceSpec>> {
    let sources = specs::sources(&config.cameras);
    let is_its = |source: &SourceSpec| source.owner.label() == id && source.derived.is_none();
    let its: Vec<SourceSpec> = sources.into_iter().filter(is_its).collect();
    if its.is_empty() {
        let known: Vec<&str> =
            config.cameras.iter().take(50).map(|camera| camera.id.as_str()).collect();
        let values = [("id", id.to_owned()), ("known", known.join(", "))];
        bail!(text(language, "check_camera_unknown", values))
    }
    Ok(its)
}

/// Tries one source; true when it works.
async fn one(language: Language, source: &SourceSpec, limits: &Limits) -> bool {
    let mut url = source.url.clone();
    // Credentials have been split off; some cameras take them in the query as well.
    url.set_query(None);
    let values = [("name", source.name.clone()), ("url", url.to_string())];
    say(&text(language, "check_trying", values));
    let step = |step: Step| {
        // Where the address is no name there is nothing to tell of it.
        if !matches!(step, Step::Name(address) if host_is(&source.url, address)) {
            say(&format!("  {}", step_text(language, step)));
        }
    };
    match probe(source, limits, step).await {
        Ok(found) => {
            for line in found_text(language, &found, limits) {
                say(&format!("  {line}"));
            }
            say(&text(language, "check_good", []));
            true
        }
        Err(failure) => {
            let values = [("reason", failure_text(language, &failure))];
            say(&text(language, "check_bad", values));
            false
        }
    }
}

fn host_is(url: &url::Url, address: std::net::IpAddr) -> bool {
    url.host_str().is_some_and(|host| host.trim_matches(['[', ']']) == address.to_string())
}

fn failure_text(language: Language, failure: &Failure) -> String {
    language.text(&format!("source_{}", failure.kind.code()), None, &failure.args)
}

fn step_text(language: Language, step: Step) -> String {
    match step {
        Step::Name(address) => text(language, "check_name", [("address", address.to_string())]),
        Step::Connected(port) => text(language, "check_connected", [("port", port.to_string())]),
        Step::Playing { by_ffmpeg: false } => text(language, "check_playing", []),
        Step::Playing { by_ffmpeg: true } => text(language, "check_playing_ffmpeg", []),
        Step::Picture(after) => {
            text(language, "check_picture", [("seconds", format!("{:.1}", after.as_secs_f64()))])
        }
    }
}

fn found_text(language: Language, found: &StreamInfo, limits: &Limits) -> Vec<String> {
    let video = [
        ("codec", found.codec.clone()),
        ("profile", found.profile.clone()),
        ("width", found.width.to_string()),
        ("height", found.height.to_string()),
        ("fps", found.fps.to_string()),
        ("kbits", (found.bitrate / 1_000).to_string()),
    ];
    let mut lines = vec![text(language, "check_video", video)];
    let interval = found.key_frame_interval;
    lines.push(match (found.long_gop, interval > 0.0) {
        (true, _) => text(language, "check_key_frames_long", []),
        (false, true) => text(language, "check_key_frames", [("seconds", interval.to_string())]),
        (false, false) => {
            let seconds = limits.measure.as_secs().to_string();
            text(language, "check_key_frames_rare", [("seconds", seconds)])
        }
    });
    if found.b_frames {
        lines.push(text(language, "check_b_frames", []));
    }
    lines.push(match found.audio.as_str() {
        "" => text(language, "check_no_audio", []),
        codec => text(language, "check_audio", [("codec", codec.to_owned())]),
    });
    lines
}
