//! Connections and sessions of every protocol: who is there, with its counters, and the way to end one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use access::{Action, Object};
use axum::Json;
use axum::extract::{Path, State};
use live::sessions::{Counters, Facts, Protocol, Session};
use serde_json::{Map, Value, json};

use super::answer::{DONE, Done, ErrorAnswer, Fault, List, Paging};
use crate::routes::query::Checked;
use crate::who::Who;
use crate::{App, Listening};

/// What a kind's word in the address stands for, where its listener is on.
fn protocol(kind: &str, on: Listening) -> Option<Protocol> {
    let (protocol, is_on) = match kind {
        "rtspconns" => (Protocol::RtspConnection, on.rtsp),
        "rtspsessions" => (Protocol::Rtsp, on.rtsp),
        "rtspsconns" => (Protocol::RtspsConnection, on.rtsps),
        "rtspssessions" => (Protocol::Rtsps, on.rtsps),
        "webrtcsessions" => (Protocol::WebRtc, on.webrtc),
        "hlsmuxers" => (Protocol::HlsMuxer, on.hls),
        "hlssessions" => (Protocol::Hls, on.hls),
        _ => return None,
    };
    is_on.then_some(protocol)
}

fn wanted(app: &App, who: &Who, kind: &str) -> Result<Protocol, Fault> {
    who.permit(app, Action::Control, &Object::Server)?;
    let protocol = protocol(kind, app.settings.listening);
    protocol.ok_or_else(|| Fault::missing("404 page not found"))
}

const KINDS: &str = "rtspconns, rtspsessions, rtspsconns, rtspssessions, webrtcsessions, hlsmuxers or hlssessions; \
    404 where its listener is off.";

/// All of a kind, the oldest first.
#[utoipa::path(get, operation_id = "control_sessions", path = "/v3/{kind}/list", tag = "control",
    params(("kind" = String, Path, description = KINDS), Paging), responses(
    (status = 200, body = List<Object>), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Path(kind): Path<String>,
    Checked(paging): Checked<Paging>,
) -> Result<Json<List<Value>>, Fault> {
    let protocol = wanted(&app, &who, &kind)?;
    Ok(Json(paging.of(app.live.sessions.list(protocol), |session| shown(&session))?))
}

/// One of a kind: by its id, a muxer by its path.
#[utoipa::path(get, operation_id = "control_session", path = "/v3/{kind}/get/{id}", tag = "control",
    params(("kind" = String, Path, description = KINDS), ("id" = String, Path, description = "Its id; of a muxer its path.")), responses(
    (status = 200, body = Object), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<Value>, Fault> {
    let session = find(&app, wanted(&app, &who, &kind)?, &id)?;
    Ok(Json(shown(&session)))
}

fn find(app: &App, protocol: Protocol, id: &str) -> Result<Arc<Session>, Fault> {
    let board = &app.live.sessions;
    if protocol != Protocol::HlsMuxer {
        return board.get(protocol, id).ok_or_else(|| Fault::missing(missing(protocol)));
    }
    let is_it =
        |session: &Arc<Session>| session.facts().path.is_some_and(|path| path.as_str() == id);
    let found = board.list(protocol).into_iter().find(is_it);
    found.ok_or_else(|| Fault::missing(missing(protocol)))
}

const fn missing(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::RtspConnection | Protocol::RtspsConnection => "connection not found",
        Protocol::HlsMuxer => "muxer not found",
        _ => "session not found",
    }
}

/// Ends a session.
#[utoipa::path(post, operation_id = "control_session_kick", path = "/v3/{kind}/kick/{id}", tag = "control",
    params(("kind" = String, Path, description = "rtspsessions, rtspssessions, webrtcsessions or hlssessions."), ("id" = String, Path, description = "Its id.")), responses(
    (status = 200, body = Done), (status = "default", body = ErrorAnswer)))]
