//! Where a configuration is read from: found once, and read again while the server runs.

use std::path::{Path, PathBuf};

use super::check::Typed;
use super::fault::{Fault, Faults};
use super::table::KEYS;
use super::tree::Origin;
use super::{Config, Environment, load_text, parse};

const NAMES: [&str; 4] = ["vedette.yaml", "vedette.toml", "config.yaml", "config.toml"];

/// Keys that cameras inherit, and the rules of paths: a change reaches them while the server runs. All
/// others need a restart.
const INHERITED: [&str; 14] = [
    "live.paths",
    "time_zone",
    "record.mode",
    "record.stream",
    "record.format",
    "record.segment_duration",
    "record.audio",
    "record.schedule",
    "record.max_age",
    "record.max_disk_usage",
    "record.backends",
    "capture.resolution",
    "capture.framerate",
    "capture.segment_duration",
];

/// A file (or the search for one) and the real environment.
#[derive(Clone)]
pub struct Source {
    given: Option<PathBuf>,
    folder: PathBuf,
    real: Vec<(String, String)>,
    again: bool,
}

/// What reading gave, and the files that had a part in it or would have, were they there.
pub struct Loaded {
    pub result: Result<Config, Faults>,
    pub files: Vec<PathBuf>,
}

impl Source {
    /// The file `given`, else the only one of the known names in `folder`, else defaults.
    pub fn new(given: Option<PathBuf>, folder: &Path, real: Vec<(String, String)>) -> Self {
        Self { given, folder: folder.to_owned(), real, again: false }
    }

    /// The same for reading again: the file that was found stays the one, also when it is gone, and an
    /// empty one is refused, because it is more often half written than meant.
    pub fn again(mut self, in_force: &Config) -> Self {
        self.given = in_force.file.clone().or(self.given);
        self.again = true;
        self
    }

    /// The file, when it is settled which.
    pub fn file(&self) -> Option<PathBuf> {
        self.given.as_ref().map(|path| self.folder.join(path))
    }

    /// Reads all of it. Blocks on the disk.
    pub fn load(&self) -> Loaded {
        let mut files = match self.file() {
            Some(path) => vec![path],
            None => NAMES.iter().map(|name| self.folder.join(name)).collect(),
        };
        let result = self.read(&mut files);
        Loaded { result, files }
    }

    fn read(&self, files: &mut Vec<PathBuf>) -> Result<Config, Faults> {
        let file = self.find()?;
        let base =
            file.as_deref().and_then(Path::parent).filter(|path| !path.as_os_str().is_empty());
        let base = base.map_or_else(|| self.folder.clone(), |path| self.folder.join(path));
        let dotenv = base.join(".env");
        files.push(dotenv.clone());
        let text = match &file {
            Some(path) => self.text(path)?,
            None => String::new(),
        };
        let environment =
            Environment::new(self.real.iter().cloned(), read(&dotenv).ok().as_deref());
        let path = file.clone().unwrap_or_else(|| PathBuf::from("defaults.yaml"));
        let loaded = load_text(&path, &text, &environment, &base);
        files.extend(environment.files());
        loaded.map(|config| Config { file, ..config })
    }

    fn find(&self) -> Result<Option<PathBuf>, Faults> {
        if self.given.is_some() {
            return Ok(self.given.clone());
        }
        let found: Vec<PathBuf> =
            NAMES.iter().map(|name| self.folder.join(name)).filter(|path| path.is_file()).collect();
        if let [first, second, ..] = found.as_slice() {
            let problem =
                format!("`{}` and `{}` are both there", first.display(), second.display());
            return Err(one(&self.folder, problem, "keep one, or choose with --config"));
        }
        Ok(found.into_iter().next())
    }

    fn text(&self, path: &Path) -> Result<String, Faults> {
        let text = read(&self.folder.join(path)).map_err(|error| {
            one(path, format!("cannot be read: {error}"), "name a file that can be")
        })?;
        let says_nothing = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
        if self.again && text.lines().all(says_nothing) {
            let remedy = "write `cameras: []` to remove all cameras";
            return Err(one(path, "is empty".to_owned(), remedy));
        }
        Ok(text)
    }
}

fn one(origin: &Path, problem: String, remedy: &str) -> Faults {
    let origin = Origin { source: origin.display().to_string().into(), line: 0 };
    Faults(vec![Fault::new(&origin, "", problem, remedy)])
}

fn read(path: &Path) -> Result<String, String> {
    let len = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if len > parse::FILE_LEN_MAX {
        return Err("larger than 4 MiB".to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// The keys that differ between two configurations and wait for a restart.
pub fn restart_keys(running: &Config, wanted: &Config) -> Vec<&'static str> {
    let differs = |path: &&str| {
        if *path == "data_dir" {
            return running.data_dir != wanted.data_dir;
        }
        match (running.settings.get(path), wanted.settings.get(path)) {
            (Typed::Free(a), Typed::Free(b)) => !a.says_what(&b),
            (a, b) => a != b,
        }
    };
    let all = KEYS.iter().map(|key| key.path);
    all.filter(|path| !INHERITED.contains(path)).filter(differs).collect()
}
