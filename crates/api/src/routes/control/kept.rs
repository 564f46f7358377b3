//! The configuration that the control API changes: kept in the catalogue, laid over what the file says,
//! and taken into effect by whoever composes the server.
//!
//! One write at a time: it is checked, written with its row of the audit trail, and waits until the
//! composition has said that it is in force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use access::seal::MasterKey;
use arc_swap::ArcSwap;
use base::{Clock, Secret, SystemClock};
use catalog::{Database, Entry, KeptPath, KeptPaths, Trail};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, watch};

use super::settings::{Name, PathSettings};

/// How long the answer of a write waits for it to be in force.
const PATIENCE: Duration = Duration::from_secs(5);
const DEFAULTS: &str = "defaults";
const GLOBAL: &str = "global";

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// It cannot be.
    #[error("{0}")]
    Invalid(String),
    /// There is no such path.
    #[error("path configuration not found")]
    Missing,
    /// The database's.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
}

fn invalid(text: impl Into<String>) -> Refused {
    Refused::Invalid(text.into())
}

/// What the configuration file says of paths.
#[derive(Clone, Debug, Default)]
pub struct FileSays {
    /// Its paths, by name.
    pub paths: BTreeMap<String, PathSettings>,
    /// What paths inherit.
    pub defaults: PathSettings,
    /// Global fields as they are in force.
    pub global: Map<String, Value>,
}

/// The configuration of paths. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Kept(Arc<Shared>);

struct Shared {
    database: Database,
    master: MasterKey,
    writing: Mutex<()>,
    known: ArcSwap<Known>,
    wanted: watch::Sender<u64>,
    in_force: watch::Sender<u64>,
}

/// All that is known. Replaced whole.
#[derive(Clone, Default)]
struct Known {
    file: FileSays,
    kept: BTreeMap<String, PathSettings>,
    defaults: PathSettings,
    global: Map<String, Value>,
}

impl Known {
    /// What paths inherit.
    fn defaults(&self) -> PathSettings {
        self.defaults.over(&self.file.defaults)
    }
}

impl Kept {
    /// Reads what is kept. A row that cannot be opened or read is left out and told.
    ///
    /// # Errors
    /// The catalogue's.
    pub async fn load(
        database: &Database,
        master: &MasterKey,
        file: FileSays,
    ) -> Result<Self, catalog::Error> {
        let mut known = Known { file, ..Known::default() };
        for row in database.kept_paths().await? {
            match opened(master, &row) {
                Some(settings) => {
                    known.kept.insert(row.name, settings);
                }
                None => tracing::error!(path = row.name, "a kept path cannot be read, left out"),
            }
        }
        let object = |text: Option<String>| -> Map<String, Value> {
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
        };
        known.defaults =
            PathSettings::read(object(database.kept_settings(DEFAULTS).await?)).unwrap_or_default();
        known.global = object(database.kept_settings(GLOBAL).await?);
        Ok(Self(Arc::new(Shared {
            database: database.clone(),
            master: master.clone(),
            writing: Mutex::default(),
            known: ArcSwap::from_pointee(known),
            wanted: watch::Sender::new(0),
            in_force: watch::Sender::new(0),
        })))
    }

