//! The listener of numbers: streams and sessions under the names that dashboards of other media servers
//! know, and below them the server's own.
//!
//! Labels are names of paths and ids of sessions that exist: as many as there are, and no longer than a path.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use access::{Action, Object};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use live::sessions::{Protocol, Session};
use serde::Deserialize;

use super::control::streams::Known;
use super::query::Checked;
use crate::problem::Problem;
use crate::who::Who;
use crate::{App, metrics as own};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Which numbers.
#[derive(Debug, Deserialize)]
pub(crate) struct Filter {
    /// `paths`, `rtsp_conns`, `rtsp_sessions`, ...; empty: all.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Of this path only.
    path: Option<String>,
}

/// Numbers of streams and sessions; without a filter also the server's own.
pub(crate) async fn metrics(
    State(app): State<App>,
    who: Who,
    Checked(filter): Checked<Filter>,
) -> Result<Response, Problem> {
    who.permit(&app, Action::ReadMetrics, &Object::Server)?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (kind, path) = (some(filter.kind), some(filter.path));
    let mut page = Page { path: path.as_deref(), ..Page::default() };
    let is_wanted = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
    if is_wanted("paths") {
        page.paths(&app);
    }
    for (protocol, name) in PROTOCOLS {
        if is_wanted(name) {
            page.sessions(&app, *protocol, name);
        }
    }
    if kind.is_none() && path.is_none() {
        page.text.push_str(&own::text(&app.registry));
    }
    Ok(([(header::CONTENT_TYPE, TEXT)], page.text).into_response())
}

const PROTOCOLS: &[(Protocol, &str)] = &[
    (Protocol::RtspConnection, "rtsp_conns"),
    (Protocol::Rtsp, "rtsp_sessions"),
    (Protocol::RtspsConnection, "rtsps_conns"),
    (Protocol::Rtsps, "rtsps_sessions"),
    (Protocol::WebRtc, "webrtc_sessions"),
    (Protocol::HlsMuxer, "hls_muxers"),
    (Protocol::Hls, "hls_sessions"),
];

/// The text as it grows.
#[derive(Default)]
struct Page<'a> {
    path: Option<&'a str>,
    text: String,
}

/// A line's labels and value.
type Line = (String, u64);

impl Page<'_> {
    /// A metric of one name; nothing to tell is told as 0.
    fn family(&mut self, name: &str, help: &str, lines: &[Line]) {
        // The names are those of others: a counter would have to end in `_total`.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} untyped\n");
        if lines.is_empty() {
            let _ = writeln!(self.text, "{name} 0");
        }
        for (labels, value) in lines {
            let _ = writeln!(self.text, "{name}{{{labels}}} {value}");
        }
    }

    fn paths(&mut self, app: &App) {
        let known = Known::new(app);
        let wanted = |name: &base::StreamPath| self.path.is_none_or(|path| path == name.as_str());
        let names: Vec<_> = known.names().into_iter().filter(wanted).collect();
        let lines = |value: &dyn Fn(&hub::StreamState) -> u64, otherwise: u64| -> Vec<Line> {
            let line = |name: &base::StreamPath| {
                let state = known.state(name);
                let word = match state.is_some_and(|state| state.published) {
                    true => "ready",
                    false => "notReady",
                };
                (
                    labels(&[("name", name.as_str()), ("state", word)]),
                    state.map_or(otherwise, value),
                )
            };
            names.iter().map(line).collect()
        };
        let readers = |state: &hub::StreamState| {
            let readers = app.live.sessions.readers(&state.path);
            let count = readers.iter().filter(|(protocol, _)| *protocol != Protocol::HlsMuxer);
            count.count() as u64
        };
        let families = [
            ("paths", "Paths.", lines(&|_| 1, 1)),
            ("paths_readers", "Viewers of a path.", lines(&readers, 0)),
            ("paths_inbound_bytes", "Bytes that a path received.", lines(&|s| s.received, 0)),
            ("paths_outbound_bytes", "Bytes that a path sent.", lines(&|s| s.sent, 0)),
        ];
        for (name, help, lines) in families {
            self.family(name, help, &lines);
        }
    }

    fn sessions(&mut self, app: &App, protocol: Protocol, name: &str) {
        let all: Vec<_> = app.live.sessions.list(protocol).into_iter().collect();
        let labelled: Vec<_> = all
            .iter()
            .filter_map(|session| Some((labels_of(session, self.path)?, session)))
            .collect();
        let lines = |value: &dyn Fn(&Session) -> u64| -> Vec<Line> {
            labelled.iter().map(|(labels, session)| (labels.clone(), value(session))).collect()
        };
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let families = [
            ("", "Those that are there.", lines(&|_| 1)),
            ("_inbound_bytes", "Bytes received.", lines(&|s| count(&s.counters.inbound_bytes))),
            ("_outbound_bytes", "Bytes sent.", lines(&|s| count(&s.counters.outbound_bytes))),
        ];
        for (suffix, help, lines) in families {
            self.family(&format!("{name}{suffix}"), help, &lines);
        }
    }
}

/// `None` for those of another path.
fn labels_of(session: &Session, wanted: Option<&str>) -> Option<String> {
    let facts = session.facts();
    let path = facts.path.as_ref().map(|path| path.as_str()).unwrap_or_default();
    if wanted.is_some_and(|wanted| wanted != path) {
        return None;
    }
    Some(match session.protocol {
        Protocol::RtspConnection | Protocol::RtspsConnection => labels(&[("id", &session.id)]),
        Protocol::HlsMuxer => labels(&[("name", path)]),
        _ => labels(&[("id", &session.id), ("path", path), ("state", facts.doing.as_str())]),
    })
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(out, "{comma}{name}=\"{}\"", escaped(value));
    }
    out
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_nothing_is_told_as_zero() {
        assert_eq!(labels(&[("a", "x\"\\\n"), ("b", "y")]), "a=\"x\\\"\\\\\\n\",b=\"y\"");
        let mut page = Page::default();
        page.family("rtsp_conns", "Those.", &[]);
        assert_eq!(
            page.text,
            "# HELP rtsp_conns Those.\n# TYPE rtsp_conns untyped\nrtsp_conns 0\n"
        );
    }
}
