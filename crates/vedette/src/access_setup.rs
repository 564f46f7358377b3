//! Who may get in, put together: the master key, the first administrator, the gate, the audit trail, and
//! the watch over rights that others change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use access::accounts::{Accounts, First};
use access::gate::{self, Gate};
use access::oidc::Provider;
use access::password::Hasher;
use access::seal::MasterKey;
use access::signature::Signer;
use access::trail::{HeadMark, Recorder};
use anyhow::Context;
use base::task::Scope;
use base::{Clock, SystemClock};
use catalog::{Database, People};
use prometheus::Registry;

use crate::access_config;
use crate::commands::secret;
use crate::config::Config;

/// Between two looks at whether rights have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two times at which the catalogue is told what was used.
const TELL_EVERY: u32 = 30;

/// What decides who gets in.
pub struct Access {
    pub gate: Gate,
    pub accounts: Accounts,
    pub trail: Recorder,
    pub signer: Signer,
    pub master: MasterKey,
}

/// Puts it together and starts its tasks in `scope`.
pub async fn start(
    config: &Config,
    database: &Database,
    scope: &Scope,
    registry: &Registry,
) -> anyhow::Result<Access> {
    let master = secret::finish(config, database, master_key(config)?).await?;
    // One for all: no more than two passwords are computed at once.
    let hasher = Hasher::new()?;
    let accounts = accounts(config, database, &master, hasher.clone());
    if !config.is_open() {
        first_admin(config, &accounts).await?;
    }
    let provider = access_config::oidc(&config.settings)
        .map(|oidc| Provider::start(oidc, Arc::new(SystemClock), scope))
        .transpose()
        .context("access.oidc")?;
    let gate = Gate::new(database.clone(), hasher, &master, config.is_open(), provider)
        .await
        .context("secrets of the database")?;
    let seed = gate::secret(database, &master, "audit-key").await?;
    let signer = Signer::new(&seed).context("the key that signs the audit trail")?;
    let trail = Recorder::start(database.clone(), head_mark(config, &master), scope, registry)?;
    watch_rights(gate.clone(), database.clone(), scope);
    Ok(Access { gate, accounts, trail, signer, master })
}

/// The key that opens all secrets: of the environment, else of its file, which is made on the first
/// start.
pub fn master_key(config: &Config) -> anyhow::Result<MasterKey> {
    if let Some(text) = &config.master_key {
        return Ok(MasterKey::parse(text, "VEDETTE_MASTER_KEY")?);
    }
    let path = master_key_path(config);
    if let Some(key) = MasterKey::read(&path)? {
        return Ok(key);
    }
    let key = MasterKey::generate()?;
    key.write(&path)?;
    tracing::info!(path = %path.display(), "master key made; keep a copy apart from the backups");
    Ok(key)
}

/// Where the master key lies.
pub fn master_key_path(config: &Config) -> PathBuf {
    config.data_dir.join("secrets/master-key")
}

/// Where the next one lies while it takes its place.
pub fn next_key_path(config: &Config) -> PathBuf {
    config.data_dir.join("secrets/master-key.next")
}

/// The people of the embedded store.
pub fn accounts(
    config: &Config,
    database: &Database,
    master: &MasterKey,
    hasher: Hasher,
) -> Accounts {
    let keeps_digests = config.settings.bool("access.rtsp_digest");
    Accounts::new(database.clone(), hasher, master.clone(), keeps_digests)
}

/// Where the end of the audit trail is remembered outside the database.
pub fn head_mark(config: &Config, master: &MasterKey) -> HeadMark {
    HeadMark::new(config.data_dir.join("secrets/audit-head"), master.derive("audit-head"))
}

async fn first_admin(config: &Config, accounts: &Accounts) -> anyhow::Result<()> {
    let file = config.data_dir.join("secrets/admin-password");
    let made = accounts
        .first(config.admin_password.clone(), &file, SystemClock.wall())
        .await
        .context("the first administrator (VEDETTE_ADMIN_PASSWORD)")?;
    match made {
        First::Known => {}
        First::Given => tracing::info!("administrator `admin` made with VEDETTE_ADMIN_PASSWORD"),
        First::Written(path) => {
            let path = path.display().to_string();
            tracing::info!(
                path,
                "administrator `admin` made; its one-time password is in this file"
            );
            crate::cli::say(&format!("the one-time password of `admin` is in {path}"));
        }
    }
    Ok(())
}

/// Looks whether rights were changed by another process, and tells what was used.
fn watch_rights(gate: Gate, database: Database, scope: &Scope) {
    let stop = scope.token();
    scope.spawn("rights", async move {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let (mut known, mut looks) = (None, 0_u32);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            match database.revision().await {
                Ok(revision) if known == Some(revision) => {}
                Ok(revision) => {
                    known = Some(revision);
                    gate.rights_changed().await;
                }
                Err(error) => tracing::warn!(err = %error, "rights cannot be looked at"),
            }
            looks = looks.wrapping_add(1);
            if looks.is_multiple_of(TELL_EVERY)
                && let Err(error) = gate.tell_used().await
            {
                tracing::warn!(err = %error, "what was used cannot be written");
            }
        }
    });
}