    /// Follows changes: each makes it another number, to be given to [`Kept::is_in_force`].
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.wanted.subscribe()
    }

    /// Says that what was kept at this number is in force.
    pub fn is_in_force(&self, number: u64) {
        self.0.in_force.send_replace(number);
    }

    /// Takes over what the file says now.
    pub fn set_file(&self, file: FileSays) {
        self.0.known.rcu(|known| Known { file: file.clone(), ..Known::clone(known) });
    }

    /// The kept paths with what they inherit; those that the file has as well are not among them.
    #[must_use]
    pub fn paths(&self) -> BTreeMap<String, PathSettings> {
        let known = self.0.known.load();
        let defaults = known.defaults();
        let own = known.kept.iter().filter(|(name, _)| !known.file.paths.contains_key(*name));
        own.map(|(name, settings)| (name.clone(), settings.over(&defaults))).collect()
    }

    /// A global field that was changed.
    #[must_use]
    pub fn changed_global(&self, field: &str) -> Option<String> {
        self.0.known.load().global.get(field).and_then(Value::as_str).map(str::to_owned)
    }

    /// All configured paths, by name.
    pub(crate) fn configured(&self) -> BTreeMap<String, PathSettings> {
        let mut all = self.paths();
        let known = self.0.known.load();
        let defaults = &known.file.defaults;
        let file = known.file.paths.iter();
        all.extend(file.map(|(name, settings)| (name.clone(), settings.over(defaults))));
        all
    }

    pub(crate) fn defaults(&self) -> PathSettings {
        self.0.known.load().defaults()
    }

    pub(crate) fn global(&self) -> Map<String, Value> {
        let known = self.0.known.load();
        let mut global = known.file.global.clone();
        global.extend(known.global.clone());
        global
    }

    /// Adds a path.
    pub(crate) async fn add(
        &self,
        name: &str,
        settings: PathSettings,
        note: Entry,
    ) -> Result<(), Refused> {
        let _one = self.0.writing.lock().await;
        self.checked(name, &settings)?;
        let known = self.0.known.load_full();
        if known.file.paths.contains_key(name) || known.kept.contains_key(name) {
            return Err(invalid("path already exists"));
        }
        let row = self.row(name, &settings)?;
        match self.0.database.noting(note).add_path(&row, SystemClock.wall()).await {
            Err(catalog::Error::Invalid(text)) => return Err(invalid(text)),
            added => added?,
        }
        self.keep(&known, |known| {
            known.kept.insert(name.to_owned(), settings);
        })
        .await;
        Ok(())
    }

    /// Changes what is given of a path; with `whole`, all else is as the defaults say, and a path that is not
    /// there is added.
    pub(crate) async fn change(
        &self,
        name: &str,
        mut given: PathSettings,
        whole: bool,
        note: Entry,
    ) -> Result<(), Refused> {
        let one = self.0.writing.lock().await;
        let known = self.0.known.load_full();
        self.not_of_the_file(name)?;
        let Some(before) = known.kept.get(name) else {
            drop(one);
            return match whole {
                true => self.add(name, given, note).await,
                false => Err(Refused::Missing),
            };
        };
        given.with_password_of(before);
        let settings = if whole { given } else { given.over(before) };
        self.checked(name, &settings)?;
        let row = self.row(name, &settings)?;
        self.0.database.noting(note).change_path(&row, SystemClock.wall()).await?;
        self.keep(&known, |known| {
            known.kept.insert(name.to_owned(), settings);
        })
        .await;
        Ok(())
    }

    /// Removes a path.
    pub(crate) async fn remove(&self, name: &str, note: Entry) -> Result<(), Refused> {
        let _one = self.0.writing.lock().await;
        let known = self.0.known.load_full();
        self.not_of_the_file(name)?;
        if !known.kept.contains_key(name) {
            return Err(Refused::Missing);
        }
        self.0.database.noting(note).remove_path(name).await?;
        self.keep(&known, |known| {
            known.kept.remove(name);
        })
        .await;
        Ok(())
    }

    /// Changes what paths inherit.
    pub(crate) async fn change_defaults(
        &self,
        given: PathSettings,
        note: Entry,
    ) -> Result<(), Refused> {
        let _one = self.0.writing.lock().await;
        let known = self.0.known.load_full();
        if given.is_pulled() {
            return Err(invalid("a source is each path's own"));
        }
        let defaults = given.over(&known.defaults);
        // A name that may have everything: what it may not have, no path may.
        let Ok(name) = Name::parse("a") else { return Ok(()) };
        defaults.check(&name).map_err(Refused::Invalid)?;
        let text = serde_json::to_string(&defaults).unwrap_or_default();
        self.0.database.noting(note).keep_settings(DEFAULTS, &text).await?;
        self.keep(&known, |known| known.defaults = defaults).await;
        Ok(())
    }

    /// Changes global fields that were checked.
    pub(crate) async fn change_global(
        &self,
        given: Map<String, Value>,
        note: Entry,
    ) -> Result<(), Refused> {
        let _one = self.0.writing.lock().await;
        let known = self.0.known.load_full();
        let mut global = known.global.clone();
        global.extend(given);
        let text = Value::Object(global.clone()).to_string();
        self.0.database.noting(note).keep_settings(GLOBAL, &text).await?;
        self.keep(&known, |known| known.global = global).await;
        Ok(())
    }

    fn not_of_the_file(&self, name: &str) -> Result<(), Refused> {
        match self.0.known.load().file.paths.contains_key(name) {
            true => Err(invalid("path is set by the configuration file")),
            false => Ok(()),
        }
    }

    fn checked(&self, name: &str, settings: &PathSettings) -> Result<(), Refused> {
        let parsed = Name::parse(name).map_err(Refused::Invalid)?;
        let whole = settings.over(&self.defaults());
        whole.check(&parsed).map_err(Refused::Invalid)
    }

    fn row(&self, name: &str, settings: &PathSettings) -> Result<KeptPath, Refused> {
        let seal = |source: &Secret| {
            let sealed = self.0.master.seal(&KeptPath::place(name), source.reveal().as_bytes());
            sealed.map_err(|_| invalid("the source cannot be sealed"))
        };
        let source = settings.source.as_ref().map(seal).transpose()?;
        let open = PathSettings { source: None, ..settings.clone() };
        let settings = serde_json::to_string(&open).unwrap_or_default();
        Ok(KeptPath { name: name.to_owned(), settings, source })
    }

    /// What was written is known from here on; waits until it is in force.
    async fn keep(&self, before: &Known, change: impl FnOnce(&mut Known)) {
        let mut after = before.clone();
        change(&mut after);
        // The file may have been taken over meanwhile.
        self.0.known.rcu(|known| Known { file: known.file.clone(), ..after.clone() });
        let mut in_force = self.0.in_force.subscribe();
        self.0.wanted.send_modify(|number| *number += 1);
        let wanted = *self.0.wanted.borrow();
        let reached = in_force.wait_for(|number| *number >= wanted);
        if tokio::time::timeout(PATIENCE, reached).await.is_err() {
            tracing::warn!("a change by the control API is kept, and not in force yet");
        }
    }
}

fn opened(master: &MasterKey, row: &KeptPath) -> Option<PathSettings> {
    let settings: PathSettings = serde_json::from_str(&row.settings).ok()?;
    let Some(sealed) = &row.source else { return Some(settings) };
    let source = master.open(&KeptPath::place(&row.name), sealed).ok()?;
    let source = Some(Secret::new(String::from_utf8(source).ok()?));
    Some(PathSettings { source, ..settings })
}
