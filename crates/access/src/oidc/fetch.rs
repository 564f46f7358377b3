//! The one place that calls the provider: addresses checked, answers bounded in size and time, no
//! redirect followed, no proxy and no cookie.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use url::{Host, Url};

use super::Error;
use super::error::clean;

/// Of an answer as much as is read.
pub(super) const ANSWER_MAX: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// May this address be called for an issuer that is (or is not) on this machine? Says why not.
pub(super) fn check_address(url: &Url, is_loopback: bool) -> Result<(), String> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback && is_loopback_host(url) => {}
        "http" => return Err("plain http; https is needed".to_owned()),
        scheme => return Err(format!("`{}` is not https", clean(scheme))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user".to_owned());
    }
    match url.fragment() {
        Some(_) => Err("an address with a fragment".to_owned()),
        None => Ok(()),
    }
}

/// True for names and addresses of this machine alone.
pub(super) fn is_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A client with bounds.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    client: Client,
}

/// An answer: whether it was a success, and its body.
pub(super) struct Answer {
    pub(super) is_success: bool,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Fetch {
    pub(super) fn new() -> Result<Self, Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .no_proxy()
            .user_agent(concat!("vedette/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|err| Error::Unavailable(format!("no HTTPS client: {}", cause(err))))?;
        Ok(Self { client })
    }

    /// What stands at `url`; anything but a success is an error.
    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, Error> {
        let answer = send(self.client.get(url.clone()), url).await?;
        match answer.is_success {
            true => Ok(answer.body),
            false => Err(Error::Unavailable(format!("{url} answered {}", answer.status))),
        }
    }

    /// Posts a form, with a user and password if there are some.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: String,
        authorization: Option<String>,
    ) -> Result<Answer, Error> {
        let mut request = self
            .client
            .post(url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        send(request, url).await
    }
}

async fn send(request: RequestBuilder, url: &Url) -> Result<Answer, Error> {
    let failed = |err| Error::Unavailable(format!("{url}: {}", cause(err)));
    let response = request.send().await.map_err(failed)?;
    let (is_success, status) = (response.status().is_success(), response.status().as_u16());
    let body = body(response, url).await?;
    Ok(Answer { is_success, status, body })
}

async fn body(mut response: Response, url: &Url) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|err| Error::Unavailable(format!("{url}: {}", cause(err))))?
    {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(Error::Unavailable(format!("{url}: more than {ANSWER_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost reason, which is the one that helps.
fn cause(err: reqwest::Error) -> String {
    if err.is_timeout() {
        return format!("no answer in {} s", TIMEOUT.as_secs());
    }
    let err = err.without_url();
    let mut innermost: &dyn std::error::Error = &err;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    clean(&innermost.to_string())
}
