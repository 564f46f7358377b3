//! The entries of `live.paths`: each a rule of the hub, with its faults where they were written.

use std::path::Path;

use base::Secret;
use hub::paths::{ALL_OTHERS, Hooks, Pull, Rule, Rules};
use url::Url;

use super::camera::{Camera, decode};
use super::check::{Settings, Typed, check};
use super::fault::Fault;
use super::table::PATH_KEYS;
use super::tree::{Node, Value};

/// What a rule may pull: what is on this machine is for cameras only.
const SCHEMES: [&str; 7] = ["rtsp", "rtsps", "rtmp", "srt", "http", "https", "udp"];
const HOOKS: [&str; 7] = [
    "run_on_init",
    "run_on_demand",
    "run_on_ready",
    "run_on_not_ready",
    "run_on_read",
    "run_on_unread",
    "run_on_publish",
];

/// Reads all entries, in their order.
pub fn read(
    settings: &Settings,
    cameras: &[Camera],
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Vec<Rule> {
    let Typed::Free(Node { value: Value::Map(entries), .. }) = settings.get("live.paths") else {
        return Vec::new();
    };
    let mut rules: Vec<Rule> = Vec::new();
    for (name, node) in entries {
        let shown = format!("live.paths.\"{name}\"");
        let before = faults.len();
        let settings = check(&node, PATH_KEYS, base, &format!("{shown}."), faults);
        let rule = one(&name, &node, &settings, &shown, faults);
        if faults.len() > before {
            continue;
        }
        let first = name.split('/').next().unwrap_or_default();
        if cameras.iter().any(|camera| camera.id.as_str() == first) {
            let problem = format!("`{first}` is a camera");
            faults.push(Fault::new(&node.origin, &shown, problem, "give one of them another name"));
            continue;
        }
        rules.push(rule);
        if let Err((_, fault)) = Rules::new(rules.clone()) {
            let remedy = "see the page on live streams";
            faults.push(Fault::new(&node.origin, &shown, fault.to_string(), remedy));
            rules.pop();
        }
    }
    rules
}

fn one(name: &str, node: &Node, settings: &Settings, shown: &str, faults: &mut Vec<Fault>) -> Rule {
    let is_pattern = name.contains('*') || name.starts_with('~') || name == ALL_OTHERS;
    let time = |key: &str| match settings.get(key) {
        Typed::Duration(time) => Some(time),
        _ => None,
    };
    let on_demand = match settings.get("on_demand") {
        Typed::Bool(on_demand) => on_demand,
        _ => is_pattern,
    };
    Rule {
        name: name.to_owned(),
        is_from_file: true,
        agency: Some(settings.text("agency")).filter(|agency| !agency.is_empty()),
        pull: pull(node, settings, shown, faults),
        on_demand,
        publish: settings.bool("publish"),
        override_publisher: settings.bool("override_publisher"),
        max_readers: usize::try_from(settings.int("max_readers")).unwrap_or(0),
        start_timeout: time("start_timeout"),
        close_after: time("close_after"),
        hooks: hooks(node, settings, shown, faults),
    }
}

fn pull(node: &Node, settings: &Settings, shown: &str, faults: &mut Vec<Fault>) -> Option<Pull> {
    let mut address = |key: &str| {
        let text = Some(settings.text(key)).filter(|text| !text.is_empty())?;
        match without_credentials(&text) {
            Ok(found) => Some(found),
            Err((problem, remedy)) => {
                let origin = settings.origin(key).unwrap_or(&node.origin);
                faults.push(Fault::new(origin, &format!("{shown}.{key}"), problem, remedy));
                None
            }
        }
    };
    let (main, sub) = (address("url"), address("sub_url"));
    let (url, username, password) = main?;
    let given = (settings.text("username"), settings.text("password"));
    let (username, password) =
        if given.0.is_empty() && given.1.is_empty() { (username, password) } else { given };
    Some(Pull {
        url,
        sub_url: sub.map(|(url, ..)| url),
        username,
        password: Secret::new(password),
        udp: settings.text("transport") == "udp",
    })
}

type Found = (String, String, String);

/// A template, user and password. What stands in the text is kept as it was written: a place such as `{1}`
/// is no part of an address.
fn without_credentials(text: &str) -> Result<Found, (String, String)> {
    let wrong = |problem: &str, remedy: &str| (problem.to_owned(), remedy.to_owned());
    let filled = text.replace(['{', '}'], "");
    let url = Url::parse(&filled)
        .map_err(|error| wrong(&format!("not an address: {error}"), "write rtsp://host/{1}"))?;
    if !SCHEMES.contains(&url.scheme()) {
        let problem = format!("`{}` is not a scheme that a rule can pull", url.scheme());
        return Err((problem, format!("use one of {}", SCHEMES.join(", "))));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("an address without a host", "write rtsp://host/{1}"));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(authority).unwrap_or((rest, ""));
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((text.to_owned(), String::new(), String::new()));
    };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    if user.contains(['{', '$']) || password.contains(['{']) {
        return Err(wrong("a part of the path in the credentials", "write username and password"));
    }
    Ok((format!("{scheme}://{host}{path}"), decode(user), decode(password)))
}

