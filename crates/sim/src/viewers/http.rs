//! The HTTP client that viewers share; each keeps its connection by keeping a request under way.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use reqwest::{Client, Response, Url};

/// Blocking reloads take as long as a segment may.
const TIMEOUT: Duration = Duration::from_secs(20);
const BODY_MAX: usize = 64 << 20;

pub(super) fn client() -> anyhow::Result<Client> {
    let client = Client::builder().timeout(TIMEOUT).tcp_nodelay(true).pool_max_idle_per_host(1_000);
    client.build().context("an HTTP client")
}

/// Where it is after redirects, and its body.
pub(super) async fn get(client: &Client, url: &Url) -> anyhow::Result<(Url, Bytes)> {
    let response = client.get(url.clone()).send().await.map_err(without_address)?;
    let at = response.url().clone();
    Ok((at, body(response).await?))
}

/// The body of an answer that is a success.
pub(super) async fn body(mut response: Response) -> anyhow::Result<Bytes> {
    let status = response.status();
    ensure!(status.is_success(), "answered {status}");
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(without_address)? {
        ensure!(body.len() + chunk.len() <= BODY_MAX, "a body without end");
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The cause alone: addresses differ from viewer to viewer, and may hold secrets.
pub(super) fn without_address(error: reqwest::Error) -> anyhow::Error {
    anyhow::Error::new(error.without_url())
}
