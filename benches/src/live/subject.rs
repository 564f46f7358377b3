//! What is measured: our server, started for a number of cameras, or a peer that runs already and is
//! told over its API which cameras to pull.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::{Running, listener, serve, wait_for};

/// Addresses in which `{path}` stands for a stream's name.
#[derive(Clone, Default)]
pub struct Addresses {
    pub rtsp: Option<String>,
    pub hls: Option<String>,
    pub whep: Option<String>,
}

/// A server that holds cameras.
pub struct Subject {
    pub name: &'static str,
    pub pid: u32,
    pub addresses: Addresses,
    /// Of ours: where its numbers are, and what ends with it.
    own: Option<(String, Running, tempfile::TempDir)>,
}

impl Subject {
    /// Our server with so many cameras, all of them pulled, none recorded.
    pub fn own(binary: &Path, base: &str, cameras: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut yaml = "data_dir: ./data\nserver: { port: 0 }\naccess: { mode: open }\nrecord: { mode: \"off\" }\n\
             live:\n  rtsp: { port: 0, udp_ports: [0, 0] }\n  hls: { port: 0 }\n  webrtc: { port: 0, media_port: 0 }\n  \
             control: { listen: \"127.0.0.1:0\" }\n  metrics: { listen: \"127.0.0.1:0\" }\n  \
             playback: { listen: \"127.0.0.1:0\" }\n"
            .to_owned();
        yaml.push_str(if cameras == 0 { "" } else { "cameras:\n" });
        for number in 1..=cameras {
            yaml.push_str(&format!("  - {{ id: cam{number}, url: \"{base}/cam{number}\" }}\n"));
        }
        std::fs::write(folder.path().join("vedette.yaml"), yaml)?;
        let (running, http) = serve(binary, folder.path(), &[])?;
        let at = |name: &str| listener(folder.path(), name).map(|address| loopback(&address));
        let addresses = Addresses {
            rtsp: at("rtsp").map(|address| format!("rtsp://{address}/{{path}}")),
            hls: at("hls").map(|address| format!("http://{address}/{{path}}/index.m3u8")),
            whep: at("webrtc").map(|address| format!("http://{address}/{{path}}/whep")),
        };
        let pid = running.id();
        let subject = Self { name: "vedette", pid, addresses, own: Some((http, running, folder)) };
        wait_for("all cameras", || {
            let held = subject.number("vedette_hub_streams")?.unwrap_or(0.0);
            Ok((held >= count(cameras)).then_some(()))
        })?;
        Ok(subject)
    }

    /// The sum of a metric of ours.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        let Some((http, ..)) = &self.own else { return Ok(None) };
        let url = format!("http://{http}/metrics");
        let text = ureq::get(url).call()?.body_mut().read_to_string()?;
        let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse().ok());
        let lines = text.lines().filter(|line| line.starts_with(name));
        Ok(Some(lines.filter_map::<f64, _>(value).sum()))
    }
}

/// A listener on all addresses is reached on loopback.
fn loopback(address: &str) -> String {
    address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "127.0.0.1")
}

pub fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(1.0, f64::from)
}

/// A peer, as `PEER` describes it: `rtsp=8554,hls=8888,webrtc=8889,api=9997,pid=1234`. A number is a port
/// on loopback; an address may hold `{path}`.
#[derive(Clone)]
pub struct Peer {
    pid: u32,
    addresses: Addresses,
    /// The control API that it shares with ours, or the one that takes `?name=&src=`.
    api: Option<String>,
    streams: Option<String>,
}

impl Peer {
    pub fn parse(text: &str) -> Result<Self> {
        let mut peer = Self { pid: 0, addresses: Addresses::default(), api: None, streams: None };
        for pair in text.split(',') {
            let (key, value) = pair.split_once('=').context("PEER: key=value,...")?;
            let full = |scheme: &str, after: &str| {
                let base = match value.parse::<u16>() {
                    Ok(port) => format!("{scheme}://127.0.0.1:{port}"),
                    Err(_) => value.trim_end_matches('/').to_owned(),
                };
                Some(if base.contains("{path}") { base } else { format!("{base}{after}") })
            };
            match key.trim() {
                "rtsp" => peer.addresses.rtsp = full("rtsp", "/{path}"),
                "hls" => peer.addresses.hls = full("http", "/{path}/index.m3u8"),
                "webrtc" | "whep" => peer.addresses.whep = full("http", "/{path}/whep"),
                "api" => peer.api = full("http", ""),
                "streams" => peer.streams = full("http", "/api/streams"),
                "pid" => peer.pid = value.parse().context("PEER: pid")?,
                other => bail!("PEER: {other}: rtsp, hls, webrtc, api, streams or pid"),
            }
        }
        anyhow::ensure!(peer.pid > 0, "PEER: pid=... of the server");
        Ok(peer)
    }

    /// Tells it to pull exactly so many cameras.
    pub fn hold(&self, base: &str, cameras: usize) -> Result<Subject> {
        let subject =
            Subject { name: "peer", pid: self.pid, addresses: self.addresses.clone(), own: None };
        if let Some(api) = &self.api {
            self.forget(api)?;
            for number in 1..=cameras {
                let body =
                    json!({ "source": format!("{base}/cam{number}"), "rtspTransport": "tcp" });
                let url = format!("{api}/v3/config/paths/add/cam{number}");
                ureq::post(url).send_json(&body).context("PEER: api")?;
            }
            wait_for("the peer's cameras", || {
                let ready = |path: &&Value| path.get("ready") == Some(&Value::Bool(true));
                let all = list(api, "/v3/paths/list")?;
                Ok((all.iter().filter(ready).count() >= cameras).then_some(()))
            })?;
        } else if let Some(streams) = &self.streams {
            for number in 1..=cameras {
                let url = format!("{streams}?name=cam{number}&src={base}/cam{number}");
                ureq::put(url).send_empty().context("PEER: streams")?;
            }
        } else {
            // It was configured by hand.
            std::thread::sleep(Duration::from_secs(5));
        }
        Ok(subject)
    }

    fn forget(&self, api: &str) -> Result<()> {
        for path in list(api, "/v3/config/paths/list")? {
            let name = path.get("name").and_then(Value::as_str).unwrap_or_default();
            if name.starts_with("cam") {
                ureq::delete(format!("{api}/v3/config/paths/delete/{name}")).call()?;
            }
        }
        Ok(())
    }
}

fn list(api: &str, path: &str) -> Result<Vec<Value>> {
    let url = format!("{api}{path}?itemsPerPage=1000");
    let answer: Value = ureq::get(url).call()?.body_mut().read_json()?;
    Ok(answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
}