/// Programs with their arguments: lists, so that nothing is ever split or read by a shell.
pub fn hooks(node: &Node, settings: &Settings, shown: &str, faults: &mut Vec<Fault>) -> Hooks {
    for key in HOOKS {
        let Some(given) = node.get(key).filter(|given| given.value != Value::Null) else {
            continue;
        };
        if !matches!(&given.value, Value::List(_)) {
            let remedy = "write [\"program\", \"argument\"]";
            let key = format!("{shown}.{key}");
            faults.push(Fault::new(&given.origin, &key, "not a list of arguments", remedy));
        }
    }
    Hooks {
        run_on_init: settings.texts("run_on_init"),
        run_on_demand: settings.texts("run_on_demand"),
        run_on_ready: settings.texts("run_on_ready"),
        run_on_not_ready: settings.texts("run_on_not_ready"),
        run_on_read: settings.texts("run_on_read"),
        run_on_unread: settings.texts("run_on_unread"),
        run_on_publish: settings.texts("run_on_publish"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::super::{Environment, load_text};
    use super::*;

    fn load(paths: &str) -> Result<Vec<Rule>, String> {
        let path = Path::new("a.yaml");
        let loaded =
            load_text(path, &format!("live:\n  paths:\n{paths}"), &Environment::default(), path);
        loaded.map(|config| config.paths).map_err(|faults| faults.to_string())
    }

    #[test]
    fn an_entry_is_a_rule_and_its_credentials_leave_the_address() {
        let rules = load(
            "    \"metro_*\": { agency: METRO, url: \"rtsp://user:p%40ss@10.0.0.1:554/cam/{1}?x=1\", max_readers: 5, close_after: 3s }\n\
             \x20   all_others: { publish: true, run_on_ready: [notify, --now] }\n",
        )
        .unwrap();
        let pull = rules[0].pull.as_ref().unwrap();
        assert_eq!(pull.url, "rtsp://10.0.0.1:554/cam/{1}?x=1");
        assert_eq!((pull.username.as_str(), pull.password.reveal()), ("user", "p@ss"));
        assert_eq!((rules[0].agency.as_deref(), rules[0].max_readers), (Some("METRO"), 5));
        assert!(rules[0].on_demand && !rules[0].publish && rules[1].publish);
        assert_eq!(rules[1].hooks.run_on_ready, ["notify", "--now"]);
    }

    #[test]
    fn what_cannot_be_is_refused_where_it_was_written() {
        for (entry, expected) in [
            ("\"a_*\": { url: \"rtsp://h/1\" }", "names no part of the path"),
            ("\"a_*\": { url: \"rtsp://h/{2}\" }", "part 2 of the path"),
            ("\"a_*\": { url: \"rtsp://{1}/x\" }", "host"),
            ("\"a_*\": { url: \"rtsp://u:{1}@h/{1}\" }", "credentials"),
            ("\"~(\": { publish: true }", "expression is wrong"),
            ("\"a b\": { publish: true }", "not a path"),
            ("a: {}", "nobody can feed it"),
            ("a: { publish: true, url: \"rtsp://h/1\" }", "one source"),
            ("\"a_*\": { on_demand: false, url: \"rtsp://h/{1}\" }", "pulled on demand"),
            ("a: { url: \"file:///etc/passwd\" }", "not a scheme that a rule can pull"),
            ("a: { publish: true, run_on_ready: \"notify me\" }", "not a list of arguments"),
            ("a: { publsh: true }", "did you mean"),
        ] {
            let faults = load(&format!("    {entry}\n")).unwrap_err();
            assert!(faults.contains(expected) && faults.contains("a.yaml:3"), "{entry}: {faults}");
        }
    }
}