pub(crate) async fn kick(
    State(app): State<App>,
    who: Who,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<Done>, Fault> {
    let protocol = wanted(&app, &who, &kind)?;
    if !matches!(protocol, Protocol::Rtsp | Protocol::Rtsps | Protocol::WebRtc | Protocol::Hls) {
        return Err(Fault::missing("404 page not found"));
    }
    let session = find(&app, protocol, &id)?;
    let path = session.facts().path.map(|path| path.to_string()).unwrap_or_default();
    let detail = [("path", path), ("protocol", kind)];
    who.record(&app, "session_kick", format!("session:{}", session.id), &detail).await?;
    session.end.cancel();
    Ok(DONE)
}

type Fields = Map<String, Value>;

fn shown(session: &Session) -> Value {
    let (facts, counters) = (session.facts(), &session.counters);
    let mut out = Map::new();
    match session.protocol {
        Protocol::RtspConnection | Protocol::RtspsConnection => {
            begin(&mut out, session);
            out.insert("session".to_owned(), json!(facts.belongs_to));
            out.insert("tunnel".to_owned(), json!("none"));
            bytes(&mut out, counters);
        }
        Protocol::Rtsp | Protocol::Rtsps => rtsp(&mut out, session, &facts),
        Protocol::WebRtc => webrtc(&mut out, session, &facts),
        Protocol::HlsMuxer => muxer(&mut out, session, &facts),
        _ => hls(&mut out, session, &facts),
    }
    Value::Object(out)
}

fn begin(out: &mut Fields, session: &Session) {
    let remote = session.remote.map(|remote| remote.to_string()).unwrap_or_default();
    extend(out, json!({ "id": session.id, "created": session.created, "remoteAddr": remote }));
}

fn extend(out: &mut Fields, more: Value) {
    if let Value::Object(more) = more {
        out.extend(more);
    }
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// The newer and the deprecated names.
fn bytes(out: &mut Fields, counters: &Counters) {
    let (inbound, outbound) = (count(&counters.inbound_bytes), count(&counters.outbound_bytes));
    extend(
        out,
        json!({
            "inboundBytes": inbound, "outboundBytes": outbound,
            "bytesReceived": inbound, "bytesSent": outbound,
        }),
    );
}

fn watching(out: &mut Fields, facts: &Facts) {
    let path = facts.path.as_ref().map(ToString::to_string).unwrap_or_default();
    extend(
        out,
        json!({
            "state": facts.doing.as_str(), "path": path, "query": facts.query,
            "user": facts.user, "userAgent": facts.agent,
        }),
    );
}

/// What RTSP and WebRTC count alike.
fn packets(out: &mut Fields, counters: &Counters) {
    let received = count(&counters.inbound_packets);
    let (lost, sent) = (count(&counters.inbound_packets_lost), count(&counters.outbound_packets));
    let jitter = seconds(count(&counters.inbound_jitter));
    let (rtcp_in, rtcp_out) =
        (count(&counters.inbound_rtcp_packets), count(&counters.outbound_rtcp_packets));
    extend(
        out,
        json!({
            "inboundRTPPackets": received, "inboundRTPPacketsLost": lost,
            "inboundRTPPacketsJitter": jitter, "inboundRTCPPackets": rtcp_in,
            "outboundRTPPackets": sent, "outboundRTCPPackets": rtcp_out,
            "rtpPacketsReceived": received, "rtpPacketsSent": sent, "rtpPacketsLost": lost,
            "rtpPacketsJitter": jitter, "rtcpPacketsReceived": rtcp_in, "rtcpPacketsSent": rtcp_out,
        }),
    );
}

fn seconds(micros: u64) -> f64 {
    f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1_000_000.0
}

fn rtsp(out: &mut Fields, session: &Session, facts: &Facts) {
    let counters = &session.counters;
    begin(out, session);
    watching(out, facts);
    bytes(out, counters);
    packets(out, counters);
    let conns: Vec<&String> = facts.belongs_to.iter().collect();
    let (in_error, rtcp_in_error) =
        (count(&counters.inbound_packets_in_error), count(&counters.inbound_rtcp_packets_in_error));
    extend(
        out,
        json!({
            "transport": facts.transport, "profile": facts.transport.map(|_| "AVP"), "conns": conns,
            "inboundRTPPacketsInError": in_error, "inboundRTCPPacketsInError": rtcp_in_error,
            "outboundRTPPacketsReportedLost": count(&counters.outbound_packets_reported_lost),
            "outboundRTPPacketsDiscarded": count(&counters.outbound_packets_discarded),
            "rtpPacketsInError": in_error, "rtcpPacketsInError": rtcp_in_error,
        }),
    );
}

fn webrtc(out: &mut Fields, session: &Session, facts: &Facts) {
    begin(out, session);
    watching(out, facts);
    bytes(out, &session.counters);
    packets(out, &session.counters);
    extend(
        out,
        json!({
            "peerConnectionEstablished": facts.is_established,
            "localCandidate": facts.local_candidate, "remoteCandidate": facts.remote_candidate,
            "outboundFramesDiscarded": count(&session.counters.outbound_frames_discarded),
        }),
    );
}

fn muxer(out: &mut Fields, session: &Session, facts: &Facts) {
    let path = facts.path.as_ref().map(ToString::to_string).unwrap_or_default();
    let sent = count(&session.counters.outbound_bytes);
    extend(
        out,
        json!({
            "path": path, "created": session.created, "lastRequest": facts.last_request,
            "outboundBytes": sent, "bytesSent": sent,
            "outboundFramesDiscarded": count(&session.counters.outbound_frames_discarded),
        }),
    );
}

fn hls(out: &mut Fields, session: &Session, facts: &Facts) {
    begin(out, session);
    watching(out, facts);
    out.remove("state");
    let sent = count(&session.counters.outbound_bytes);
    extend(out, json!({ "isCDN": false, "outboundBytes": sent }));
}
