//! Bearer tokens over time: keys fetched, rotated, away.

use std::collections::BTreeMap;
use std::time::Duration;

use catalog::{Agencies, Role};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::issuer::{Issuer, Reply};
use super::signer::{Signer, claims, key_set};
use super::{NOW, clock, config, start};
use crate::oidc::fetch::ANSWER_MAX;
use crate::oidc::{Config, Error};

fn agencies(names: &[&str]) -> Agencies {
    Agencies::Only(names.iter().map(|&name| name.to_owned()).collect())
}

#[tokio::test]
async fn a_token_becomes_somebody_with_a_role_and_agencies() {
    let signer = Signer::new("a", Algorithm::RS256);
    let issuer = Issuer::start(&[&signer]).await;
    let (provider, _scope) = start(config(&issuer.url), &clock());
    assert_eq!(issuer.looks(), 0, "nothing is asked before it is needed");
    let who = provider.bearer(&signer.sign(&claims(&issuer.url, json!({})))).await.unwrap();
    assert_eq!((who.subject.as_str(), who.name.as_str()), ("anna", "Anna"));
    assert_eq!((who.role, who.agencies), (Role::Operator, agencies(&["BUS", "METRO"])));
    assert_eq!(who.expires_at.as_secs(), NOW + 3_600);
    for _ in 0..5 {
        provider.bearer(&signer.sign(&claims(&issuer.url, json!({})))).await.unwrap();
    }
    assert_eq!(issuer.looks(), 1);
}

#[tokio::test]
async fn claims_mean_what_the_configuration_says() {
    let signer = Signer::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&signer]).await;
    let text = |text: &str| text.to_owned();
    let mapped = Config {
        name_claim: text("profile.nick"),
        role_claim: text("realm_access.roles"),
        roles: BTreeMap::from(
            [("staff", "viewer"), ("chief", "supervisor"), ("root", "admin")]
                .map(|(a, b)| (text(a), text(b))),
        ),
        agency_claim: text("https://example.org/groups"),
        agencies: BTreeMap::from([
            (text("transport"), vec![text("METRO"), text("BUS")]),
            (text("everywhere"), vec![text("*")]),
        ]),
        ..config(&issuer.url)
    };
    let (provider, _scope) = start(mapped, &clock());
    let who = async |roles: Value, groups: Value| {
        let change = json!({ "profile": { "nick": "An\u{7}na" }, "realm_access": { "roles": roles }, "https://example.org/groups": groups });
        provider.bearer(&signer.sign(&claims(&issuer.url, change))).await
    };
    let chief =
        who(json!(["staff", "chief", "unknown", 7]), json!(["transport", "other"])).await.unwrap();
    assert_eq!((chief.name.as_str(), chief.role), ("Anna", Role::Supervisor));
    assert_eq!(chief.agencies, agencies(&["BUS", "METRO"]));
    assert_eq!(who(json!("staff"), json!("everywhere")).await.unwrap().agencies, Agencies::All);
    assert_eq!(who(json!("staff"), json!(null)).await.unwrap().agencies, Agencies::none());
    assert_eq!(who(json!("root"), json!([])).await.unwrap().agencies, Agencies::All);
    // Our own words mean nothing where others were given.
    for roles in [json!(["admin"]), json!([]), json!(null), json!({ "root": 1 }), json!(["Root"])] {
        assert_eq!(who(roles, json!([])).await, Err(Error::NoRole));
    }
}

