//! `vedette audit`: the trail verified, written out, and its end signed.

use std::io::Write;
use std::process::ExitCode;

use access::{gate, signature};
use anyhow::{Context, bail};
use base::{Clock, SystemClock};
use catalog::audit::{Format, verify};
use catalog::{Head, Trail};
use serde::{Deserialize, Serialize};

use super::store::Offline;
use crate::access_setup::{head_mark, master_key};
use crate::cli::{complain, say};
use crate::config::Config;
use crate::retention::block_on;

/// Rows read at once.
const PAGE: u32 = 1_000;
const HEAD_LEN_MAX: u64 = 4_096;

/// Walks the chain and names what was edited, deleted, put elsewhere or cut off; fails then. `kept`: the
/// file of an end that was signed before and kept elsewhere.
pub fn check(config: &Config, kept: Option<&std::path::Path>) -> anyhow::Result<ExitCode> {
    let kept = kept.map(read_head).transpose()?;
    block_on(async {
        let store = Offline::open(config).await?;
        let mark = head_mark(config, &master_key(config)?);
        let own = mark.read().with_context(|| mark.path().display().to_string())?;
        if own.is_none() {
            complain(
                "the end of the trail is not remembered outside the database: a tail that was cut off cannot be found",
            );
        }
        let mut faults = 0;
        for head in [own, kept].into_iter().collect::<std::collections::BTreeSet<_>>() {
            let report = verify(&store.database, head).await?;
            report.faults.iter().for_each(|fault| complain(&fault.to_string()));
            if report.faults_total > report.faults.len() as u64 {
                complain(&format!("and more: {} faults in all", report.faults_total));
            }
            faults = faults.max(report.faults_total);
            say(&format!("{} rows verified, {} faults", report.rows, report.faults_total));
        }
        store.database.close().await;
        Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Writes all rows to standard output, oldest first.
pub fn export(config: &Config, format: &str) -> anyhow::Result<ExitCode> {
    let format = if format == "csv" { Format::Csv } else { Format::Jsonl };
    block_on(async {
        let store = Offline::open(config).await?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        out.write_all(format.header().as_bytes())?;
        let mut next = 1;
        loop {
            let rows = store.database.chain(next.., PAGE).await?;
            let Some(last) = rows.last() else { break };
            next = last.seq.saturating_add(1);
            for row in &rows {
                out.write_all(format.line(row).as_bytes())?;
            }
        }
        out.flush()?;
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The end of the chain as it is kept elsewhere: what `GET /api/audit/head` answers.
#[derive(Serialize, Deserialize)]
struct SignedHead {
    seq: i64,
    hash: String,
    at: String,
    signature: String,
    public_key: String,
}

impl SignedHead {
    fn message(&self) -> String {
        format!("vedette audit head\n{}\n{}\n{}", self.seq, self.hash, self.at)
    }
}

/// Prints the end of the chain, signed.
pub fn head(config: &Config) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = Offline::open(config).await?;
        let seed = gate::secret(&store.database, &master_key(config)?, "audit-key").await?;
        let signer = signature::Signer::new(&seed).context("the key that signs")?;
        let Some(head) = store.database.head().await? else { bail!("the trail has no row yet") };
        let hash = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let at = SystemClock.wall().to_string();
        let mut signed = SignedHead {
            seq: head.seq,
            hash,
            at,
            signature: String::new(),
            public_key: String::new(),
        };
        (signed.signature, signed.public_key) = signer.sign(signed.message().as_bytes());
        say(&serde_json::to_string_pretty(&signed)?);
        store.database.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn read_head(path: &std::path::Path) -> anyhow::Result<Head> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let signed: SignedHead = serde_json::from_reader(std::io::Read::take(file, HEAD_LEN_MAX))
        .with_context(|| path.display().to_string())?;
    if !signature::is_signed(signed.message().as_bytes(), &signed.signature, &signed.public_key) {
        bail!("{}: the signature is wrong", path.display());
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let hash: Option<Vec<u8>> = signed.hash.as_bytes().chunks(2).map(byte).collect();
    let hash = hash.and_then(|hash| hash.try_into().ok()).context("hash: 64 hexadecimal digits")?;
    Ok(Head { seq: signed.seq, hash })
}
