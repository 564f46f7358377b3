//! A tree held against the table: every value converted, every fault collected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::Fault;
use super::parse;
use super::table::{Key, Kind};
use super::tree::{Node, Origin, Value};
use super::value::{self, Listen, Port};

/// A value of its key's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Text(String),
    Bool(bool),
    Int(i64),
    Float(f64),
    Size(u64),
    Duration(Duration),
    Port(Port),
    Listen(Option<Listen>),
    Texts(Vec<String>),
    Ports(Vec<u16>),
    Resolution(Option<(u32, u32)>),
    Free(Node),
}

/// Values by key, given ones and defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    keys: &'static [Key],
    given: BTreeMap<&'static str, (Typed, Origin)>,
}

macro_rules! getters {
    ($($name:ident $variant:ident $type:ty;)*) => {$(
        /// The value of a key of this kind.
        pub fn $name(&self, path: &str) -> $type {
            match self.get(path) {
                Typed::$variant(value) => value,
                other => unreachable!("the table says what `{path}` is, and it is {other:?}"),
            }
        }
    )*};
}

impl Settings {
    getters! {
        text Text String;
        bool Bool bool;
        int Int i64;
        size Size u64;
        duration Duration Duration;
        port Port Port;
        listen Listen Option<Listen>;
        texts Texts Vec<String>;
        ports Ports Vec<u16>;
    }

