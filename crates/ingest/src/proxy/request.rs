//! What a child asks of its proxy. Pure.

/// A request's head, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The host to connect to: a name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is wanted of it.
    pub target: Target,
    credential: Option<String>,
}

/// What is wanted of a host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A connection, for TLS.
    Tunnel,
    /// A resource: the head to send to the host.
    Resource(Vec<u8>),
}

impl Request {
    /// Reads a head with its empty line. `None`: not one that a child of ours sends.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = text.split("\r\n");
        let words: Vec<&str> = lines.next()?.split(' ').collect();
        let headers = lines.map(|line| Some((line, line.split_once(':')?)));
        let headers: Vec<(&str, (&str, &str))> = headers.collect::<Option<_>>()?;
        let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
        let credential = headers.iter().find(|(_, (name, _))| is(name, "Proxy-Authorization"));
        let credential = credential.map(|(_, (_, value))| value.trim().to_owned());
        let (host, port, target) = match *words.as_slice() {
            ["CONNECT", authority, "HTTP/1.0" | "HTTP/1.1"] => {
                let (host, port) = split_authority(authority)?;
                (host, port?, Target::Tunnel)
            }
            ["GET", url, version @ ("HTTP/1.0" | "HTTP/1.1")] => {
                let rest = url.strip_prefix("http://")?;
                let (authority, path) = rest.split_at(rest.find(['/', '?', '#'])?);
                let (_, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
                let (host, port) = split_authority(authority)?;
                let path = path.split('#').next().unwrap_or_default();
                let slash = if path.starts_with('/') { "" } else { "/" };
                let mut out = format!("GET {slash}{path} {version}\r\n");
                for (line, (name, _)) in &headers {
                    let of_the_hop = is(name, "Connection") || is(name, "Keep-Alive");
                    if !of_the_hop && !name.to_ascii_lowercase().starts_with("proxy-") {
                        out.push_str(line);
                        out.push_str("\r\n");
                    }
                }
                out.push_str("Connection: close\r\n\r\n");
                (host, port.unwrap_or(80), Target::Resource(out.into_bytes()))
            }
            _ => return None,
        };
        Some(Self { host: host.to_owned(), port, target, credential })
    }

    /// True when it carries this credential. Takes the same time wherever the two differ.
    pub(super) fn has_credential(&self, wanted: &str) -> bool {
        let given = self.credential.as_deref().unwrap_or_default();
        let pairs = given.bytes().zip(wanted.bytes());
        given.len() == wanted.len() && pairs.fold(0, |found, (a, b)| found | (a ^ b)) == 0
    }
}

fn split_authority(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(str::parse).transpose().ok()?;
    (!host.is_empty() && port != Some(0)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_resource_is_asked_for_at_its_host_and_the_key_stays_here() {
        let head = b"GET http://u:p@cam.example:81/a/b.m3u8?x=1 HTTP/1.1\r\nHost: cam.example:81\r\nConnection: keep-alive\r\nProxy-Authorization: Basic abc\r\n\r\n";
        let request = Request::parse(head).unwrap();
        assert_eq!((request.host.as_str(), request.port), ("cam.example", 81));
        assert!(request.has_credential("Basic abc") && !request.has_credential("Basic abd"));
        let Target::Resource(sent) = request.target else { panic!("a resource") };
        assert_eq!(
            String::from_utf8(sent).unwrap(),
            "GET /a/b.m3u8?x=1 HTTP/1.1\r\nHost: cam.example:81\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn a_tunnel_names_host_and_port() {
        let read = |target: &str| {
            let head = format!("CONNECT {target} HTTP/1.1\r\nHost: proxy\r\n\r\n");
            Request::parse(head.as_bytes()).map(|request| (request.host, request.port))
        };
        assert_eq!(read("cam.example:443"), Some(("cam.example".to_owned(), 443)));
        assert_eq!(read("[::1]:443"), Some(("::1".to_owned(), 443)));
        for wrong in ["cam.example", ":443", "a:0", "a:99999", "[::1", "::1:443", "[::1]443"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_no_child_sends_is_refused() {
        for head in [
            "",
            "GET / HTTP/1.1\r\n\r\n",
            "POST http://a/ HTTP/1.1\r\n\r\n",
            "GET https://a/ HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n folded\r\n\r\n",
            "GET http://a/ b HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\n",
        ] {
            assert_eq!(Request::parse(head.as_bytes()), None, "{head:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, url in "[ -~]{0,60}") {
            let _ = Request::parse(&bytes);
            let head = format!("GET http://{url} HTTP/1.1\r\n\r\n");
            if let Some(Request { target: Target::Resource(sent), .. }) = Request::parse(head.as_bytes()) {
                prop_assert!(sent.starts_with(b"GET /") && sent.ends_with(b"\r\n\r\n"));
            }
        }
    }
}
