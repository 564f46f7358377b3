//! What the environment says: `.env`, `${NAME}` in texts, overrides and the variables of older
//! deployments.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::table::KEYS;
use super::tree::{Node, Origin, Value};

/// Variables by name: the real environment, with `.env` below it. Remembers which files secrets were
/// read from.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    files: RefCell<BTreeSet<PathBuf>>,
}

/// A mounted secret past this is none.
const SECRET_LEN_MAX: u64 = 64 << 10;

impl Environment {
    /// The variables given, which win over those of the `.env` file, if there is one.
    pub fn new(real: impl IntoIterator<Item = (String, String)>, dotenv: Option<&str>) -> Self {
        let mut variables: BTreeMap<String, String> = dotenv.map(parse_dotenv).unwrap_or_default();
        variables.extend(real);
        Self { variables, files: RefCell::default() }
    }

    /// A variable, or the content of the file that `<name>_FILE` names.
    pub fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let path = self.variables.get(&format!("{name}_FILE"))?;
        self.read_secret(Path::new(path)).ok()
    }

    /// The files that secrets were read from so far, or would have been were they there.
    pub fn files(&self) -> Vec<PathBuf> {
        self.files.borrow().iter().cloned().collect()
    }

    fn read_secret(&self, path: &Path) -> std::io::Result<String> {
        self.files.borrow_mut().insert(path.to_owned());
        read_secret(path)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}

