//! The server under test, and the cameras it is tried with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde_json::Value;

use crate::answer::Answer;
use crate::process::{Process, command, tool};
use crate::{binary, repository, wait_for};

const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(30);

/// Of the administrator of [`Server::with_login`].
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// A server with a data folder of its own.
pub struct Server {
    folder: tempfile::TempDir,
    process: Option<Process>,
    base: String,
    permitted: Vec<String>,
    variables: Vec<(String, String)>,
}

/// Keys whose listeners take any free port.
const ANY_PORT: [&str; 9] = [
    "VEDETTE__LIVE__RTSP__PORT",
    "VEDETTE__LIVE__RTSP__UDP_PORTS__0",
    "VEDETTE__LIVE__RTSP__UDP_PORTS__1",
    "VEDETTE__LIVE__HLS__PORT",
    "VEDETTE__LIVE__WEBRTC__PORT",
    "VEDETTE__LIVE__WEBRTC__MEDIA_PORT",
    "VEDETTE__LIVE__CONTROL__LISTEN",
    "VEDETTE__LIVE__METRICS__LISTEN",
    "VEDETTE__LIVE__PLAYBACK__LISTEN",
];

impl Server {
    /// A server that is not started yet and to whoever reaches it on loopback is open. `yaml` is its
    /// configuration but for port and data folder.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new(yaml: &str) -> Result<Self> {
        let server = Self::with(&format!("server: {{ port: 0 }}\n{yaml}"))?;
        Ok(server.variable("VEDETTE__ACCESS__MODE", "open"))
    }

    /// A server that is not started yet and asks who is there; its administrator is `admin` with the
    /// password [`ADMIN_PASSWORD`].
    ///
    /// # Errors
    /// As [`Server::new`].
    pub fn with_login(yaml: &str) -> Result<Self> {
        let door = "server: { host: 127.0.0.1, port: 0, tls: { port: 0 } }";
        let server = Self::with(&format!("{door}\n{yaml}"))?;
        Ok(server.variable("VEDETTE_ADMIN_PASSWORD", ADMIN_PASSWORD))
    }

    fn with(yaml: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let text = format!("data_dir: ./data\n{yaml}\n");
        std::fs::write(folder.path().join("vedette.yaml"), text)?;
        Ok(Self {
            folder,
            process: None,
            base: String::new(),
            permitted: Vec::new(),
            variables: ANY_PORT
                .map(|name| {
                    let any = if name.ends_with("LISTEN") { "127.0.0.1:0" } else { "0" };
                    (name.to_owned(), any.to_owned())
                })
                .into(),
        })
    }

    /// Permits warnings and errors in the log that hold one of these texts.
    #[must_use]
    pub fn permit(mut self, texts: &[&str]) -> Self {
        self.permitted.extend(texts.iter().map(|text| (*text).to_owned()));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// What it printed, when it ends instead.
    pub fn start(&mut self) -> Result<()> {
        let listeners = self.data().join("run/listeners.json");
        // One that was killed left its own behind.
        let _ = std::fs::remove_file(&listeners);
        let mut process = Process::start(&mut self.command(&["serve"])?, &self.log_path())?;
        let address = wait_for("the server's listeners", START, || {
            if let Some(status) = process.ended()? {
                bail!("the server ended with {status}: {}", self.log());
            }
            let Ok(text) = std::fs::read(&listeners) else { return Ok(None) };
            let map: Value = serde_json::from_slice(&text)?;
            Ok(map.get("http").and_then(Value::as_str).map(str::to_owned))
        })?;
        self.process = Some(process);
        self.base = format!("http://{address}");
        wait_for("readiness", START, || Ok((self.get("/ready")?.status == 200).then_some(())))
    }

    /// Its address: `http://127.0.0.1:40000`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where it listens for TLS: `127.0.0.1:40001`.
    ///
    /// # Errors
    /// When it does not.
    pub fn https(&self) -> Result<String> {
        self.listener("https")
    }

    /// Where a listener is, by its name in `listeners.json`: `127.0.0.1:40002`.
    ///
    /// # Errors
    /// When there is none.
    pub fn listener(&self, name: &str) -> Result<String> {
        let map: Value =
            serde_json::from_slice(&std::fs::read(self.data().join("run/listeners.json"))?)?;
        let address = map.get(name).and_then(Value::as_str);
        Ok(address.with_context(|| format!("no {name} in listeners.json"))?.to_owned())
    }

    /// A command of the binary beside it, with its configuration and environment.
    ///
    /// # Errors
    /// When there is no binary.
    pub fn command(&self, arguments: &[&str]) -> Result<std::process::Command> {
        let mut command = command(binary()?);
        command.args(arguments).current_dir(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Its process number.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The folder that holds its configuration.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Asks it for `path`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.get_with(path, &[])
    }

    /// Asks with headers.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let client = self.client();
        headers.iter().fold(client, |client, (name, value)| client.with(name, value)).get(path)
    }

    /// A camera as the server tells it.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn camera(&self, id: &str) -> Result<Value> {
        self.get(&format!("/api/cameras/{id}"))?.json()
    }

    /// Waits until a camera has this status.
    ///
    /// # Errors
    /// When it has not in time.
    pub fn wait_status(&self, id: &str, status: &str, deadline: Duration) -> Result<Value> {
        wait_for(&format!("{id} to be {status}"), deadline, || {
            let camera = self.camera(id)?;
            Ok((camera.get("status").and_then(Value::as_str) == Some(status)).then_some(camera))
        })
    }

    /// All segments of a camera.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn segments(&self, id: &str) -> Result<Vec<Value>> {
        let list = self.get(&format!("/api/recordings/{id}/segments?limit=10000"))?.json()?;
        Ok(list.get("segments").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Where a segment's file lies.
    #[must_use]
    pub fn file(&self, segment: &Value) -> PathBuf {
        self.data()
            .join("segments")
            .join(segment.get("path").and_then(Value::as_str).unwrap_or_default())
    }

    /// The spans of a camera's last day.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn spans(&self, id: &str) -> Result<Vec<Value>> {
        let answer = self.get(&format!("/api/recordings/{id}/coverage"))?.json()?;
        Ok(answer.get("spans").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Ends it at once, as a loss of power does.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::KILL)?;
            process.wait(STOP)?;
        }
        Ok(())
    }

    /// Kills it while others still ask it; [`Server::kill`] follows.
    ///
    /// # Errors
    /// The system's.
    pub fn kill_now(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::KILL))
    }

    /// Stops it in order: it must exit with 0, take its listeners' file along, and have logged no
    /// warning that the test did not permit.
    ///
    /// # Errors
    /// What was not so.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.signal(Signal::TERM)?;
        let status = process.wait(STOP)?;
        anyhow::ensure!(status.success(), "the server ended with {status}: {}", self.log());
        anyhow::ensure!(!self.data().join("run/listeners.json").exists(), "listeners.json is left");
        self.check_log()
    }

    fn check_log(&self) -> Result<()> {
        let usual = ["access.mode is open"];
        for line in
            self.log().lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
        {
            let known = usual.iter().any(|text| line.contains(text));
            if !known && !self.permitted.iter().any(|text| line.contains(text)) {
                bail!("unexpected in the log: {line}");
            }
        }
        Ok(())
    }
}

