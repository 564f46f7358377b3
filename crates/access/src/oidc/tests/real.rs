//! A certified provider in a process of its own: `e2e/oidc/provider.mjs`.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base::{Clock, ManualClock, SystemClock};
use catalog::{Agencies, Role};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use super::{config, start};
use crate::oidc::{Begin, Error, Identity, Pending, Provider};

const BACK: &str = "http://127.0.0.1:9/api/oidc/callback";

/// The process; it ends with this.
struct Real {
    issuer: String,
    control: String,
    http: Client,
    _process: Child,
}

impl Real {
    /// `None`, loudly, where node or the package is not installed.
    async fn start() -> Option<Self> {
        let folder =
            Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../e2e/oidc");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            eprintln!("SKIPPED: no OpenID provider; run `npm ci` in e2e/oidc");
            return None;
        }
        let mut command = Command::new("node");
        command.arg("provider.mjs").arg(BACK).current_dir(folder).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut process) = command.spawn() else {
            eprintln!("SKIPPED: no node for the OpenID provider");
            return None;
        };
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("its addresses");
        let says: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| says[name].as_str().unwrap().to_owned();
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Some(Self { issuer: text("issuer"), control: text("control"), http, _process: process })
    }

    /// Posts to the control address.
    async fn control(&self, path: &str) -> String {
        let answer = self.http.post(format!("{}{path}", self.control)).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.text().await.unwrap()
    }

    /// Signs in as a browser would: the answer's state and code.
    async fn sign_in(&self, url: Url, user: &str) -> (String, String) {
        let mut browser = Browser { http: &self.http, cookies: BTreeMap::new() };
        let page = browser.follow(Method::GET, url, "").await.unwrap_err().text().await.unwrap();
        let action = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = format!("prompt=login&login={user}&password=x");
        let back = browser.follow(Method::POST, action.parse().unwrap(), &form).await;
        let back = back.expect("back to us");
        let of =
            |name: &str| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        (of("state"), of("code"))
    }
}

/// As much of a browser as a login page needs.
struct Browser<'a> {
    http: &'a Client,
    cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    /// Follows redirects to our own address, or to a page.
    async fn follow(&mut self, method: Method, url: Url, form: &str) -> Result<Url, Response> {
        let (mut method, mut url, mut form) = (method, url, form.to_owned());
        while !url.as_str().starts_with(BACK) {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request =
                self.http.request(method, url.clone()).header("cookie", cookies.join("; "));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = request.body(form).send().await.unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(next) = answer.headers().get("location") else { return Err(answer) };
            url = url.join(next.to_str().unwrap()).unwrap();
            (method, form) = (Method::GET, String::new());
        }
        Ok(url)
    }
}

async fn finished(
    provider: &Provider,
    real: &Real,
    user: &str,
) -> (Result<Identity, Error>, Pending, String) {
    let Begin { url, pending } = provider.begin(BACK).await.unwrap();
    let (state, code) = real.sign_in(url, user).await;
    (provider.finish(pending.clone(), &state, &code).await, pending, code)
}

#[tokio::test]
async fn a_certified_provider_signs_people_in_by_the_code_flow() {
    let Some(real) = Real::start().await else { return };
    let (provider, _scope) = start(config(&real.issuer), &ManualClock::at(SystemClock.wall()));
    let (anna, pending, code) = finished(&provider, &real, "anna").await;
    let anna = anna.unwrap();
    assert_eq!(
        (anna.name.as_str(), anna.role, anna.agencies),
        ("anna", Role::Admin, Agencies::All)
    );
    let again = provider.finish(pending.clone(), &pending.state, &code).await.unwrap_err();
    assert_eq!(again.code(), "oidc_refused", "a code counts once");
    let omar = finished(&provider, &real, "omar").await.0.unwrap();
    assert_eq!((omar.subject.as_str(), omar.role), ("omar", Role::Viewer));
    assert_eq!(omar.agencies, Agencies::Only(["METRO".to_owned()].into()));
    assert_eq!(finished(&provider, &real, "nora").await.0, Err(Error::NoRole));
    // Somebody else's verifier: the provider checks PKCE.
    let Begin { url, pending } = provider.begin(BACK).await.unwrap();
    let (state, code) = real.sign_in(url, "anna").await;
    let verifier = provider.begin(BACK).await.unwrap().pending.verifier;
    let stolen = provider.finish(Pending { verifier, ..pending }, &state, &code).await;
    assert_eq!(stolen.unwrap_err().code(), "oidc_refused");
}

#[tokio::test]
async fn access_tokens_of_a_certified_provider_count_and_outlive_no_change_of_keys() {
    let Some(real) = Real::start().await else { return };
    let clock = ManualClock::at(SystemClock.wall());
    let (provider, _scope) = start(config(&real.issuer), &clock);
    let old = real.control("/token?sub=omar").await;
    let omar = provider.bearer(&old).await.unwrap();
    assert_eq!((omar.name.as_str(), omar.role), ("omar", Role::Viewer));
    let elsewhere = real.control("/token?sub=anna&aud=somebody").await;
    assert_eq!(provider.bearer(&elsewhere).await, Err(Error::Token("for somebody else")));
    assert_eq!(provider.bearer(&real.control("/token?sub=nora").await).await, Err(Error::NoRole));
    real.control("/rotate").await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(
        provider.bearer(&real.control("/token?sub=anna").await).await.unwrap().role,
        Role::Admin
    );
    assert_eq!(provider.bearer(&old).await.unwrap_err().code(), "token_invalid");
    assert_eq!(finished(&provider, &real, "anna").await.0.unwrap().role, Role::Admin);
    clock.advance(Duration::from_secs(2 * 3_600));
    let late = provider.bearer(&real.control("/token?sub=anna").await).await;
    assert_eq!(late, Err(Error::Expired));
}
