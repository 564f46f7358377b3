//! The support bundle: a folder of what somebody needs who helps from afar, without secrets.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use api::messages::Language;
use base::secret::redact;
use base::{Clock, SystemClock};

use super::{Finding, host};
use crate::commands::health::ask;
use crate::config::{self, Config, Faults};
use crate::listen;

/// Of the log as much as is taken, from its end.
const LOG_LEN_MAX: u64 = 1 << 20;

/// Writes `<folder>/doctor-<time>/` and returns it.
pub async fn write(
    folder: &Path,
    loaded: &Result<Config, Faults>,
    findings: &[Finding],
) -> anyhow::Result<PathBuf> {
    let time = SystemClock.wall().to_string().replace([':', '.'], "-");
    let bundle = folder.join(format!("doctor-{time}"));
    fs::create_dir_all(&bundle).with_context(|| bundle.display().to_string())?;
    let lines: Vec<String> =
        findings.iter().map(|finding| finding.line(Language::English)).collect();
    let mut files = vec![("doctor.txt", lines.join("\n")), ("versions.txt", versions().await)];
    let secrets = match loaded {
        Ok(config) => {
            files.push(("config.yaml", config::show(config)));
            files.push(("log.txt", log(&config.path("logging.file"))));
            let data_dir = config.data_dir.clone();
            let asked = tokio::task::spawn_blocking(move || answers(&data_dir)).await;
            files.extend(asked.unwrap_or_default());
            config::secrets(config)
        }
        Err(faults) => {
            files.push(("config.txt", faults.to_string()));
            Vec::new()
        }
    };
    for (name, text) in files {
        let path = bundle.join(name);
        fs::write(&path, clean(&text, &secrets)).with_context(|| path.display().to_string())?;
    }
    Ok(bundle)
}

/// The text without credentials in addresses, values of secret parameters, and the configuration's own
/// secrets wherever they stand.
fn clean(text: &str, secrets: &[String]) -> String {
    let line = |line: &str| {
        let line = secrets.iter().fold(line.to_owned(), |line, secret| line.replace(secret, "***"));
        redact(&line)
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    lines.join("\n") + "\n"
}

async fn versions() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let ffmpeg = host::ffmpeg_version().await.unwrap_or_else(|| "no ffmpeg".to_owned());
    let memory = read("/proc/meminfo");
    format!(
        "vedette {}\n{ffmpeg}\n{} {}, {cores} cores\n{}\n{}\n{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        memory.lines().next().unwrap_or_default(),
        read("/proc/version").trim(),
        read("/etc/os-release").trim(),
    )
}

/// The log's last lines.
fn log(path: &Path) -> String {
    let tail = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(LOG_LEN_MAX);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(LOG_LEN_MAX).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // The first line is whole only at the file's beginning.
        let whole =
            if from == 0 { Some(text.as_str()) } else { text.split_once('\n').map(|t| t.1) };
        Ok(whole.unwrap_or_default().to_owned())
    };
    tail().unwrap_or_else(|error| format!("no log: {error}"))
}

/// What a running server says of itself.
fn answers(data_dir: &Path) -> Vec<(&'static str, String)> {
    let Some((_, address)) = listen::known(data_dir).into_iter().find(|(name, _)| name == "http")
    else {
        return Vec::new();
    };
    let host = if address.is_ipv6() { "[::1]" } else { "127.0.0.1" };
    let base = match address.ip().is_unspecified() {
        true => format!("http://{host}:{}", address.port()),
        false => format!("http://{address}"),
    };
    let asked = |(name, path): (&'static str, &str)| {
        let text = match ask(&base, path) {
            Ok((_, body)) => body,
            Err(error) => format!("no answer: {error:#}"),
        };
        (name, text)
    };
    [("health.json", "/health"), ("metrics.txt", "/metrics")].map(asked).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_wherever_they_stand_and_longer_ones_first() {
        let secrets = ["hunter2345".to_owned(), "hunter2".to_owned()];
        let text = "a hunter2345 b\nrtsp://u:x@h/?token=1 hunter2";
        assert_eq!(clean(text, &secrets), "a *** b\nrtsp://***@h/?token=*** ***\n");
    }
}