    /// The entries of a section of the user's own whose values are texts.
    pub fn pairs(&self, path: &str) -> Vec<(String, String)> {
        match self.get(path) {
            Typed::Free(Node { value: Value::Map(entries), .. }) => entries
                .into_iter()
                .filter_map(|(name, node)| Some((name, node.scalar()?)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The entries of a section of the user's own whose values are lists of texts: each text with its
    /// entry's name.
    pub fn spans(&self, path: &str) -> Vec<(String, String)> {
        let Typed::Free(Node { value: Value::Map(entries), .. }) = self.get(path) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (name, node) in entries {
            match &node.value {
                Value::List(items) => {
                    let texts = items.iter().map(|item| item.scalar().unwrap_or_default());
                    out.extend(texts.map(|text| (name.clone(), text)));
                }
                _ => out.push((name, node.scalar().unwrap_or_default())),
            }
        }
        out
    }

    /// A number that may be missing.
    pub fn float(&self, path: &str) -> Option<f64> {
        match self.get(path) {
            Typed::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a key, its default when it is not given.
    pub fn get(&self, path: &str) -> Typed {
        if let Some((typed, _)) = self.given.get(path) {
            return typed.clone();
        }
        let key = self.keys.iter().find(|key| key.path == path);
        let key = key.unwrap_or_else(|| unreachable!("`{path}` is in the table"));
        default_of(key)
    }

    /// Where a key was given; `None` when it was not.
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.given.get(path).map(|(_, origin)| origin)
    }

    /// Sets a value that follows from others.
    pub fn derive(&mut self, path: &'static str, typed: Typed, origin: Origin) {
        self.given.insert(path, (typed, origin));
    }
}

/// What a key is when nobody says.
fn default_of(key: &Key) -> Typed {
    let text = format!("value: {}\n", if key.default.is_empty() { "\"\"" } else { key.default });
    let node = parse::parse(Path::new("default.yaml"), &text).ok();
    let node = node.as_ref().and_then(|root| root.get("value"));
    let typed = node.map(|node| convert(key.kind, node, Path::new("")));
    match typed {
        Some(Ok(typed)) => typed,
        // Kinds that have no empty value of their own: absent.
        _ => Typed::Text(String::new()),
    }
}

/// Checks `node` against `keys`. `base` is the folder that relative paths count from, `shown` what
/// stands before a key in a fault (`cameras[0].`).
pub fn check(
    node: &Node,
    keys: &'static [Key],
    base: &Path,
    shown: &str,
    faults: &mut Vec<Fault>,
) -> Settings {
    let mut settings = Settings { keys, given: BTreeMap::new() };
    let mut walk = Walk { keys, base, shown, faults, given: &mut settings.given };
    walk.section(node, "");
    settings
}

struct Walk<'a> {
    keys: &'static [Key],
    base: &'a Path,
    shown: &'a str,
    faults: &'a mut Vec<Fault>,
    given: &'a mut BTreeMap<&'static str, (Typed, Origin)>,
}

impl Walk<'_> {
    fn section(&mut self, node: &Node, prefix: &str) {
        let Value::Map(entries) = &node.value else {
            if node.value != Value::Null {
                let problem = format!("{} where a section is needed", node.kind());
                self.fault(node, prefix.trim_end_matches('.'), problem, "write its keys below it");
            }
            return;
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, child) in entries {
            let path = format!("{prefix}{name}");
            if seen.contains(&name.as_str()) {
                self.fault(child, &path, "written twice", "keep one of them");
                continue;
            }
            seen.push(name);
            self.entry(&path, child);
        }
    }

    fn entry(&mut self, path: &str, node: &Node) {
        if let Some(key) = self.keys.iter().find(|key| key.path == path) {
            match convert(key.kind, node, self.base) {
                // Nothing written is nothing said.
                _ if node.value == Value::Null => {}
                Ok(typed) => {
                    self.given.insert(key.path, (typed, node.origin.clone()));
                }
                Err((problem, remedy)) => self.fault(node, path, problem, remedy),
            }
            return;
        }
        let below = format!("{path}.");
        if self.keys.iter().any(|key| key.path.starts_with(&below)) {
            // `off` for a section with a port says the port.
            let port = format!("{below}port");
            let is_off =
                node.scalar().is_some_and(|text| value::parse_port(&text) == Some(Port::Off));
            match self.keys.iter().find(|key| key.path == port && key.kind == Kind::Port) {
                Some(key) if is_off => {
                    self.given.insert(key.path, (Typed::Port(Port::Off), node.origin.clone()));
                }
                _ => self.section(node, &below),
            }
            return;
        }
        let nearest = nearest(path, self.keys.iter().map(|key| key.path));
        let remedy = nearest.map_or_else(
            || "remove it".to_owned(),
            |known| format!("did you mean `{}{known}`? else remove it", self.shown),
        );
        self.fault(node, path, "unknown key", remedy);
    }

    fn fault(
        &mut self,
        node: &Node,
        path: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let key = format!("{}{path}", self.shown);
        self.faults.push(Fault::new(&node.origin, &key, problem, remedy));
    }
}

/// The known word that needs the fewest changes, if it is near at all.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let scored = known.map(|candidate| {
        let whole = distance(word, candidate);
        // A right key in a wrong place is near too.
        let moved = if last(word) == last(candidate) { 2 } else { usize::MAX };
        (whole.min(moved), candidate)
    });
    scored
        .min()
        .filter(|(changes, _)| *changes <= 2 + word.len() / 5)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, over at most 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (y, pair) in b.iter().zip(row.windows(2)) {
            let [diagonal, above] = *pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

type Wrong = (String, String);

/// A node as a value of `kind`, or what is wrong and what would be right.
pub fn convert(kind: Kind, node: &Node, base: &Path) -> Result<Typed, Wrong> {
    match kind {
        Kind::Free => match node.value {
            Value::Map(_) | Value::Null => Ok(Typed::Free(node.clone())),
            _ => Err((
                format!("{} where a section is needed", node.kind()),
                "write keys below it".into(),
            )),
        },
        Kind::FreeList => match node.value {
            Value::List(_) | Value::Null => Ok(Typed::Free(node.clone())),
            _ => Err((
                format!("{} where a list is needed", node.kind()),
                "write a list of sections".into(),
            )),
        },
        Kind::Texts => list(node).map(Typed::Texts),
        Kind::Ports => {
            let port = |text: String| {
                let wrong = || {
                    (format!("`{text}` is not a port"), "write numbers from 0 to 65535".to_owned())
                };
                text.parse().map_err(|_| wrong())
            };
            if node.scalar().is_some_and(|text| value::parse_port(&text) == Some(Port::Off)) {
                return Ok(Typed::Ports(Vec::new()));
            }
            list(node)?.into_iter().map(port).collect::<Result<_, _>>().map(Typed::Ports)
        }
        _ => {
            let text = node.scalar().ok_or_else(|| {
                (
                    format!("{} where one value is needed", node.kind()),
                    format!("write {}", kind.name()),
                )
            })?;
            scalar(kind, &text, base)
        }
    }
}

fn list(node: &Node) -> Result<Vec<String>, Wrong> {
    let wrong = |node: &Node| {
        (format!("{} where a list is needed", node.kind()), "write [a, b]".to_owned())
    };
    match &node.value {
        Value::List(items) => {
            items.iter().map(|item| item.scalar().ok_or_else(|| wrong(item))).collect()
        }
        Value::Null => Ok(Vec::new()),
        Value::Map(_) => Err(wrong(node)),
        // One text may list several, as variables must.
        _ => {
            let text = node.scalar().unwrap_or_default();
            Ok(text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect())
        }
    }
}

fn scalar(kind: Kind, text: &str, base: &Path) -> Result<Typed, Wrong> {
    let wrong = |example: &str| {
        (format!("`{}` is not {}", shorten(text), kind.name()), format!("write {example}"))
    };
    match kind {
        Kind::Text | Kind::Secret => Ok(Typed::Text(text.to_owned())),
        Kind::Path => Ok(Typed::Text(resolve(text, base))),
        Kind::Bool => {
            value::parse_bool(text).map(Typed::Bool).ok_or_else(|| wrong("true or false"))
        }
        Kind::Int(low, high) => {
            let number = text.parse().ok().filter(|number| (low..=high).contains(number));
            number
                .map(Typed::Int)
                .ok_or_else(|| wrong(&format!("a whole number from {low} to {high}")))
        }
        Kind::Float(low, high) => {
            let number = text.parse().ok().filter(|number| (low..=high).contains(number));
            number.map(Typed::Float).ok_or_else(|| wrong(&format!("a number from {low} to {high}")))
        }
        Kind::Size => value::parse_size(text)
            .map(Typed::Size)
            .ok_or_else(|| wrong("a size such as 100MB or 16MiB")),
        Kind::Duration => value::parse_duration(text)
            .map(Typed::Duration)
            .ok_or_else(|| wrong("a duration such as 10s, 15m or 1d")),
        Kind::Port => value::parse_port(text)
            .map(Typed::Port)
            .ok_or_else(|| wrong("a number up to 65535, 0 or off")),
        Kind::Listen => {
            let listen = value::parse_listen(text).map(Typed::Listen);
            listen.ok_or_else(|| wrong("an address such as 127.0.0.1:9997 or :8100"))
        }
        Kind::Choice(words) => {
            // YAML reads a bare `off` as false: they are the same.
            let word = text.to_ascii_lowercase();
            let word = match word.as_str() {
                "false" if words.contains(&"off") => "off".to_owned(),
                "true" if words.contains(&"on") => "on".to_owned(),
                _ => word,
            };
            let known = words.contains(&word.as_str());
            known
                .then_some(Typed::Text(word))
                .ok_or_else(|| wrong(&format!("one of {}", words.join(", "))))
        }
        Kind::Resolution if text.is_empty() => Ok(Typed::Resolution(None)),
        Kind::Resolution => {
            let size = value::parse_resolution(text).map(|size| Typed::Resolution(Some(size)));
            size.ok_or_else(|| wrong("width and height such as 1280x720"))
        }
        Kind::Texts | Kind::Ports | Kind::Free | Kind::FreeList => {
            unreachable!("lists and sections are converted by their caller")
        }
    }
}

fn shorten(text: &str) -> String {
    base::secret::redact_urls(&text.chars().take(80).collect::<String>())
}

/// A path as given, relative to `base`; `<data_dir>` stays for later.
fn resolve(text: &str, base: &Path) -> String {
    if text.is_empty() || text.starts_with("<data_dir>") {
        return text.to_owned();
    }
    let path: PathBuf = base.join(text);
    path.components().collect::<PathBuf>().display().to_string()
}