fn read_secret(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > SECRET_LEN_MAX {
        return Err(std::io::Error::other("larger than 64 KiB"));
    }
    let text = std::fs::read_to_string(path)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn parse_dotenv(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find_map(|q| value.strip_prefix(q)?.strip_suffix(q));
        let plain = || value.split(" #").next().unwrap_or_default().trim();
        Some((name.trim().to_owned(), quoted.unwrap_or_else(plain).to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Replaces `${NAME}`, `${NAME:-default}`, `${file:PATH}` and `$${` in every text below `node`.
pub fn expand(
    node: &mut Node,
    path: &str,
    environment: &Environment,
    base: &Path,
    faults: &mut Vec<Fault>,
) {
    match &mut node.value {
        Value::Text(text) => match expand_text(text, environment, base) {
            Ok(expanded) => *text = expanded,
            Err((problem, remedy)) => faults.push(Fault::new(&node.origin, path, problem, remedy)),
        },
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand(item, &format!("{path}[{index}]"), environment, base, faults);
            }
        }
        Value::Map(entries) => {
            for (name, child) in entries {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                expand(child, &below, environment, base, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

fn expand_text(
    text: &str,
    environment: &Environment,
    base: &Path,
) -> Result<String, (String, String)> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("${") {
        let (before, after) =
            (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let unclosed = || {
            (
                "`${` without `}`".to_owned(),
                "close it, or write `$${` for the characters".to_owned(),
            )
        };
        let (name, tail) = after.split_once('}').ok_or_else(unclosed)?;
        rest = tail;
        if let Some(path) = name.strip_prefix("file:") {
            let secret = environment.read_secret(&base.join(path));
            out.push_str(&secret.map_err(|error| {
                (format!("`{path}` cannot be read: {error}"), "name a file that can be".to_owned())
            })?);
            continue;
        }
        let (name, default) =
            name.split_once(":-").map_or((name, None), |(name, default)| (name, Some(default)));
        match (
            environment.get(name).filter(|value| default.is_none() || !value.is_empty()),
            default,
        ) {
            (Some(value), _) => out.push_str(&value),
            (None, Some(default)) => out.push_str(default),
            (None, None) => {
                let problem = format!("the variable {name} is not set");
                return Err((problem, format!("set it, or write ${{{name}:-default}}")));
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Lays variables over the tree: those of older deployments first, then `VEDETTE__`.
pub fn lay_over(root: &mut Node, environment: &Environment, faults: &mut Vec<Fault>) {
    for key in KEYS.iter().filter(|key| !key.variable.is_empty()) {
        // REDIS_URL is the older name of VALKEY_URL.
        let older = if key.variable == "VALKEY_URL" { "REDIS_URL" } else { key.variable };
        for name in [key.variable, older] {
            if let Some(value) = environment.get(name) {
                root.remove(key.alias);
                root.set(&parts(key.path, "."), Node::text(&value, Origin::variable(name)));
                break;
            }
        }
    }
    camera_urls(root, environment);
    let overrides: Vec<String> = environment
        .names()
        .filter(|name| name.starts_with("VEDETTE__"))
        .map(str::to_owned)
        .collect();
    for name in overrides {
        let (Some(path), Some(value)) = (name.strip_prefix("VEDETTE__"), environment.get(&name))
        else {
            continue;
        };
        let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        if path.iter().any(String::is_empty) || path.len() > 8 {
            let problem = "names no key".to_owned();
            faults.push(Fault::new(
                &Origin::variable(&name),
                "",
                problem,
                "write VEDETTE__SECTION__KEY",
            ));
            continue;
        }
        // A flow list or section in a variable is read as YAML; anything else is a text.
        let origin = Origin::variable(&name);
        let node = match value.trim_start().starts_with(['[', '{']) {
            true => super::parse::parse(Path::new("variable.yaml"), &format!("v: {value}\n"))
                .ok()
                .and_then(|mut root| root.remove("v"))
                .unwrap_or_else(|| Node::text(&value, origin.clone())),
            false => Node::text(&value, origin.clone()),
        };
        if !root.set(&path, node) {
            faults.push(Fault::new(
                &origin,
                &path.join("."),
                "no such entry",
                "count entries from 0, without leaving one out",
            ));
        }
    }
}

/// `CAMERA_n_URL` replaces the address of a camera `camera-n`, else adds one.
fn camera_urls(root: &mut Node, environment: &Environment) {
    let mut numbered: Vec<(u32, String)> = environment
        .names()
        .filter_map(|name| {
            let number = name.strip_prefix("CAMERA_")?;
            let number =
                number.strip_suffix("_URL").or_else(|| number.strip_suffix("_URL_FILE"))?;
            Some((number.parse().ok()?, format!("CAMERA_{number}_URL")))
        })
        .collect();
    numbered.sort();
    numbered.dedup();
    for (number, name) in numbered {
        let Some(url) = environment.get(&name) else { continue };
        let (id, origin) = (format!("camera-{number}"), Origin::variable(&name));
        let url = Node::text(&url, origin.clone());
        if root.get("cameras").is_none_or(|cameras| !matches!(cameras.value, Value::List(_))) {
            let empty = Node { value: Value::List(Vec::new()), origin: origin.clone() };
            root.set(&["cameras".to_owned()], empty);
        }
        let Value::Map(entries) = &mut root.value else { return };
        let cameras = entries.iter_mut().find(|(key, _)| key == "cameras");
        let Some((_, Node { value: Value::List(cameras), .. })) = cameras else { return };
        let is_it =
            |camera: &&mut Node| camera.get("id").and_then(Node::scalar).as_deref() == Some(&id);
        if let Some(camera) = cameras.iter_mut().find(is_it) {
            camera.set(&["url".to_owned()], url);
            continue;
        }
        let entries =
            vec![("id".to_owned(), Node::text(&id, origin.clone())), ("url".to_owned(), url)];
        cameras.push(Node { value: Value::Map(entries), origin });
    }
}

fn parts(path: &str, separator: &str) -> Vec<String> {
    path.split(separator).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_defaults_and_literals_are_replaced() {
        let environment =
            Environment::new([("A".to_owned(), "x".to_owned())], Some("B='y z'\nA=hidden\n# C=1"));
        let expand = |text| expand_text(text, &environment, Path::new(""));
        assert_eq!(expand("${A}-${B}-${C:-d}-$${A}").as_deref(), Ok("x-y z-d-${A}"));
        assert!(expand("${C}").is_err_and(|(problem, _)| problem.contains('C')));
        assert!(expand("${A").is_err());
    }
}
