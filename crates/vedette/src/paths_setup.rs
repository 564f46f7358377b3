//! The rules of paths where they are needed: in the hub, at the gate, at the hooks.

use base::StreamPath;
use base::task::Scope;
use hub::Hub;
use hub::paths::{Rule, Rules};

use crate::config::Camera;
use crate::hooks;

/// Makes the file's rules these; those that were added by others stay, unless the file names them.
pub fn apply(hub: &Hub, file: &[Rule]) {
    let changed = hub.change_rules(|rules| {
        let is_named = |rule: &&Rule| file.iter().any(|other| other.name == rule.name);
        let added = rules.all().filter(|rule| !rule.is_from_file && !is_named(rule)).cloned();
        // The file's stand before the others: they are tried first.
        Rules::new(file.iter().cloned().chain(added).collect())
    });
    if let Err((rule, fault)) = changed {
        // The file's were checked when they were read: what was added does not fit beside them.
        tracing::error!(rule, %fault, "the rules of paths stay as they were");
    }
}

/// Tells the gate whose paths are, and that what runs is decided again when the rules change.
pub fn follow(hub: &Hub, gate: &access::Gate, scope: &Scope) {
    let of = hub.clone();
    gate.streams().ask_for_agencies(move |path: &StreamPath| of.rules().agency(path));
    let (mut rules, gate, token) = (hub.follow_rules(), gate.clone(), scope.token());
    scope.spawn("rights of paths", async move {
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                changed = rules.changed() => if changed.is_err() { return },
            }
            gate.rights_changed().await;
        }
    });
}

/// The cameras' programs.
pub fn hooks(cameras: &[Camera]) -> hooks::OfCameras {
    cameras.iter().map(|camera| (camera.id.clone(), camera.hooks.clone())).collect()
}
