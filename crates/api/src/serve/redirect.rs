//! Who must come back over TLS: whoever asks for the console or signs in from another machine in the
//! clear. The rule is pure; [`secure`] applies it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use super::Arrival;
use crate::Settings;

/// What becomes of a request that came in the clear.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// It is asked again there.
    To(StatusCode, HeaderValue),
    /// It names no host that could be called.
    NoHost,
}

/// The rule; `None` lets the request pass.
pub(crate) fn redirect<B>(
    arrival: Arrival,
    request: &Request<B>,
    settings: &Settings,
) -> Option<Redirect> {
    let port = settings.tls_port.filter(|_| settings.tls_required && !arrival.tls)?;
    let peer = arrival.peer.ip().to_canonical();
    if peer.is_loopback() || came_to_a_proxy_over_tls(peer, request.headers(), settings) {
        return None;
    }
    let status = status(request)?;
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let location = host.and_then(host_name).and_then(|host| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        HeaderValue::from_str(&format!("https://{host}{port}{path}")).ok()
    });
    Some(location.map_or(Redirect::NoHost, |location| Redirect::To(status, location)))
}

fn came_to_a_proxy_over_tls(peer: IpAddr, headers: &HeaderMap, settings: &Settings) -> bool {
    // The nearest proxy is the one that is believed: it writes the last header, and the last word.
    let last = headers.get_all("x-forwarded-proto").iter().next_back();
    let said = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    said.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
        && settings.trusted_proxies.iter().any(|network| network.contains(peer))
}

/// Documents and logins; all else is for programs, which would not follow.
fn status<B>(request: &Request<B>) -> Option<StatusCode> {
    let (method, path) = (request.method(), request.uri().path());
    let is_read = method == Method::GET || method == Method::HEAD;
    let accepted = request.headers().get_all(header::ACCEPT);
    let is_page = accepted.iter().any(|value| {
        value.to_str().is_ok_and(|types| types.to_ascii_lowercase().contains("text/html"))
    });
    if is_read && (path == "/" || is_page) {
        return Some(StatusCode::TEMPORARY_REDIRECT);
    }
    let is_login = path
        .strip_prefix("/api/login")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // 308 keeps the method, and the body is sent again.
    (is_login && method == Method::POST).then_some(StatusCode::PERMANENT_REDIRECT)
}

/// The host of `host[:port]` as it may stand in an address; `None` for what is neither a name nor
/// an address.
fn host_name(text: &str) -> Option<&str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, port) = rest.split_once(']')?;
            inner.parse::<std::net::Ipv6Addr>().ok()?;
            (text.get(..inner.len() + 2)?, port)
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            let (name, port) = text.split_at(end);
            (is_name(name).then_some(name)?, port)
        }
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        });
    is_port.then_some(host)
}

/// RFC 1123, and `_` that some networks use. An IPv4 address looks the same.
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use access::trust::Network;

    const ELSEWHERE: &str = "192.0.2.7:50000";

    fn settings() -> Settings {
        Settings {
            tls_required: true,
            tls_port: Some(8443),
            trusted_proxies: vec![Network::parse("10.0.0.1").unwrap()],
            ..Settings::default()
        }
    }

    fn ask(line: &str, peer: &str, headers: &[(&str, &str)]) -> Option<Redirect> {
        ask_with(line, peer, headers, &settings())
    }

    fn ask_with(
        line: &str,
        peer: &str,
        headers: &[(&str, &str)],
        settings: &Settings,
    ) -> Option<Redirect> {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let arrival = Arrival { peer: peer.parse().unwrap(), tls: false, listener: "http" };
        redirect(arrival, &request.body(()).unwrap(), settings)
    }

    fn to(status: u16, location: &str) -> Option<Redirect> {
        let location = HeaderValue::from_str(location).unwrap();
        Some(Redirect::To(StatusCode::from_u16(status).unwrap(), location))
    }

    #[test]
    fn documents_and_logins_from_elsewhere_go_to_tls() {
        let host = ("host", "cctv.example:8080");
        let html = ("accept", "text/html,*/*;q=0.8");
        assert_eq!(ask("GET /", ELSEWHERE, &[host]), to(307, "https://cctv.example:8443/"));
        let page = ask("GET /cameras?a=1&b=%2F", ELSEWHERE, &[host, html]);
        assert_eq!(page, to(307, "https://cctv.example:8443/cameras?a=1&b=%2F"));
        let login = ask("POST /api/login", ELSEWHERE, &[("host", "[2001:db8::1]:8080")]);
        assert_eq!(login, to(308, "https://[2001:db8::1]:8443/api/login"));
        let usual = Settings { tls_port: Some(443), ..settings() };
        let page = ask_with("GET //evil.example", ELSEWHERE, &[host, html], &usual);
        assert_eq!(page, to(307, "https://cctv.example//evil.example"));
    }

    #[test]
    fn programs_this_machine_and_whoever_came_over_tls_pass() {
        let host = ("host", "cctv.example");
        assert_eq!(ask("GET /api/cameras", ELSEWHERE, &[host]), None);
        assert_eq!(ask("POST /camera/connect", ELSEWHERE, &[host]), None);
        assert_eq!(ask("POST /api/loginx", ELSEWHERE, &[host]), None);
        assert_eq!(ask("POST /api/login", "127.0.0.1:5", &[host]), None);
        assert_eq!(ask("POST /api/login", "[::ffff:127.0.0.1]:5", &[host]), None);
        let (tls, clear) = (("x-forwarded-proto", "https"), ("x-forwarded-proto", "https, http"));
        assert_eq!(ask("POST /api/login", "10.0.0.1:5", &[host, tls]), None);
        assert!(ask("POST /api/login", "10.0.0.1:5", &[host, clear]).is_some());
        assert!(
            ask("POST /api/login", "10.0.0.1:5", &[host, tls, ("x-forwarded-proto", "http")])
                .is_some()
        );
        assert!(ask("POST /api/login", ELSEWHERE, &[host, tls]).is_some());
        for off in [
            Settings { tls_required: false, ..settings() },
            Settings { tls_port: None, ..settings() },
        ] {
            assert_eq!(ask_with("POST /api/login", ELSEWHERE, &[host], &off), None);
        }
        let request = Request::builder().uri("/").body(()).unwrap();
        let arrival = Arrival { peer: ELSEWHERE.parse().unwrap(), tls: true, listener: "https" };
        assert_eq!(redirect(arrival, &request, &settings()), None);
    }

    #[test]
    fn nobody_is_sent_to_what_is_no_host() {
        let wrong = [
            "",
            "a b",
            "user@evil.example",
            "evil.example/x",
            "evil.example?",
            "evil#",
            "a\\b",
            "evil.example:80:80",
            "evil.example:x",
            "evil.example:99999",
            "[::1",
            "[::g]",
            "[::1]x",
            "-a",
            "a..b",
            ".",
            "a:+1",
        ];
        for host in wrong {
            assert_eq!(
                ask("GET /", ELSEWHERE, &[("host", host)]),
                Some(Redirect::NoHost),
                "{host}"
            );
        }
        assert_eq!(ask("GET /", ELSEWHERE, &[]), Some(Redirect::NoHost));
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_host_says_the_answer_names_a_plain_host_and_our_port(host in "\\PC{0,60}") {
            if let Some(name) = host_name(&host) {
                proptest::prop_assert!(host.starts_with(name));
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:[]".contains(c);
                proptest::prop_assert!(name.chars().all(plain), "{}", name);
                proptest::prop_assert!(name.starts_with('[') || !name.contains(':'));
            }
        }
    }
}
