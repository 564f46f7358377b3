//! Keys beside paths. Pure.

use super::{Imported, is_yes, text};
use crate::config::{Node, Value, quote};

/// Where listeners go: their switch, their address, our key.
const PORTS: [(&str, &str, &str); 3] = [
    ("rtsp", "rtspAddress", "live.rtsp.port"),
    ("hls", "hlsAddress", "live.hls.port"),
    ("webrtc", "webrtcAddress", "live.webrtc.port"),
];
const LISTENERS: [(&str, &str, &str); 3] = [
    ("api", "apiAddress", "live.control.listen"),
    ("metrics", "metricsAddress", "live.metrics.listen"),
    ("playback", "playbackAddress", "live.playback.listen"),
];
/// Keys whose values are ours under another name.
const SAME: [(&str, &str); 6] = [
    ("logLevel", "log_level"),
    ("readTimeout", "live.source_timeout"),
    ("hlsSegmentDuration", "live.hls.segment"),
    ("hlsPartDuration", "live.hls.part"),
    ("hlsSegmentCount", "live.hls.segments"),
    ("webrtcLocalTCPAddress", "live.webrtc.tcp"),
];
/// Keys that say how the other server works inside, or what is so here anyway.
const NOT_NEEDED: [&str; 11] = [
    "writeTimeout",
    "writeQueueSize",
    "udpMaxPayloadSize",
    "logDestinations",
    "rtspTransports",
    "protocols",
    "hlsAlwaysRemux",
    "hlsDirectory",
    "hlsSegmentMaxSize",
    "hlsMuxerCloseAfter",
    "runOnConnectRestart",
];

/// Carries one key over, or says why not.
pub(super) fn carry(out: &mut Imported, root: &Node, key: &str, node: &Node) {
    let value = text(Some(node));
    if let Some((switch, address, ours)) = PORTS.iter().find(|row| row.0 == key || row.1 == key) {
        return port(out, root, (switch, address, ours));
    }
    if let Some((switch, address, ours)) = LISTENERS.iter().find(|row| row.0 == key || row.1 == key)
    {
        let is_on = root.get(switch).is_none_or(|node| is_yes(&text(Some(node))));
        let listen = text(root.get(address));
        match (is_on, listen.is_empty()) {
            (false, _) => out.set(ours, "\"\""),
            (true, false) => out.set(ours, quote(&listen)),
            (true, true) => {}
        }
        return;
    }
    if let Some((_, ours)) = SAME.iter().find(|(theirs, _)| *theirs == key) {
        let ours_is = match key {
            "webrtcLocalTCPAddress" => (!value.is_empty()).to_string(),
            _ => value,
        };
        return out.set(ours, ours_is);
    }
    match key {
        "webrtcLocalUDPAddress" => {
            out.set("live.webrtc.media_port", number(&value).unwrap_or_else(|| "off".to_owned()));
        }
        "rtpAddress" | "rtcpAddress" => {
            let ports = ["rtpAddress", "rtcpAddress"].map(|key| number(&text(root.get(key))));
            if let [Some(rtp), Some(rtcp)] = ports {
                out.set("live.rtsp.udp_ports", format!("[{rtp}, {rtcp}]"));
            }
        }
        "rtspsAddress" | "rtspEncryption" | "encryption" => rtsps(out, root),
        "webrtcAdditionalHosts" | "webrtcICEHostNAT1To1IPs" => {
            out.set("live.webrtc.advertise", list(node));
        }
        "webrtcICEServers2" | "webrtcICEServers" => ice(out, key, node),
        "hlsVariant" if matches!(value.as_str(), "lowLatency" | "fmp4") => {}
        "hlsVariant" => out.leave(key, "every stream has fMP4 and, with ?variant=ts, MPEG-TS"),
        "logFile" => out.set("logging.file", quote(&value)),
        "apiTrustedProxies" | "hlsTrustedProxies" | "webrtcTrustedProxies" => {
            out.set("server.trusted_proxies", list(node));
        }
        key if key.contains("AllowOrigin") => out.set("server.cors_origins", list(node)),
        key if NOT_NEEDED.contains(&key) => {}
        key if key.starts_with("auth") => {
            out.leave(key, "people and keys are added by `vedette user` and in the console");
        }
        key if key.starts_with("runOn") => {
            out.leave(key, "hooks are argument lists below live.paths or a camera, never a shell");
        }
        key if key.ends_with("ServerKey") || key.ends_with("ServerCert") => {
            out.leave(key, "one certificate for all: server.tls.cert and server.tls.key");
        }
        _ if value.is_empty() && matches!(node.value, Value::Null) => {}
        key => out.leave(key, "there is no such key here"),
    }
}

fn port(out: &mut Imported, root: &Node, (switch, address, ours): (&str, &str, &str)) {
    let is_on = root.get(switch).is_none_or(|node| is_yes(&text(Some(node))));
    let address_is = text(root.get(address));
    if !is_on {
        return out.set(ours, "off");
    }
    if let Some(port) = number(&address_is) {
        out.set(ours, port);
    }
    let host = address_is.rsplit_once(':').map(|(host, _)| host).unwrap_or_default();
    let told = format!("{address}: listens on {host} only; set server.host for all listeners");
    if !host.is_empty() && !out.left.contains(&told) {
        out.left.push(told);
    }
}

fn rtsps(out: &mut Imported, root: &Node) {
    let encryption = ["rtspEncryption", "encryption"].map(|key| text(root.get(key)));
    let is_on =
        encryption.iter().any(|word| matches!(word.as_str(), "optional" | "strict" | "yes"));
    if is_on {
        let port = number(&text(root.get("rtspsAddress"))).unwrap_or_else(|| "8322".to_owned());
        out.set("live.rtsp.tls_port", port);
    }
}

/// The port of `:8554`.
fn number(address: &str) -> Option<String> {
    let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
    port.parse::<u16>().ok().map(|port| port.to_string())
}

/// A list of texts; one text is a list of one.
fn list(node: &Node) -> String {
    let texts: Vec<String> = match &node.value {
        Value::List(items) => items.iter().map(|item| quote(&text(Some(item)))).collect(),
        _ => Some(text(Some(node)))
            .filter(|text| !text.is_empty())
            .iter()
            .map(|t| quote(t))
            .collect(),
    };
    format!("[{}]", texts.join(", "))
}

fn ice(out: &mut Imported, key: &str, node: &Node) {
    let Value::List(items) = &node.value else { return };
    let urls = items.iter().map(|item| match item.get("url") {
        Some(url) => text(Some(url)),
        None => text(Some(item)),
    });
    let (turn, stun): (Vec<_>, Vec<_>) =
        urls.filter(|url| !url.is_empty()).partition(|url| url.starts_with("turn"));
    let quoted = |urls: &[String]| {
        let urls: Vec<String> = urls.iter().map(|url| quote(url)).collect();
        format!("[{}]", urls.join(", "))
    };
    if !stun.is_empty() {
        out.set("live.webrtc.stun", quoted(&stun));
    }
    if !turn.is_empty() {
        out.set("live.webrtc.turn.urls", quoted(&turn));
        out.leave(key, "fixed TURN passwords: set live.webrtc.turn.shared_secret");
    }
}
