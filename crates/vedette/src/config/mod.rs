//! The form of the configuration: one file, variables over it, one table of keys, all faults at once.

mod camera;
mod check;
mod env;
mod fault;
mod parse;
mod paths;
mod reference;
mod rules;
mod show;
mod source;
mod table;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use base::Secret;

pub use camera::{Camera, take_credentials};
pub use check::Settings;
pub use env::Environment;
pub use fault::Faults;
pub use reference::{example_env, example_toml, example_yaml, reference_page};
pub use show::{quote, secrets, show};
pub use source::{Loaded, Source, restart_keys};
pub use value::{Port, parse_duration};

pub use tree::{Node, Value};

/// Reads a file's text as a tree, whatever its keys.
pub fn parse_tree(path: &Path, text: &str) -> Result<Node, Faults> {
    parse::parse(path, text).map_err(|fault| Faults(vec![fault]))
}

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Config {
    /// Every key's value.
    pub settings: Settings,
    /// The cameras.
    pub cameras: Vec<Camera>,
    /// The rules of `live.paths`.
    pub paths: Vec<hub::paths::Rule>,
    /// All that is written lies below.
    pub data_dir: PathBuf,
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// `VEDETTE_MASTER_KEY`.
    pub master_key: Option<Secret>,
    /// `VEDETTE_ADMIN_PASSWORD`.
    pub admin_password: Option<Secret>,
}

/// Loads a text as the file `path` would be.
pub fn load_text(
    path: &Path,
    text: &str,
    environment: &Environment,
    base: &Path,
) -> Result<Config, Faults> {
    let mut faults = Vec::new();
    let mut root = match parse::parse(path, text) {
        Ok(root) => root,
        Err(fault) => return Err(Faults(vec![fault])),
    };
    env::expand(&mut root, "", environment, base, &mut faults);
    env::lay_over(&mut root, environment, &mut faults);
    rules::resolve_aliases(&mut root, &mut faults);
    let (cameras, rest) = split_cameras(&root);
    let mut settings = check::check(&rest, table::KEYS, base, "", &mut faults);
    rules::derive(&mut settings, &mut faults);
    let record = rules::record(&settings);
    let cameras = camera::read(&cameras, base, &record, &mut faults);
    let paths = paths::read(&settings, &cameras, base, &mut faults);
    rules::check_meaning(&settings, &mut faults);
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let data_dir = PathBuf::from(rules::data_dir(&settings, base));
    let secret =
        |name: &str| environment.get(name).filter(|text| !text.trim().is_empty()).map(Secret::new);
    Ok(Config {
        settings,
        cameras,
        paths,
        data_dir,
        file: None,
        master_key: secret("VEDETTE_MASTER_KEY"),
        admin_password: secret("VEDETTE_ADMIN_PASSWORD"),
    })
}

/// The cameras' part of the tree and the rest.
fn split_cameras(root: &Node) -> (Node, Node) {
    let (mut cameras, mut rest) = (Node::empty_map(root.origin.clone()), root.clone());
    for name in ["cameras", "camera"] {
        if let Some(node) = rest.remove(name) {
            cameras.set(&[name.to_owned()], node);
        }
    }
    (cameras, rest)
}

impl Config {
    /// A path key with `<data_dir>` filled in; empty when it is empty.
    pub fn path(&self, key: &str) -> PathBuf {
        let text = self.settings.text(key);
        match text.strip_prefix("<data_dir>/") {
            Some(below) => self.data_dir.join(below),
            None => PathBuf::from(text),
        }
    }

    /// Where the front door listens.
    pub fn host(&self) -> String {
        let host = self.settings.text("server.host");
        match (host.is_empty(), self.is_open()) {
            (false, _) => host,
            (true, true) => "localhost".to_owned(),
            (true, false) => "::".to_owned(),
        }
    }

    /// Where this server may connect to.
    pub fn outgoing(&self) -> base::outgoing::Outgoing {
        let networks = |key: &str| {
            let texts = self.settings.texts(key);
            texts.iter().filter_map(|text| base::net::Network::parse(text)).collect()
        };
        base::outgoing::Outgoing {
            allow: networks("access.outgoing.allow"),
            deny: networks("access.outgoing.deny"),
        }
    }

    /// What cameras inherit for their recordings.
    pub fn record_defaults(&self) -> camera::Record {
        rules::record(&self.settings)
    }

    /// True when whoever connects is an administrator.
    pub fn is_open(&self) -> bool {
        self.settings.text("access.mode") == "open"
    }
}
