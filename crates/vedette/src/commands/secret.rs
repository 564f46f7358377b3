//! `vedette secret rotate`: another master key, under which all secrets are sealed anew.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use access::seal::MasterKey;
use anyhow::{Context, bail};
use catalog::people::Sealed;
use catalog::{People, Trail};

use super::store::{Offline, note};
use crate::access_setup::{head_mark, master_key, master_key_path, next_key_path};
use crate::cli::say;
use crate::config::Config;
use crate::listen::Lock;
use crate::retention::block_on;

/// Makes a new master key and seals all secrets with it. The server must not run.
///
/// The new key is on the disk before the first value is sealed with it, and takes the old one's place
/// after the last: a start in between finds out by which of the two the values open.
pub fn rotate(config: &Config) -> anyhow::Result<ExitCode> {
    let _lock = Lock::take(&config.data_dir).context("stop the server first")?;
    block_on(async {
        let store = Offline::open(config).await?;
        let old = master_key(config)?;
        let remembered = head_mark(config, &old).read()?;
        let (new, next) = (MasterKey::generate()?, next_key_path(config));
        new.write(&next)?;
        store.database.append(&[note("secret_rotate", String::new(), &[])]).await?;
        let failed = |what: &str| catalog::Error::Invalid(what.to_owned());
        let resealed = store
            .database
            .reseal(|sealed| {
                let place = place(sealed);
                let opened = old
                    .open(&place, &sealed.bytes)
                    .map_err(|_| failed(&format!("{place} does not open with the master key")))?;
                new.seal(&place, &opened).map_err(|_| failed("no random numbers"))
            })
            .await?;
        // Under the new key the old mark says nothing: it is written anew, and no earlier than it was.
        let newest = store.database.head().await?;
        if let Some(head) = newest.max(remembered) {
            head_mark(config, &new).write(head)?;
        }
        store.database.close().await;
        let kept = settle(config, &next)?;
        say(&format!("{resealed} secrets sealed anew; the master key is in {}", kept.display()));
        if config.master_key.is_some() {
            say(
                "VEDETTE_MASTER_KEY holds the old key: set it to the new one before the next start",
            );
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Puts the new key where the server looks for it.
fn settle(config: &Config, next: &Path) -> anyhow::Result<PathBuf> {
    if config.master_key.is_some() {
        return Ok(next.to_owned());
    }
    let path = master_key_path(config);
    std::fs::rename(next, &path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// For where a value is sealed.
pub fn place(sealed: &Sealed) -> String {
    format!("{}/{}", sealed.place, sealed.id)
}

/// Finishes a rotation that was interrupted: takes the new key when the values open with it only.
pub async fn finish(
    config: &Config,
    database: &catalog::Database,
    master: MasterKey,
) -> anyhow::Result<MasterKey> {
    let next = next_key_path(config);
    let Some(new) = MasterKey::read(&next)? else { return Ok(master) };
    let all = database.all_sealed().await?;
    let opens = |key: &MasterKey| all.iter().all(|one| key.open(&place(one), &one.bytes).is_ok());
    match (opens(&master), opens(&new)) {
        (true, _) if config.master_key.is_some() => Ok(master),
        (true, _) => {
            std::fs::remove_file(&next).with_context(|| next.display().to_string())?;
            Ok(master)
        }
        (false, true) if config.master_key.is_some() => {
            bail!("VEDETTE_MASTER_KEY is the old key: set it to the one in {}", next.display())
        }
        (false, true) => {
            settle(config, &next)?;
            tracing::info!("the rotation of the master key is finished");
            Ok(new)
        }
        (false, false) => Ok(master),
    }
}
