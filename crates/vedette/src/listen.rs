//! Where the server listens, and who else must not: addresses, the lock on the data folder, and the
//! file by which tests and tools find the ports.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use access::trust::Network;
use anyhow::{Context, bail};
use api::serve::{self, tls};
use base::{Clock, SystemClock};
use tokio::net::{TcpListener, UdpSocket, lookup_host};

use crate::config::{Config, Port, Settings};

/// Bound sockets by name.
pub type Listeners = Vec<(&'static str, TcpListener)>;

/// Binds the front door and the other doors of HTTP, on each address of its host. The first is the one that is told.
pub async fn bind_http(config: &Config) -> anyhow::Result<Listeners> {
    let mut out = Vec::new();
    let host = config.host();
    if config.settings.bool("server.enabled") {
        bind_front(config, &host, &mut out).await?;
    }
    for (name, key) in [("hls", "live.hls.port"), ("webrtc", "live.webrtc.port")] {
        if let Port::On(port) = config.settings.port(key) {
            bind(name, (&host, port), key, &mut out).await?;
        }
    }
    let listened = [
        (serve::ADMIN, "admin.listen"),
        (serve::STATUS, "status.listen"),
        ("control", "live.control.listen"),
        ("metrics", "live.metrics.listen"),
        ("playback", "live.playback.listen"),
    ];
    for (name, key) in listened {
        if let Some(listen) = config.settings.listen(key) {
            let own = if listen.host.is_empty() { &host } else { &listen.host };
            bind(name, (own, listen.port), key, &mut out).await?;
        }
    }
    Ok(out)
}

async fn bind_front(config: &Config, host: &str, out: &mut Listeners) -> anyhow::Result<()> {
    if let Port::On(port) = config.settings.port("server.port") {
        bind("http", (host, port), "server.port", out).await?;
    }
    for port in config.settings.ports("server.also_listen") {
        bind("http", (host, port), "server.also_listen", out).await?;
    }
    if let Port::On(port) = config.settings.port("server.tls.port") {
        bind("https", (host, port), "server.tls.port", out).await?;
    }
    Ok(())
}

/// Binds a listener on each address of its host.
pub async fn bind(
    name: &'static str,
    (host, port): (&str, u16),
    key: &str,
    out: &mut Listeners,
) -> anyhow::Result<()> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port))
        .await
        .with_context(|| format!("server.host: `{host}`"))?
        .collect();
    let mut sorted = addresses;
    // 127.0.0.1 before ::1: it is the one that every tool understands.
    sorted.sort_by_key(SocketAddr::is_ipv6);
    sorted.dedup();
    // A machine without IPv6 still has all its addresses.
    if host == "::" && !has_ipv6() {
        sorted = vec![SocketAddr::from(([0, 0, 0, 0], port))];
    }
    let mut chosen = port;
    for (index, mut address) in sorted.into_iter().enumerate() {
        address.set_port(chosen);
        match TcpListener::bind(address).await {
            Ok(listener) => {
                // `localhost` is one port on both families.
                chosen = listener.local_addr()?.port();
                out.push((name, listener));
            }
            Err(error) if index > 0 => {
                tracing::debug!(%address, err = %error, "second address not bound")
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                bail!(
                    "{key}: port {port} on {host} is taken by another program; choose another, or 0 for any"
                )
            }
            Err(error) => bail!("{key}: {address} cannot be bound: {error}"),
        }
    }
    Ok(())
}

/// Binds the one port of all WebRTC peers: UDP and, where wanted, TCP on the same number.
pub async fn bind_media(config: &Config) -> anyhow::Result<live::webrtc::Sockets> {
    let key = "live.webrtc.media_port";
    let Port::On(wanted) = config.settings.port(key) else {
        return Ok(live::webrtc::Sockets::default());
    };
    let host = config.host();
    let mut tcp = Vec::new();
    if config.settings.bool("live.webrtc.tcp") {
        bind("media", (&host, wanted), key, &mut tcp).await?;
    }
    let tcp: Vec<TcpListener> = tcp.into_iter().map(|(_, listener)| listener).collect();
    let mut addresses = tcp.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    if addresses.is_empty() {
        addresses = lookup_host((host.as_str(), wanted)).await.context("server.host")?.collect();
        addresses.sort_by_key(SocketAddr::is_ipv6);
    }
    let mut udp: Vec<UdpSocket> = Vec::new();
    for mut address in addresses {
        if let Some(first) = udp.first() {
            address.set_port(first.local_addr()?.port());
        }
        match UdpSocket::bind(address).await {
            Ok(socket) => udp.push(socket),
            Err(error) if !udp.is_empty() => {
                tracing::debug!(%address, err = %error, "second address not bound");
            }
            Err(error) => bail!("{key}: UDP port {address} cannot be bound: {error}"),
        }
    }
    Ok(live::webrtc::Sockets { udp, tcp })
}

