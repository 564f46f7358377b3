//! Certificates as files give them, and as they change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base::health::{Board, Health};
use base::{Clock, SystemClock};
use rcgen::KeyPair;

use super::watch::Watch;
use super::*;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn put(&self, cert: &str, key: &str) {
        fs::write(self.folder.path().join("cert.pem"), cert).unwrap();
        fs::write(self.folder.path().join("key.pem"), key).unwrap();
    }

    fn given(&self) -> Source {
        let path = |name| self.folder.path().join(name);
        Source::Given { cert: path("cert.pem"), key: path("key.pem") }
    }

    fn open(&self) -> Result<Certificate, Error> {
        Certificate::open(self.given(), now())
    }

    fn fault(&self) -> String {
        self.open().map(|_| ()).unwrap_err().to_string()
    }

    fn ours(&self) -> Source {
        let names = ["localhost", "cctv.example", "10.0.0.1", "no name", "LOCALHOST", "::"];
        let names = names.map(str::to_owned).to_vec();
        Source::SelfSigned { folder: self.folder.path().join("tls"), names }
    }
}

fn now() -> Wall {
    SystemClock.wall()
}

fn after_days(days: i64) -> Wall {
    now().plus_micros(days * DAY_MICROS)
}

/// A certificate for a name, and its key.
fn pair(name: &str) -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    (parameters.self_signed(&key).unwrap().pem(), key)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_self_signed_certificate_is_made_once_for_its_owner_only_and_anew_before_it_ends() {
    let files = Files::new();
    let first = Certificate::open(files.ours(), now()).unwrap();
    let folder = files.folder.path().join("tls");
    assert_eq!((mode(&folder), mode(&folder.join("key.pem"))), (0o700, 0o600));
    let same = Certificate::open(files.ours(), after_days(790)).unwrap();
    assert_eq!(first.fingerprint(), same.fingerprint());
    let next = Certificate::open(files.ours(), after_days(795)).unwrap();
    assert_ne!(first.fingerprint(), next.fingerprint());
    assert_eq!(mode(&folder.join("key.pem")), 0o600);
    let valid_days = first.current.facts.load().ends.micros_since(now()) / DAY_MICROS;
    assert!((820..=824).contains(&valid_days), "{valid_days}");
}

#[test]
fn what_a_crash_left_of_our_own_certificate_does_not_stop_the_start() {
    let files = Files::new();
    let first = Certificate::open(files.ours(), now()).unwrap();
    let (_, stranger) = pair("localhost");
    let key = files.folder.path().join("tls/key.pem");
    fs::write(&key, stranger.serialize_pem()).unwrap();
    fs::write(key.with_extension("pem.new"), "half").unwrap();
    let second = Certificate::open(files.ours(), now()).unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(mode(&key), 0o600);
}

#[test]
fn faults_of_given_files_name_the_key_and_what_is_wrong() {
    let files = Files::new();
    assert!(files.fault().contains("server.tls.cert: "), "{}", files.fault());
    assert!(files.fault().contains("cannot be read"), "{}", files.fault());
    let (cert, key) = pair("localhost");
    files.put(&cert, "");
    assert!(files.fault().contains("server.tls.key: "), "{}", files.fault());
    assert!(files.fault().contains("holds no key"), "{}", files.fault());
    files.put("# nothing\n", &key.serialize_pem());
    assert!(files.fault().contains("holds no certificate"), "{}", files.fault());
    files.put(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        &key.serialize_pem(),
    );
    assert!(files.fault().contains("cannot be understood"), "{}", files.fault());
    let (_, stranger) = pair("localhost");
    files.put(&cert, &stranger.serialize_pem());
    assert!(files.fault().contains("does not belong to the certificate"), "{}", files.fault());
    let encrypted = key.serialize_pem().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    files.put(&cert, &encrypted);
    assert!(files.fault().contains("unencrypted"), "{}", files.fault());
    files.put(&"x".repeat(2 << 20), &key.serialize_pem());
    assert!(files.fault().contains("larger"), "{}", files.fault());
}

/// The content of a DER element, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, len) = match der[1] {
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        short => (2, usize::from(short)),
    };
    der[head..].split_at(len)
}

