//! What is kept of paths as the hub's rules, and which rule a path follows.

use base::{CameraId, Secret, StreamPath};
use hub::paths::{ALL_OTHERS, Pull, Rule, RuleFault, Rules};
use percent_encoding::percent_decode_str;
use url::Url;

use super::settings::{Name, PUBLISHER, PathSettings};
use super::span::Span;
use crate::App;

/// The name of the rule that matches.
pub(super) fn matching(app: &App, name: &str) -> Option<String> {
    let path = StreamPath::new(name).ok()?;
    app.live.hub.rules().find(&path).map(|found| found.rule().name.clone())
}

impl PathSettings {
    /// The hub's rule of these settings; `None` where a camera or a source of its own says it all.
    #[must_use]
    pub fn rule(&self, name: &Name) -> Option<Rule> {
        let source = self.source.as_ref().map_or(PUBLISHER, Secret::reveal);
        let max_readers = usize::try_from(self.max_readers.unwrap_or(0)).unwrap_or(usize::MAX);
        let (is_exact, is_camera) = (matches!(name, Name::Exact(_)), self.is_camera(name));
        let pull = match source {
            PUBLISHER => None,
            // A camera is one without a rule, unless it is only to be read by so many.
            _ if is_camera && max_readers == 0 => return None,
            address => Some(pull_from(address, self.rtsp_transport.as_deref())?),
        };
        Some(Rule {
            name: match name {
                Name::Exact(path) => path.to_string(),
                Name::Pattern(expression) => format!("~{expression}"),
                Name::AllOthers => ALL_OTHERS.to_owned(),
            },
            publish: pull.is_none(),
            on_demand: self.source_on_demand == Some(true) || !is_exact || is_camera,
            pull,
            override_publisher: self.override_publisher != Some(false),
            max_readers,
            start_timeout: self.source_on_demand_start_timeout.map(Span::get),
            close_after: self.source_on_demand_close_after.map(Span::get),
            ..Rule::default()
        })
    }

    /// Says what the hub would not take of these settings.
    pub(super) fn check_rule(&self, name: &Name) -> Result<(), RuleFault> {
        match self.rule(name) {
            Some(rule) => Rules::new(vec![rule]).map(|_| ()).map_err(|(_, fault)| fault),
            None => Ok(()),
        }
    }

    /// True when a path of this name is a camera.
    #[must_use]
    pub fn is_camera(&self, name: &Name) -> bool {
        let is_id = matches!(name, Name::Exact(path) if CameraId::new(path.as_str()).is_ok());
        is_id && self.is_pulled()
    }
}

/// The address without its credentials, and those. Groups stand in it until a path is asked for.
fn pull_from(address: &str, transport: Option<&str>) -> Option<Pull> {
    let parsed = Url::parse(address).ok()?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(Pull {
        url: format!("{scheme}://{host}{tail}"),
        username: decoded(parsed.username()),
        password: Secret::new(decoded(parsed.password().unwrap_or_default())),
        udp: transport == Some("udp"),
        ..Pull::default()
    })
}