/// Simulated cameras, `cam1` and so on.
pub struct Simulator {
    process: Process,
    base: String,
    _folder: tempfile::TempDir,
}

impl Simulator {
    /// Starts cameras with these options beside the address, which is any free one.
    ///
    /// # Errors
    /// What it printed, when it ends instead.
    pub fn start(options: &[&str]) -> Result<Self> {
        Self::start_at("127.0.0.1:0", options)
    }

    /// Starts cameras at an address, `127.0.0.1:40000`.
    ///
    /// # Errors
    /// As [`Simulator::start`].
    pub fn start_at(address: &str, options: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("simulator.log");
        let mut simulate = command(binary()?);
        simulate.args(["simulate", "--rtsp", address]).args(options);
        let mut process = Process::start(&mut simulate, &log)?;
        let base = wait_for("the simulator", START, || {
            let text = std::fs::read_to_string(&log)?;
            if let Some(status) = process.ended()? {
                bail!("the simulator ended with {status}: {text}");
            }
            let line = text.lines().find_map(|line| line.strip_prefix("listening "));
            Ok(line.map(|base| base.trim_end_matches('/').to_owned()))
        })?;
        Ok(Self { process, base, _folder: folder })
    }

    /// The address of a camera.
    #[must_use]
    pub fn url(&self, number: usize) -> String {
        format!("{}/cam{number}", self.base)
    }

    /// `127.0.0.1:40000`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("rtsp://")
    }

    /// Its process number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// A camera that we did not write: GStreamer's RTSP server.
pub struct GstCamera {
    _process: Process,
    port: u16,
    _folder: tempfile::TempDir,
}

impl GstCamera {
    /// Starts one. `options`: `--digest`, and files to be served at `/file0` and so on.
    ///
    /// # Errors
    /// What it printed, when it ends instead.
    pub fn start(options: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("camera.log");
        // Debian's Python has GStreamer's bindings, another in PATH may not.
        let mut camera = tool("python3")?;
        if Path::new("/usr/bin/python3").is_file() {
            camera = command("/usr/bin/python3");
        }
        camera.arg(repository().join("e2e/tools/gst_camera.py")).args(options);
        let mut process = Process::start(&mut camera, &log)?;
        let port = wait_for("the GStreamer camera", START, || {
            let text = std::fs::read_to_string(&log)?;
            if let Some(status) = process.ended()? {
                bail!("the camera ended with {status}: {text}");
            }
            Ok(text.lines().find_map(|line| line.strip_prefix("port ")?.parse().ok()))
        })?;
        Ok(Self { _process: process, port, _folder: folder })
    }

    /// The address of a mount: `/live`, `/av`, `/file0`.
    #[must_use]
    pub fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}{mount}", self.port)
    }
}
