//! The catalogue as commands open it, and the audit rows of what they do.

use anyhow::Context;
use base::{Clock, SystemClock};
use catalog::{Database, Entry, Trail};

use crate::access_setup::{head_mark, master_key};
use crate::config::Config;

/// An open catalogue.
pub struct Offline {
    pub database: Database,
}

impl Offline {
    /// Opens the catalogue, and makes it where there is none yet.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("data_dir: {}", config.data_dir.display()))?;
        let path = config.data_dir.join("vedette.db");
        let database =
            Database::open(&path, 2).await.with_context(|| path.display().to_string())?;
        Ok(Self { database })
    }
}

/// What the audit trail says of a command, under the name of who is logged in to this machine.
pub fn note(action: &str, object: String, detail: &[(&str, String)]) -> Entry {
    Entry {
        at: SystemClock.wall(),
        kind: "command".to_owned(),
        id: String::new(),
        name: std::env::var("USER").unwrap_or_default(),
        action: action.to_owned(),
        object,
        agency: String::new(),
        address: String::new(),
        request: String::new(),
        result: "ok".to_owned(),
        detail: detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// Remembers the end of the chain outside the database, as a server does.
pub async fn remember_end(config: &Config, database: &Database) -> anyhow::Result<()> {
    let mark = head_mark(config, &master_key(config)?);
    if let Some(head) = database.head().await? {
        mark.write(head).with_context(|| mark.path().display().to_string())?;
    }
    Ok(())
}
