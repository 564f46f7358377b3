//! The RTSP server put together: its sockets, and what its door asks.

use std::net::{SocketAddr, UdpSocket};

use access::Principal;
use access::trust::Network;
use anyhow::{Context, Result, bail};
use base::task::Scope;
use hub::Hub;
use live::rtsp::{Config as RtspConfig, Listeners, Metrics, Parts, Server};
use prometheus::Registry;

use crate::access_setup::Access;
use crate::config::{Config, Port};
use crate::listen;

/// Any pair of neighbouring ports is tried so often.
const PAIRS_TRIED: usize = 100;

/// Bound sockets.
pub struct Bound {
    rtsp: listen::Listeners,
    rtsps: listen::Listeners,
    udp: Vec<(UdpSocket, UdpSocket)>,
}

/// Binds the ports of RTSP, where they are wanted.
pub async fn bind(config: &Config) -> Result<Bound> {
    let (settings, host) = (&config.settings, config.host());
    let mut bound = Bound { rtsp: Vec::new(), rtsps: Vec::new(), udp: Vec::new() };
    if let Port::On(port) = settings.port("live.rtsp.port") {
        let key = "live.rtsp.port";
        listen::bind("rtsp", (&host, port), key, &mut bound.rtsp).await?;
        if let [rtp, rtcp] = settings.ports("live.rtsp.udp_ports").as_slice() {
            bound.udp = bind_udp(&bound.rtsp, (*rtp, *rtcp))?;
        }
    }
    if let Port::On(port) = settings.port("live.rtsp.tls_port") {
        let key = "live.rtsp.tls_port";
        listen::bind("rtsps", (&host, port), key, &mut bound.rtsps).await?;
    }
    Ok(bound)
}

impl Bound {
    /// True when the front door's certificate is needed.
    pub fn speaks_tls(&self) -> bool {
        !self.rtsps.is_empty()
    }

    /// Where it listens, by name.
    pub fn named(&self) -> Result<Vec<(&'static str, SocketAddr)>> {
        let mut out = Vec::new();
        for listeners in [&self.rtsp, &self.rtsps] {
            if let Some((name, listener)) = listeners.first() {
                out.push((*name, listener.local_addr()?));
            }
        }
        if let Some((rtp, rtcp)) = self.udp.first() {
            out.extend([("rtp", rtp.local_addr()?), ("rtcp", rtcp.local_addr()?)]);
        }
        Ok(out)
    }
}

/// A pair of UDP sockets for each address of the listeners.
fn bind_udp(
    listeners: &listen::Listeners,
    (rtp, rtcp): (u16, u16),
) -> Result<Vec<(UdpSocket, UdpSocket)>> {
    let mut out: Vec<(UdpSocket, UdpSocket)> = Vec::new();
    for (_, listener) in listeners {
        let ip = listener.local_addr()?.ip();
        // All addresses have the same ports, so that one pair of numbers is told.
        let ports = match out.first() {
            Some((first, second)) => (first.local_addr()?.port(), second.local_addr()?.port()),
            None => (rtp, rtcp),
        };
        let pair = match ports {
            (0, 0) => any_pair(ip)?,
            (rtp, rtcp) => {
                let bind = |port| {
                    UdpSocket::bind((ip, port)).with_context(|| {
                        format!("live.rtsp.udp_ports: {ip} port {port} cannot be bound")
                    })
                };
                (bind(rtp)?, bind(rtcp)?)
            }
        };
        out.push(pair);
    }
    Ok(out)
}

/// Two sockets on an even port and the next one (RFC 3550 section 11).
fn any_pair(ip: std::net::IpAddr) -> Result<(UdpSocket, UdpSocket)> {
    for _ in 0..PAIRS_TRIED {
        let rtp = UdpSocket::bind((ip, 0)).context("live.rtsp.udp_ports")?;
        let port = rtp.local_addr()?.port();
        let next = port.checked_add(1).filter(|_| port.is_multiple_of(2));
        if let Some(next) = next
            && let Ok(rtcp) = UdpSocket::bind((ip, next))
        {
            return Ok((rtp, rtcp));
        }
    }
    bail!("live.rtsp.udp_ports: no two neighbouring ports are free")
}

/// Starts it; its tasks belong to `scope`.
pub fn start(
    config: &Config,
    bound: Bound,
    (live, access): (&live::Context, &Access),
    certificate: Option<&api::serve::tls::Certificate>,
    (scope, registry): (&Scope, &Registry),
) -> Result<Vec<(&'static str, SocketAddr)>> {
    let named = bound.named()?;
    for (listener, address) in &named {
        tracing::info!(listener, %address, "listening");
    }
    let tls = certificate.map(|certificate| certificate.server_config(&[]));
    let rtsps = bound.rtsps.into_iter().zip(tls.into_iter().cycle());
    let listeners = Listeners {
        rtsp: bound.rtsp.into_iter().map(|(_, listener)| listener).collect(),
        rtsps: rtsps.map(|((_, listener), tls)| (listener, tls)).collect(),
        udp: bound.udp,
    };
    let parts = Parts {
        gate: access.gate.clone(),
        accounts: access.accounts.clone(),
        trail: access.trail.clone(),
        publishable: publishable(live.hub.clone()),
    };
    let context = live::Context { scope: scope.clone(), ..live.clone() };
    Server::start(context, settings(config), listeners, parts, Metrics::new(registry)?)?;
    Ok(named)
}

/// The rules of paths say what may be published.
fn publishable(hub: Hub) -> Box<dyn Fn(&base::StreamPath) -> bool + Send + Sync> {
    Box::new(move |path| hub.publishable(path).is_ok())
}

fn settings(config: &Config) -> RtspConfig {
    let settings = &config.settings;
    let networks = |key: &str| -> Vec<Network> {
        settings.texts(key).iter().filter_map(|text| Network::parse(text)).collect()
    };
    let anonymous = listen::anonymous(settings, networks("access.anonymous.from"));
    RtspConfig {
        reader_grace: settings.duration("live.reader_grace"),
        source_timeout: settings.duration("live.source_timeout"),
        open: config.is_open().then(|| networks("access.open_networks")),
        anonymous: anonymous.map(|anonymous| {
            (Principal::public(anonymous.role, anonymous.cameras_with_role), anonymous.from)
        }),
        digest: settings.bool("access.rtsp_digest"),
        bounds: live::rtsp::Bounds::default(),
        patience: live::rtsp::Patience::default(),
    }
}
