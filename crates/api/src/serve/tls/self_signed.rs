//! A certificate of our own, for servers that were given none.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base::Wall;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber, date_time_ymd,
};

use super::Error;

const DAY_SECONDS: i64 = 86_400;
/// The longest that browsers and phones accept.
const VALID_DAYS: i64 = 825;

/// The names of this machine: `localhost`, its host name, the addresses by which it reaches others,
/// and `more`.
#[must_use]
pub fn names(host: &str, more: &[String]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.push(host.to_owned());
    // Nothing is sent: the system only says from where it would.
    for (own, other) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let address = UdpSocket::bind(own).and_then(|socket| {
            socket.connect(other)?;
            socket.local_addr()
        });
        names.extend(address.ok().map(|address| address.ip().to_string()));
    }
    names.extend(more.iter().cloned());
    names
}

/// Makes a key and a certificate for `names` and puts them at `cert` and `key`: the key is never
/// readable by others. What is no name is left out.
pub(super) fn make(cert: &Path, key: &Path, names: &[String], now: Wall) -> Result<(), Error> {
    let fault = |error: &dyn std::fmt::Display| Error::Make(error.to_string());
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| fault(&error))?;
    let certificate = parameters(names, now)?.self_signed(&pair).map_err(|error| fault(&error))?;
    let written = || -> io::Result<()> {
        let folder = cert.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        write(key, pair.serialize_pem().as_bytes(), 0o600)?;
        write(cert, certificate.pem().as_bytes(), 0o644)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|error| Error::Make(format!("{}: {error}", cert.display())))
}

fn parameters(names: &[String], now: Wall) -> Result<CertificateParams, Error> {
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names = alternatives(names);
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "vedette");
    parameters.is_ca = IsCa::NoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Browsers refuse a second certificate of the same issuer and number.
    let serial = uuid::Uuid::new_v4().into_bytes();
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    // A day back: clocks of clients differ.
    let (year, month, day) = date(now, -1)?;
    parameters.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = date(now, VALID_DAYS - 2)?;
    parameters.not_after = date_time_ymd(year, month, day);
    Ok(parameters)
}

fn alternatives(names: &[String]) -> Vec<SanType> {
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for name in names.iter().filter(|name| seen.insert(name.to_ascii_lowercase())) {
        match name.parse::<IpAddr>() {
            Ok(address) if address.is_unspecified() => {}
            Ok(address) => out.push(SanType::IpAddress(address)),
            Err(_) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
                let fits = !name.is_empty() && name.len() <= 253 && name.chars().all(plain);
                let name = fits.then(|| name.as_str().try_into().ok()).flatten();
                out.extend(name.map(SanType::DnsName));
            }
        }
    }
    out
}

/// Year, month and day of a moment some days from now.
fn date(now: Wall, days: i64) -> Result<(i32, u8, u8), Error> {
    let then = now.as_secs().saturating_add(days * DAY_SECONDS);
    let time = Timestamp::from_second(then).map_err(|error| Error::Make(error.to_string()))?;
    let date = time.to_zoned(TimeZone::UTC).date();
    let small = |number: i8| u8::try_from(number).unwrap_or(1);
    Ok((i32::from(date.year()), small(date.month()), small(date.day())))
}

/// Writes a file whole or not at all, with its permissions from the first moment.
fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let new = path.with_extension("pem.new");
    // One that a crash left.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
