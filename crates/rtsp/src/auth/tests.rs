//! The standards' own examples, any right answer, and answers with one thing wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use base::{Mono, Secret};
use md5::Md5;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

const NOW: Mono = Mono::from_nanos(1_000_000_000);
const URL: &str = "rtsp://h/cam/trackID=0?a=b";

fn digest(header: &str) -> DigestAnswer {
    match Authorization::parse(header) {
        Some(Authorization::Digest(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn the_examples_of_rfc_7616_are_right() {
    let kept = DigestSecret::within("http-auth@example.org", "Mufasa", &secret("Circle of Life"));
    let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    for (algorithm, response) in [("MD5", "8ca523f5e9506fed4657c9700eebdbec"), ("SHA-256", sha256)]
    {
        let header = format!(
            "Digest username=\"Mufasa\",\r realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let answer = digest(&header.replace('\r', ""));
        assert!(answer.proves(&kept, "GET"), "{algorithm}");
        assert!(!answer.proves(&kept, "PUT"), "{algorithm}");
    }
}

#[test]
fn the_example_of_rfc_2617_is_right() {
    let kept = DigestSecret::within("testrealm@host.com", "Mufasa", &secret("Circle Of Life"));
    let header = "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, nc=00000001, \
        cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", \
        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert!(digest(header).proves(&kept, "GET"));
}

#[test]
fn the_example_of_rfc_7617_is_read_and_proves_itself() {
    let given = Authorization::parse("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
    let expected = Authorization::Basic { user: "Aladdin".into(), password: secret("open sesame") };
    assert_eq!(given, expected);
    assert!(!format!("{given:?}").contains("sesame"));
    let kept = DigestSecret::new("Aladdin", &secret("open sesame"));
    assert_eq!(format!("{kept:?}"), "***");
    assert!(given.proves("Aladdin", &kept, "PLAY"));
    assert!(!given.proves("Jafar", &kept, "PLAY"));
    assert!(!given.proves("Aladdin", &DigestSecret::new("Aladdin", &secret("open")), "PLAY"));
}

#[test]
fn kinds_of_digest_that_are_not_ours_are_refused() {
    let right = "Digest username=u, realm=r, nonce=n, uri=\"/\", response=ab, algorithm=MD5";
    assert!(Authorization::parse(right).is_some());
    let wrong = [
        right.replace("=MD5", "=MD5-sess"),
        right.replace("=MD5", "=SHA-256-sess"),
        right.replace("=MD5", "=SHA-512-256"),
        right.replace("Digest", "Bearer"),
        right.replace("uri=\"/\", ", ""),
        right.replace("username=u", "username*=UTF-8''u"),
        format!("{right}, userhash=true"),
        format!("{right}, qop=auth-int, nc=00000001, cnonce=c"),
        format!("{right}, qop=auth, nc=00000001"),
        format!("{right}, qop=auth, nc=+0000001, cnonce=c"),
        format!("{right}, qop=auth, nc=1, cnonce=c"),
        format!("{right}, opaque=\"{}\"", "a".repeat(5_000)),
        "Basic QWxhZGRpbg==".to_owned(),
        "Basic ////".to_owned(),
        "Digest".to_owned(),
    ];
    for header in wrong {
        assert_eq!(Authorization::parse(&header), None, "{header}");
    }
}

#[test]
fn the_best_scheme_is_offered_first_and_only_what_is_offered() {
    let all = Offer::ALL.challenges("n", true);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(
        lines,
        [
            "WWW-Authenticate: Digest realm=\"vedette\", nonce=\"n\", stale=true, algorithm=SHA-256, qop=\"auth\"",
            "WWW-Authenticate: Digest realm=\"vedette\", nonce=\"n\", stale=true, algorithm=MD5",
            "WWW-Authenticate: Basic realm=\"vedette\"",
        ]
    );
    let none = Offer { basic: false, md5: false, sha256: false };
    assert_eq!(none.challenges("n", false), "");
    let mut login = Login::new(Offer { md5: true, ..none }, Nonces::new([1; 32]));
    let url = Url::parse(URL).unwrap();
    assert_eq!(login.read(NOW, Some("Basic dTpw"), &url, false), Err(Refusal::Wrong));
    assert_eq!(login.read(NOW, None, &url, false), Ok(None));
}

#[test]
fn an_answer_may_name_the_request_in_the_ways_of_players() {
    let is_named = |uri: &str, is_setup| names(uri, &Url::parse(URL).unwrap(), is_setup);
    let whole = "/cam/trackID=0?a=b";
    for uri in
        [URL, whole, "rtsp://other:8554/cam/trackID=0?a=b", "rtsp://u:p@h/cam/trackID=0/?a=b"]
    {
        assert!(is_named(uri, false), "{uri}");
    }
    for uri in ["rtsp://h/cam", "rtsp://h/cam/", "/cam/"] {
        assert!(is_named(uri, true) && !is_named(uri, false), "{uri}");
    }
    for uri in
        ["", "*", "cam/trackID=0?a=b", "/cam/trackID=0", "/cam/trackID=1?a=b", "/ca", "/", "://"]
    {
        assert!(!is_named(uri, true), "{uri}");
    }
}

/// What a client knows and makes up.
#[derive(Clone, Debug)]
struct Client {
    user: String,
    password: String,
    is_sha256: bool,
    counted: Option<(u32, String)>,
}

fn clients() -> impl Strategy<Value = Client> {
    let counted = proptest::option::of((any::<u32>(), "[!-~]{1,20}"));
    ("[^\\p{Cc}]{0,12}", "\\PC{0,12}", any::<bool>(), counted).prop_map(
        |(user, password, is_sha256, counted)| Client { user, password, is_sha256, counted },
    )
}

/// The fields of a right answer, each with its value without quotes.
fn answer(client: &Client, nonce: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("username", client.user.clone()),
        ("realm", REALM.to_owned()),
        ("nonce", nonce.to_owned()),
        ("uri", URL.to_owned()),
        ("algorithm", if client.is_sha256 { "SHA-256" } else { "MD5" }.to_owned()),
    ];
    if let Some((count, cnonce)) = &client.counted {
        let more = [("qop", "auth".to_owned()), ("nc", format!("{count:08X}"))];
        fields.extend(more.into_iter().chain([("cnonce", cnonce.clone())]));
    }
    fields.push(("response", String::new()));
    let kept = DigestSecret::new(&client.user, &secret(&client.password));
    let answer = digest(&header(&fields));
    let response = match client.is_sha256 {
        true => answer.expected::<Sha256>(&kept.sha256, "SETUP"),
        false => answer.expected::<Md5>(&kept.md5, "SETUP"),
    };
    fields.retain(|(name, _)| *name != "response");
    fields.push(("response", response));
    fields
}

fn header(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    format!("Digest {}", fields.collect::<Vec<_>>().join(", "))
}

/// What the login and a shell that knows one user say.
fn passes(client: &Client, header: &str, method: &str) -> bool {
    let mut login = Login::new(Offer::ALL, Nonces::new([1; 32]));
    let kept = DigestSecret::new(&client.user, &secret(&client.password));
    let read = login.read(NOW, Some(header), &Url::parse(URL).unwrap(), false);
    read.is_ok_and(|given| given.is_some_and(|given| given.proves(&client.user, &kept, method)))
}

proptest! {
    #[test]
    fn any_right_answer_passes_and_with_any_field_changed_none(
        client in clients(), place in any::<prop::sample::Index>(), other in "[^\\p{Cc}]{0,20}",
    ) {
        let mut fields = answer(&client, &Nonces::new([1; 32]).mint(NOW));
        prop_assert!(passes(&client, &header(&fields), "SETUP"));
        prop_assert!(!passes(&client, &header(&fields), "PLAY"));
        let (_, value) = place.get_mut(&mut fields);
        prop_assume!(!value.eq_ignore_ascii_case(&other));
        *value = other;
        prop_assert!(!passes(&client, &header(&fields), "SETUP"));
    }

    #[test]
    fn no_answer_passes_without_one_of_its_fields(client in clients(), place in any::<prop::sample::Index>()) {
        let mut fields = answer(&client, &Nonces::new([1; 32]).mint(NOW));
        let (name, _) = fields.remove(place.index(fields.len()));
        // MD5 is what is meant when nothing is said.
        prop_assume!(name != "algorithm" || client.is_sha256);
        prop_assert!(!passes(&client, &header(&fields), "SETUP"));
    }

    #[test]
    fn any_basic_credentials_are_read_as_they_were_written(user in "[^:]{0,12}", password in ".{0,12}") {
        let text = base64_simd::STANDARD.encode_to_string(format!("{user}:{password}"));
        let expected = Authorization::Basic { user, password: Secret::new(password) };
        prop_assert_eq!(Authorization::parse(&format!("Basic {text}")), Some(expected));
    }

    #[test]
    fn any_header_is_read_or_refused(scheme in "(Basic|Digest|\\PC{0,5})", text in ".{0,200}") {
        let _ = Authorization::parse(&format!("{scheme} {text}"));
    }

    #[test]
    fn any_list_of_fields_is_read_or_refused(fields in proptest::collection::vec(
        ("(username|realm|nonce|uri|response|algorithm|qop|nc|cnonce|x)", "(\"[^\"]{0,9}\"?|MD5|auth|[^,]{0,9})"), 0..12,
    )) {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let header = format!("Digest {}", fields.join(","));
        let mut login = Login::new(Offer::ALL, Nonces::new([1; 32]));
        prop_assert!(login.read(NOW, Some(&header), &Url::parse(URL).unwrap(), true).is_err());
    }
}