/// The key inside PKCS#8: SEC1 or PKCS#1 by its kind.
fn inner(pkcs8: &[u8]) -> Vec<u8> {
    let (body, _) = element(pkcs8);
    let (_, after_version) = element(body);
    let (_, after_algorithm) = element(after_version);
    element(after_algorithm).0.to_vec()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn base64(der: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in der.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let sign = SIGNS[usize::try_from(bits >> (18 - 6 * at) & 63).unwrap()];
            out.push(if at <= group.len() { char::from(sign) } else { '=' });
        }
    }
    out
}

#[test]
fn keys_of_all_three_forms_and_chains_are_taken() {
    let files = Files::new();
    let (cert, key) = pair("localhost");
    let (issuer, _) = pair("issuer");
    let chain = format!("Some text before.\n{cert}\n{issuer}");
    files.put(&chain, &key.serialize_pem());
    let certificate = files.open().unwrap();
    assert_eq!(certificate.current.key.load().cert.len(), 2);
    files.put(&cert, &pem_of("EC PRIVATE KEY", &inner(key.serialized_der())));
    assert_eq!(files.open().unwrap().fingerprint(), certificate.fingerprint());

    let rsa = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let cert = parameters.self_signed(&rsa).unwrap().pem();
    files.put(&cert, &pem_of("RSA PRIVATE KEY", &inner(rsa.serialized_der())));
    assert!(files.open().is_ok(), "{}", files.fault());
}

fn state(board: &Board) -> (Health, &'static str) {
    let line = board.components()["certificate"].clone();
    (line.status, line.code)
}

#[test]
fn a_changed_pair_is_taken_over_and_a_broken_one_is_not() {
    let files = Files::new();
    let (cert, key) = pair("localhost");
    files.put(&cert, &key.serialize_pem());
    let certificate = files.open().unwrap();
    let (first, board) = (certificate.fingerprint(), Board::default());
    let mut watch = Watch { certificate: certificate.clone(), board: board.clone(), refused: None };
    watch.look(now());
    assert_eq!(state(&board), (Health::Healthy, ""));

    let (next, next_key) = pair("localhost");
    files.put(&next, &key.serialize_pem());
    watch.look(now());
    assert_eq!(state(&board), (Health::Healthy, ""), "its key may be on its way");
    watch.look(now());
    assert_eq!(state(&board), (Health::Degraded, "certificate_refused"));
    assert_eq!(certificate.fingerprint(), first);
    watch.look(now());
    assert_eq!(state(&board), (Health::Degraded, "certificate_refused"));

    files.put(&next, &next_key.serialize_pem());
    watch.look(now());
    assert_eq!(state(&board), (Health::Healthy, ""));
    assert_ne!(certificate.fingerprint(), first);
    fs::remove_file(files.given().cert()).unwrap();
    watch.look(now());
    watch.look(now());
    assert_eq!(state(&board), (Health::Degraded, "certificate_refused"));
}

#[test]
fn a_certificate_that_ends_soon_is_on_the_health_board_and_ours_renews_itself() {
    let files = Files::new();
    let ours = Certificate::open(files.ours(), now()).unwrap();
    let (first, board) = (ours.fingerprint(), Board::default());
    let mut watch = Watch { certificate: ours.clone(), board: board.clone(), refused: None };
    watch.look(after_days(800));
    assert_ne!(ours.fingerprint(), first);
    assert_eq!(state(&board), (Health::Healthy, ""));

    let tls = files.folder.path().join("tls");
    let given = Source::Given { cert: tls.join("cert.pem"), key: tls.join("key.pem") };
    let given = Certificate::open(given, now()).unwrap();
    let mut watch = Watch { certificate: given, board: board.clone(), refused: None };
    watch.look(after_days(1_600));
    assert_eq!(state(&board), (Health::Healthy, ""));
    watch.look(after_days(1_615));
    assert_eq!(state(&board), (Health::Degraded, "certificate_expiring"));
    watch.look(after_days(1_630));
    assert_eq!(state(&board), (Health::Degraded, "certificate_expired"));
}

#[test]
fn names_that_are_none_are_left_out_of_the_certificate() {
    use x509_parser::prelude::{FromDer, X509Certificate};
    let files = Files::new();
    let ours = Certificate::open(files.ours(), now()).unwrap();
    let key = ours.current.key.load();
    let (_, parsed) = X509Certificate::from_der(&key.cert[0]).unwrap();
    let names = parsed.subject_alternative_name().unwrap().unwrap().value.general_names.len();
    assert_eq!(names, 3, "localhost, cctv.example and 10.0.0.1");
}
