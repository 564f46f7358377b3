//! Load runs with the real binary: what a recorded camera costs, and what access costs.
//!
//! Arguments: `--part recorder` or `--part access` for one of them, `--cameras 1,50` for other counts.

mod access;
mod http;
mod process;
mod recorder;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let binary =
        PathBuf::from(std::env::var_os("VEDETTE_BIN").context("VEDETTE_BIN; use `make bench`")?);
    let mut arguments = std::env::args().skip(1);
    let (mut counts, mut part) = (recorder::COUNTS.to_vec(), None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().context("each argument has a value")?;
        match name.as_str() {
            "--cameras" => counts = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--part" => part = Some(value),
            _ => bail!("{name}: not an argument"),
        }
    }
    match part.as_deref() {
        Some("access") => access::run(&binary),
        Some("recorder") => recorder::run(&binary, &counts),
        Some(other) => bail!("{other}: not a part"),
        None => {
            recorder::run(&binary, &counts)?;
            access::run(&binary)
        }
    }
}
