//! Which step of a WebRTC connection fails and why, as far as the server can know: the browser adds what
//! it saw itself.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header;
use live::webrtc::{Attempt, Codecs, Facts, Reached};
use serde::Serialize;
use utoipa::ToSchema;

use super::live::lease;
use crate::App;
use crate::messages::Language;
use crate::problem::Problem;
use crate::who::Who;

/// Attempts that are looked at.
const ATTEMPTS_MAX: usize = 5;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepState {
    /// It was seen to work.
    Ok,
    /// It was seen to fail.
    Failed,
    /// Nothing was seen of it yet.
    Unknown,
    /// It is not needed, or not set up.
    Skipped,
}

/// A step of a connection.
#[derive(Serialize, ToSchema)]
pub(crate) struct Step {
    /// `signalling`, `candidates`, `udp`, `tcp`, `turn`, `dtls`, `codec`, `media`.
    step: &'static str,
    state: StepState,
    /// Why; stable.
    code: &'static str,
    message_en: String,
    message_ar: String,
}

/// What is known of connections from the asker's address to a stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectCheck {
    /// The stream.
    path: String,
    /// The steps, in their order.
    steps: Vec<Step>,
    /// What players are to use: `webrtc` or `hls`.
    chosen: &'static str,
    /// Addresses at which peers are told to come.
    candidates: Vec<String>,
    /// STUN and TURN servers that they are told of.
    ice_servers: Vec<String>,
    /// Codecs that a browser gets.
    carried: Vec<&'static str>,
    /// Codecs that it does not get.
    omitted: Vec<&'static str>,
    /// The asker's latest sessions, the newest first.
    attempts: Vec<Seen>,
}

/// A session of the asker's.
#[derive(Serialize, ToSchema)]
pub(crate) struct Seen {
    id: String,
    at: String,
    /// `answered`, `heard`, `connected` or `playing`.
    reached: &'static str,
    /// `udp` or `tcp`.
    transport: Option<&'static str>,
    /// Why it ended, when it has.
    ended: Option<&'static str>,
}

/// Answers for a stream.
pub(crate) async fn check(app: &App, who: &Who, stream: &str) -> Result<Response, Problem> {
    let path = super::webrtc::stream_path(stream)?;
    let _lease = lease(app, who, &path).await?;
    let facts = app.webrtc.facts(who.address);
    let attempts = match who.address {
        Some(address) => app.webrtc.attempts().of(address, &path, ATTEMPTS_MAX),
        None => Vec::new(),
    };
    let servers = app.webrtc.ice_servers(who.principal.name());
    let ice_servers: Vec<String> = servers.into_iter().map(|server| server.url).collect();
    let codecs = app.webrtc.codecs(&path);
    let steps = steps(&facts, &attempts, &ice_servers, codecs.as_ref());
    let Codecs { carried, omitted, .. } = codecs.unwrap_or_default();
    let fails = steps.iter().any(|step| step.state == StepState::Failed);
    let answer = ConnectCheck {
        path: path.to_string(),
        chosen: if fails { "hls" } else { "webrtc" },
        steps,
        candidates: facts.candidates.iter().map(ToString::to_string).collect(),
        ice_servers,
        carried,
        omitted,
        attempts: attempts.iter().map(seen).collect(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

fn seen(attempt: &Attempt) -> Seen {
    let reached = match attempt.reached {
        Reached::Answered => "answered",
        Reached::Heard => "heard",
        Reached::Connected => "connected",
        Reached::Playing => "playing",
    };
    Seen {
        id: attempt.id.clone(),
        at: attempt.at.to_string(),
        reached,
        transport: attempt.transport,
        ended: attempt.ended,
    }
}

fn steps(
    facts: &Facts,
    attempts: &[Attempt],
    servers: &[String],
    codecs: Option<&Codecs>,
) -> Vec<Step> {
    use StepState::{Failed, Ok, Skipped, Unknown};
    // The newest says how things are now.
    let last = attempts.first();
    let reached = |least| last.is_some_and(|attempt| attempt.reached >= least);
    let heard = |transport| attempts.iter().any(|attempt| attempt.transport == Some(transport));
    let is_over = last.is_some_and(|attempt| attempt.ended.is_some());
    // A step that was not reached has failed once the session is over.
    let later = |least, good, bad, not_yet| match (reached(least), last) {
        (true, _) => (Ok, good),
        (false, Some(_)) if is_over => (Failed, bad),
        _ => (Unknown, not_yet),
    };
    let udp = match heard("tcp") && !heard("udp") {
        true => (Failed, "check_udp_blocked"),
        false if heard("udp") => (Ok, "check_udp_reached"),
        false => later(Reached::Heard, "check_udp_reached", "check_udp_blocked", "check_not_tried"),
    };
    let tcp = match (facts.tcp, heard("tcp")) {
        (false, _) => (Skipped, "check_tcp_off"),
        (true, true) => (Ok, "check_tcp_reached"),
        (true, false) if heard("udp") => (Skipped, "check_tcp_not_needed"),
        (true, false) => {
            later(Reached::Heard, "check_tcp_reached", "check_tcp_blocked", "check_not_tried")
        }
    };
    let has_turn = servers.iter().any(|url| url.starts_with("turn"));
    let turn = if has_turn { (Unknown, "check_turn_told") } else { (Skipped, "check_turn_none") };
    let candidates = match facts.candidates.is_empty() {
        true => (Failed, "check_candidates_none"),
        false if facts.is_advertised => (Ok, "check_candidates_advertised"),
        false => (Ok, "check_candidates_own"),
    };
    let dtls = later(Reached::Connected, "check_dtls_done", "check_dtls_failed", "check_not_tried");
    let media = later(Reached::Playing, "check_media_flows", "check_media_none", "check_not_tried");
    let all = [
        ("signalling", (Ok, "check_signalling_works")),
        ("candidates", candidates),
        ("udp", udp),
        ("tcp", tcp),
        ("turn", turn),
        ("dtls", dtls),
        ("codec", codec(codecs)),
        ("media", media),
    ];
    all.map(|(name, (state, code))| step(name, state, code)).into()
}

fn codec(codecs: Option<&Codecs>) -> (StepState, &'static str) {
    let Some(codecs) = codecs else { return (StepState::Unknown, "check_codec_not_started") };
    let is_carried =
        codecs.video.map_or(!codecs.carried.is_empty(), |video| codecs.carried.contains(&video));
    match (is_carried, codecs.omitted.is_empty()) {
        (true, true) => (StepState::Ok, "check_codec_carried"),
        (true, false) => (StepState::Ok, "check_codec_omitted"),
        (false, _) if codecs.has_b_frames => (StepState::Failed, "check_codec_b_frames"),
        (false, _) => (StepState::Failed, "check_codec_not_carried"),
    }
}

fn step(step: &'static str, state: StepState, code: &'static str) -> Step {
    let none = BTreeMap::new();
    Step {
        step,
        state,
        code,
        message_en: Language::English.text(code, None, &none),
        message_ar: Language::Arabic.text(code, None, &none),
    }
}
