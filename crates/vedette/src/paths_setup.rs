//! The rules of paths where they are needed: in the hub, at the gate, at the hooks.

use base::StreamPath;
use base::task::Scope;
use hub::Hub;
use hub::paths::{Rule, Rules};

use crate::config::Camera;
use crate::hooks;

/// Makes the rules those of the file, and behind them those that the control API keeps. One that does not
/// fit is left out and said.
pub fn apply(hub: &Hub, file: &[Rule], kept: Vec<Rule>) {
    // The file's stand before the others: they are tried first.
    let mut all = file.to_vec();
    for rule in kept {
        let is_named = all.iter().any(|other| other.name == rule.name);
        match Rules::new(vec![rule.clone()]) {
            Ok(_) if !is_named => all.push(rule),
            Ok(_) => {}
            Err((rule, fault)) => tracing::error!(rule, %fault, "a kept path is left out"),
        }
    }
    match Rules::new(all) {
        Ok(rules) => hub.set_rules(rules),
        Err((rule, fault)) => {
            tracing::error!(rule, %fault, "the rules of paths stay as they were");
        }
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
