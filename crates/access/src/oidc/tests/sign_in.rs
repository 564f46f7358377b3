//! The code flow, from the button to somebody with a role.

use base::Secret;
use catalog::Role;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::issuer::{Issuer, Reply, basic, fields};
use super::signer::{Signer, claims};
use super::{clock, config, start};
use crate::oidc::{Begin, Config, Error, Identity, Provider};

const BACK: &str = "https://cctv.example.org/api/oidc/callback";

/// Begins, has the issuer answer with these claims, and finishes.
async fn sign_in(
    provider: &Provider,
    issuer: &Issuer,
    signer: &Signer,
    change: Value,
) -> Result<Identity, Error> {
    let Begin { pending, .. } = provider.begin(BACK).await?;
    let mut all = json!({ "nonce": pending.nonce });
    all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let id_token = signer.sign(&claims(&issuer.url, all));
    let answer = json!({ "id_token": id_token, "access_token": "opaque", "token_type": "Bearer" });
    issuer.set_token(Reply::Json(200, answer));
    let state = pending.state.clone();
    provider.finish(pending, &state, "c/1+ä").await
}

#[tokio::test]
async fn a_sign_in_ends_with_somebody_who_has_a_role() {
    let signer = Signer::new("a", Algorithm::RS256);
    let issuer = Issuer::start(&[&signer]).await;
    let (provider, _scope) = start(config(&issuer.url), &clock());
    let begin = provider.begin(BACK).await.unwrap();
    assert!(begin.url.as_str().starts_with(&format!("{}/auth?response_type=code", issuer.url)));
    let who = sign_in(&provider, &issuer, &signer, json!({})).await.unwrap();
    assert_eq!((who.subject.as_str(), who.role), ("anna", Role::Operator));
    let requests = issuer.requests();
    let (_, authorization, form) = requests.iter().find(|(path, ..)| path == "/token").unwrap();
    let form = fields(form);
    let of = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(authorization, "", "a public client shows no secret");
    assert_eq!((of("client_id"), of("client_secret")), (Some("vedette"), None));
    assert_eq!((of("code"), of("redirect_uri")), (Some("c/1+ä"), Some(BACK)));
    assert_eq!(of("grant_type"), Some("authorization_code"));
    assert_eq!(of("code_verifier").map(str::len), Some(43));
}

#[tokio::test]
async fn a_secret_is_shown_in_the_way_that_the_metadata_names() {
    let signer = Signer::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&signer]).await;
    for (methods, in_header) in
        [(json!(["client_secret_basic"]), true), (json!(["client_secret_post"]), false)]
    {
        let mut metadata = Issuer::metadata(&issuer.url);
        metadata["token_endpoint_auth_methods_supported"] = methods;
        issuer.set_metadata(Reply::Json(200, metadata));
        let secret = Secret::new("s:1".to_owned());
        let (provider, _scope) =
            start(Config { client_secret: secret, ..config(&issuer.url) }, &clock());
        sign_in(&provider, &issuer, &signer, json!({})).await.unwrap();
        let requests = issuer.requests();
        let (_, authorization, form) = requests.iter().find(|(path, ..)| path == "/token").unwrap();
        assert_eq!(form.contains("client_secret=s%3A1"), !in_header);
        assert!(!in_header || basic(authorization) == "vedette:s%3A1");
    }
}

#[tokio::test]
async fn what_belongs_to_no_sign_in_of_this_browser_is_refused() {
    let (signer, other) = (Signer::new("a", Algorithm::ES256), Signer::new("a", Algorithm::ES256));
    let issuer = Issuer::start(&[&signer]).await;
    let (provider, _scope) = start(config(&issuer.url), &clock());
    let pending = async || provider.begin(BACK).await.unwrap().pending;
    let (one, two) = (pending().await, pending().await);
    assert!(one.state != two.state && one.nonce != two.nonce && one.verifier != two.verifier);
    assert_eq!(provider.finish(one.clone(), &two.state, "c").await, Err(Error::State));
    assert_eq!(provider.finish(one.clone(), "", "c").await, Err(Error::State));
    assert_eq!(provider.finish(one.clone(), &one.state, "").await, Err(Error::State));
    assert_eq!(
        provider.finish(one.clone(), &one.state, &"c".repeat(5_000)).await,
        Err(Error::State)
    );
    assert!(issuer.requests().iter().all(|(path, ..)| path != "/token"));
    let of = async |change: Value| sign_in(&provider, &issuer, &signer, change).await.unwrap_err();
    assert_eq!(of(json!({ "nonce": two.nonce })).await, Error::Token("of another sign-in"));
    assert_eq!(of(json!({ "aud": "somebody" })).await.code(), "token_invalid");
    assert_eq!(of(json!({ "aud": ["vedette", "x"] })).await.code(), "token_invalid");
    assert_eq!(of(json!({ "roles": ["guest"] })).await, Error::NoRole);
    let forged = sign_in(&provider, &issuer, &other, json!({})).await;
    assert_eq!(forged, Err(Error::Token("a wrong signature")));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_providers_words_and_a_bad_answer_is_its_fault() {
    let signer = Signer::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&signer]).await;
    let (provider, _scope) = start(config(&issuer.url), &clock());
    let finish = async |reply: Reply| {
        let pending = provider.begin(BACK).await.unwrap().pending;
        issuer.set_token(reply);
        let state = pending.state.clone();
        provider.finish(pending, &state, "c").await.unwrap_err()
    };
    let description = format!("used up\r\nX: {}", "y".repeat(500));
    let refused = finish(Reply::Json(
        400,
        json!({ "error": "invalid_grant", "error_description": description }),
    ))
    .await;
    assert_eq!(refused.code(), "oidc_refused");
    assert!(refused.to_string().contains("invalid_grant: used upX: y"), "{refused}");
    assert!(refused.to_string().len() < 300 && !refused.to_string().contains('\n'));
    for reply in [
        Reply::Json(502, json!("x")),
        Reply::Json(200, json!({ "access_token": "x" })),
        Reply::Elsewhere(format!("{}/keys", issuer.url)),
        Reply::Huge(300_000),
        Reply::Gone,
    ] {
        assert_eq!(finish(reply).await.code(), "oidc_unavailable");
    }
}
