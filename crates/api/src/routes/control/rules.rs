//! Which rule a path follows that has no configuration of its own name.

use crate::App;

/// The name of the rule that matches.
pub(super) fn matching(app: &App, _name: &str) -> Option<String> {
    let configured = app.kept.configured();
    ["all_others", "all", "~^.*$"]
        .into_iter()
        .find(|name| configured.contains_key(*name))
        .map(str::to_owned)
}
