//! Sizes, durations, ports and addresses as people write them. Pure.

use std::net::IpAddr;
use std::time::Duration;

/// A port: a number, any free one, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Off,
    /// 0: any free one.
    On(u16),
}

pub fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

pub fn parse_port(text: &str) -> Option<Port> {
    match text {
        "off" | "false" => Some(Port::Off),
        _ => text.parse().ok().map(Port::On),
    }
}

/// `100MB` (decimal), `16MiB` (binary), plain bytes.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    scaled(number, factor)
}

/// `number * factor`, exactly for whole numbers and for up to nine decimals.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    if part.is_empty() {
        return (!number.ends_with('.')).then_some(whole);
    }
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok().filter(|len| *len <= 9)?)?;
    let part = u128::from(part.parse::<u64>().ok()?) * u128::from(factor) / u128::from(scale);
    whole.checked_add(u64::try_from(part).ok()?)
}

/// `200ms`, `10s`, `15m`, `1h`, `1d`, several in a row; a bare number is seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut micros: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_len);
        let factor = match unit.trim() {
            "us" => 1,
            "ms" => 1_000,
            "" | "s" => 1_000_000,
            "m" | "min" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return None,
        };
        micros = micros.checked_add(scaled(number, factor)?)?;
        rest = after;
    }
    Some(Duration::from_micros(micros))
}

/// How a duration is written back.
pub fn show_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    for (unit, size) in [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
    ] {
        if micros >= size && micros.is_multiple_of(size) {
            return format!("{}{unit}", micros / size);
        }
    }
    if micros == 0 { "0".to_owned() } else { format!("{micros}us") }
}

/// An address to listen on: `127.0.0.1:9997`, `[::1]:80`, `localhost:80`, `:8100` (all), `""` and `off` (none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub host: String,
    pub port: u16,
}

pub fn parse_listen(text: &str) -> Option<Option<Listen>> {
    if matches!(text, "" | "off" | "false") {
        return Some(None);
    }
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some(Some(Listen { host: host.to_owned(), port: port.parse().ok()? }))
}

/// True for hosts that only this machine reaches.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `2560x1440`.
pub fn parse_resolution(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|pixels| (16..=16_384).contains(pixels));
    Some((side(width)?, side(height)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_decimal_or_binary_as_written() {
        let cases = [
            ("100MB", 100_000_000),
            ("16MiB", 16 << 20),
            ("2GB", 2_000_000_000),
            ("512", 512),
            ("1.5KiB", 1_536),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        assert_eq!(parse_size("99999999TiB"), None);
        assert_eq!(parse_size("5 apples"), None);
    }

    #[test]
    fn durations_take_units_and_bare_seconds() {
        let cases = [
            ("10s", 10_000),
            ("15m", 900_000),
            ("1d", 86_400_000),
            ("200ms", 200),
            ("5", 5_000),
            ("1h30m", 5_400_000),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse_duration("soon"), None);
        assert_eq!(show_duration(Duration::from_secs(900)), "15m");
    }

    #[test]
    fn listeners_may_leave_out_the_host() {
        assert_eq!(parse_listen(":8100"), Some(Some(Listen { host: String::new(), port: 8100 })));
        assert_eq!(parse_listen("[::1]:0"), Some(Some(Listen { host: "::1".into(), port: 0 })));
        assert_eq!(parse_listen(""), Some(None));
        assert_eq!(parse_listen("8100"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = (parse_size(&text), parse_duration(&text), parse_listen(&text), parse_port(&text), parse_resolution(&text));
        }
    }
}