#[tokio::test]
async fn a_new_key_counts_without_a_restart_and_an_old_one_no_more() {
    let (old, new) = (Signer::new("old", Algorithm::RS256), Signer::new("new", Algorithm::ES256));
    let issuer = Issuer::start(&[&old]).await;
    let clock = clock();
    let (provider, _scope) = start(config(&issuer.url), &clock);
    let token = |signer: &Signer| signer.sign(&claims(&issuer.url, json!({})));
    provider.bearer(&token(&old)).await.unwrap();
    issuer.set_keys(Reply::Json(200, key_set(&[&new])));
    // Strangers' keys are not asked for more than once in ten seconds.
    for _ in 0..5 {
        assert_eq!(provider.bearer(&token(&new)).await.unwrap_err().code(), "token_invalid");
    }
    assert_eq!(issuer.looks(), 1);
    clock.advance(Duration::from_secs(10));
    provider.bearer(&token(&new)).await.unwrap();
    assert_eq!(issuer.looks(), 1);
    assert_eq!(
        provider.bearer(&token(&old)).await,
        Err(Error::Token("signed with an unknown key"))
    );
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_end_what_others_wait_for() {
    let (old, new) = (Signer::new("old", Algorithm::ES256), Signer::new("new", Algorithm::ES256));
    let issuer = Issuer::start(&[&old]).await;
    let clock = clock();
    let (provider, _scope) = start(config(&issuer.url), &clock);
    let token = |signer: &Signer| signer.sign(&claims(&issuer.url, json!({})));
    provider.bearer(&token(&old)).await.unwrap();
    issuer.set_keys(Reply::Json(200, key_set(&[&new])));
    clock.advance(Duration::from_secs(10));
    let (leaver, text) = (provider.clone(), token(&new));
    let mut left = Box::pin(async move { leaver.bearer(&text).await });
    // Asked once, then gone.
    let asked = std::future::poll_fn(|context| {
        std::task::Poll::Ready(left.as_mut().poll(context).is_pending())
    });
    assert!(asked.await);
    drop(left);
    provider.bearer(&token(&new)).await.unwrap();
}

#[tokio::test]
async fn while_the_provider_is_away_known_keys_still_count() {
    let (signer, other) = (Signer::new("a", Algorithm::ES256), Signer::new("b", Algorithm::ES256));
    let issuer = Issuer::start(&[&signer]).await;
    let clock = clock();
    let (provider, _scope) = start(config(&issuer.url), &clock);
    let later = json!({ "exp": NOW + 100_000 });
    let token = |signer: &Signer| signer.sign(&claims(&issuer.url, later.clone()));
    provider.bearer(&token(&signer)).await.unwrap();
    issuer.set_metadata(Reply::Gone);
    clock.advance(Duration::from_secs(2 * 3_600));
    provider.bearer(&token(&signer)).await.unwrap();
    let error = provider.bearer(&token(&other)).await.unwrap_err();
    assert_eq!(error.code(), "oidc_unavailable");
    assert!(error.kind().retry_helps(), "{error}");
    // Back again, with other keys: found behind the callers' back.
    issuer.set_metadata(Reply::Json(200, Issuer::metadata(&issuer.url)));
    issuer.set_keys(Reply::Json(200, key_set(&[&other])));
    clock.advance(Duration::from_secs(10));
    provider.bearer(&token(&other)).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_was_never_reached_is_named_with_the_reason() {
    let signer = Signer::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&signer]).await;
    let clock = clock();
    let (provider, _scope) = start(config(&issuer.url), &clock);
    let token = signer.sign(&claims(&issuer.url, json!({})));
    let elsewhere = Reply::Elsewhere(format!("{}/keys", issuer.url));
    let mut other = Issuer::metadata(&issuer.url);
    other["issuer"] = json!("https://id.example.org");
    let mut plain = Issuer::metadata(&issuer.url);
    plain["token_endpoint"] = json!("http://id.example.org/token");
    for (reply, reason) in [
        (Reply::Json(503, json!({})), "answered 503"),
        (Reply::Json(200, json!([])), "cannot be read"),
        (Reply::Json(200, other), "of issuer `https://id.example.org`"),
        (Reply::Json(200, plain), "`token_endpoint` in its metadata: plain http"),
        (elsewhere.clone(), "answered 302"),
        (Reply::Huge(ANSWER_MAX + 1), "more than 262144 bytes"),
        (Reply::Gone, "openid-configuration: "),
    ] {
        issuer.set_metadata(reply);
        let error = provider.bearer(&token).await.unwrap_err();
        assert_eq!(error.code(), "oidc_unavailable");
        assert!(error.to_string().contains(reason), "{error}");
        clock.advance(Duration::from_secs(10));
    }
    assert_eq!(issuer.looks(), 0, "no redirect is followed");
    issuer.set_metadata(Reply::Json(200, Issuer::metadata(&issuer.url)));
    for reply in [elsewhere, Reply::Huge(ANSWER_MAX + 1), Reply::Json(200, json!({ "keys": [] }))] {
        issuer.set_keys(reply);
        assert_eq!(provider.bearer(&token).await.unwrap_err().code(), "oidc_unavailable");
        clock.advance(Duration::from_secs(10));
    }
    issuer.set_keys(Reply::Json(200, key_set(&[&signer])));
    assert!(provider.bearer(&token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_given_up() {
    let signer = Signer::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&signer]).await;
    issuer.set_metadata(Reply::Silence);
    let (provider, _scope) = start(config(&issuer.url), &clock());
    let error = provider.bearer(&signer.sign(&claims(&issuer.url, json!({})))).await.unwrap_err();
    assert!(error.to_string().contains("no answer in 10 s"), "{error}");
}

#[tokio::test]
async fn a_provider_with_faults_is_not_started_and_one_that_ended_says_so() {
    let scope = base::task::Scope::new(tokio::runtime::Handle::current());
    let bad = Config { roles: BTreeMap::from([("a".into(), "boss".into())]), ..config("x") };
    let clock: std::sync::Arc<dyn base::Clock> = std::sync::Arc::new(clock());
    let error = crate::oidc::Provider::start(bad, clock, &scope).err().unwrap();
    assert!(
        error.to_string().contains("issuer") && error.to_string().contains("`boss`"),
        "{error}"
    );
    let (provider, scope) = start(config("http://127.0.0.1:1"), &super::clock());
    assert!(scope.close(Duration::from_secs(5)).await.is_empty());
    let error = provider.begin("http://localhost/back").await.unwrap_err();
    assert!(error.to_string().contains("stopping"), "{error}");
}