fn has_ipv6() -> bool {
    std::net::TcpListener::bind((std::net::Ipv6Addr::UNSPECIFIED, 0)).is_ok()
}

/// Where the front door's certificate comes from.
pub fn certificate_source(config: &Config) -> tls::Source {
    let (cert, key) = (config.path("server.tls.cert"), config.path("server.tls.key"));
    if !cert.as_os_str().is_empty() {
        return tls::Source::Given { cert, key };
    }
    own_certificate(config)
}

/// The certificate that is made when none is given.
pub fn own_certificate(config: &Config) -> tls::Source {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut more = config.settings.texts("server.hosts");
    more.push(config.host());
    let names = tls::names(&machine, &more);
    tls::Source::SelfSigned { folder: config.data_dir.join("tls"), names }
}

/// The certificate, where one of the listeners speaks TLS.
pub fn certificate(
    config: &Config,
    listeners: &[(&'static str, TcpListener)],
    is_needed: bool,
) -> anyhow::Result<Option<tls::Certificate>> {
    if !is_needed && !listeners.iter().any(|(name, _)| *name == "https") {
        return Ok(None);
    }
    Ok(Some(tls::Certificate::open(certificate_source(config), SystemClock.wall())?))
}

/// A port that the configuration asks for.
pub struct Wanted {
    pub key: &'static str,
    pub host: String,
    pub port: u16,
    pub udp: bool,
}

/// All ports that the configuration asks for by number, on the hosts where they are wanted.
pub fn wanted(config: &Config) -> Vec<Wanted> {
    let (settings, host) = (&config.settings, config.host());
    let mut out = Vec::new();
    let mut add = |key, host: &str, port, udp| {
        if port != 0 {
            out.push(Wanted { key, host: host.to_owned(), port, udp });
        }
    };
    for (key, udp) in [
        ("server.port", false),
        ("server.tls.port", false),
        ("live.rtsp.port", false),
        ("live.rtsp.tls_port", false),
        ("live.hls.port", false),
        ("live.webrtc.port", false),
        ("live.webrtc.media_port", true),
    ] {
        if let Port::On(port) = settings.port(key) {
            add(key, &host, port, udp);
        }
    }
    settings
        .ports("server.also_listen")
        .iter()
        .for_each(|port| add("server.also_listen", &host, *port, false));
    settings
        .ports("live.rtsp.udp_ports")
        .iter()
        .for_each(|port| add("live.rtsp.udp_ports", &host, *port, true));
    for key in [
        "admin.listen",
        "status.listen",
        "live.control.listen",
        "live.metrics.listen",
        "live.playback.listen",
    ] {
        if let Some(listen) = settings.listen(key) {
            let its = if listen.host.is_empty() { &host } else { &listen.host };
            add(key, its, listen.port, false);
        }
    }
    out
}

/// The front door's settings.
pub fn front_settings(
    config: &Config,
    listeners: &[(&'static str, TcpListener)],
) -> anyhow::Result<api::Settings> {
    let tls = listeners.iter().find(|(name, _)| *name == "https");
    let tls_port = tls.map(|(_, listener)| listener.local_addr()).transpose()?.map(|at| at.port());
    let settings = &config.settings;
    let networks =
        |key: &str| settings.texts(key).iter().filter_map(|text| Network::parse(text)).collect();
    let count = |key: &str| u32::try_from(settings.int(key)).unwrap_or(u32::MAX);
    let mut response_headers = Vec::new();
    for (name, value) in settings.pairs("server.response_headers") {
        let header = name.parse().with_context(|| format!("server.response_headers: `{name}`"))?;
        let value = value.parse().with_context(|| format!("server.response_headers.{name}"))?;
        response_headers.push((header, value));
    }
    Ok(api::Settings {
        open: config.is_open(),
        open_networks: networks("access.open_networks"),
        monitor_networks: networks("live.metrics.networks"),
        hosts: settings.texts("server.hosts"),
        cors_origins: settings.texts("server.cors_origins"),
        max_body: usize::try_from(settings.size("server.max_body")).unwrap_or(usize::MAX),
        response_headers,
        segments_root: config.path("storage.segments_dir"),
        trusted_proxies: networks("server.trusted_proxies"),
        rates: api::Rates {
            per_address: count("server.rate_limit.per_address"),
            per_token: count("server.rate_limit.per_token"),
            burst: count("server.rate_limit.burst"),
        },
        anonymous: anonymous(settings, networks("access.anonymous.from")),
        tls_required: settings.bool("server.tls.required"),
        tls_port,
        admin_elsewhere: settings.listen("admin.listen").is_some(),
        control_networks: networks("live.control.trusted_networks"),
        listening: listening(settings),
    })
}

/// Which listeners of live media are on.
fn listening(settings: &Settings) -> api::Listening {
    let is_on = |key: &str| settings.port(key) != Port::Off;
    api::Listening {
        rtsp: is_on("live.rtsp.port"),
        rtsps: is_on("live.rtsp.tls_port"),
        hls: is_on("live.hls.port"),
        webrtc: is_on("live.webrtc.port"),
    }
}

/// What nobody in particular may look at.
pub fn anonymous(settings: &Settings, from: Vec<Network>) -> Option<api::Anonymous> {
    let role = settings.text("access.anonymous.role").parse().ok()?;
    let roles = settings.texts("access.anonymous.cameras_with_role");
    Some(api::Anonymous { role, cameras_with_role: roles.into_iter().collect(), from })
}

/// The hold on a data folder: while it lives, no other server uses it.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder, or names who has it.
    pub fn take(data_dir: &Path) -> anyhow::Result<Self> {
        let run = data_dir.join("run");
        fs::create_dir_all(&run).with_context(|| format!("data_dir: {}", run.display()))?;
        let path = run.join("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.with_context(|| format!("data_dir: {}", path.display()))?;
        if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // Whoever holds it has written its process id; a moment too early it is empty.
            let _ = Read::by_ref(&mut file).take(64).read_to_string(&mut holder);
            let holder = holder.trim();
            bail!(
                "data_dir: {} is used by process {holder}; stop it or choose another data_dir",
                data_dir.display()
            );
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}

/// The process that holds a data folder; `None` when nobody does. Changes nothing.
pub fn holder(data_dir: &Path) -> Option<String> {
    let mut file = File::open(data_dir.join("run/lock")).ok()?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockShared).err()?;
    let mut holder = String::new();
    // Whoever holds it has written its process id; a moment too early it is empty.
    let _ = Read::by_ref(&mut file).take(64).read_to_string(&mut holder);
    Some(holder.trim().to_owned())
}

/// Where the running server listens, by name, as it has written it.
pub fn known(data_dir: &Path) -> Vec<(String, SocketAddr)> {
    let Ok(file) = File::open(data_dir.join("run/listeners.json")) else { return Vec::new() };
    let map: BTreeMap<String, String> =
        serde_json::from_reader(file.take(64 << 10)).unwrap_or_default();
    map.into_iter().filter_map(|(name, address)| Some((name, address.parse().ok()?))).collect()
}

/// `run/listeners.json`: there while the server is ready.
pub struct ListenersFile(PathBuf);

impl ListenersFile {
    /// Writes it, whole or not at all.
    pub fn write(
        data_dir: &Path,
        listeners: &[(&'static str, SocketAddr)],
    ) -> anyhow::Result<Self> {
        let path = data_dir.join("run/listeners.json");
        let map: BTreeMap<&str, String> =
            listeners.iter().map(|(name, address)| (*name, address.to_string())).collect();
        let new = path.with_extension("json.new");
        fs::write(&new, serde_json::to_string_pretty(&map)?)?;
        fs::rename(&new, &path)?;
        Ok(Self(path))
    }
}

impl Drop for ListenersFile {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = fs::remove_file(&self.0);
    }
}
