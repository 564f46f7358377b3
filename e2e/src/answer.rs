//! What a server answers.

use anyhow::{Context, Result};
use serde_json::Value;

/// An answer of HTTP.
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: ureq::http::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| self.text())
    }

    /// The code of the problem; empty when it is none.
    #[must_use]
    pub fn code(&self) -> String {
        let json = self.json().unwrap_or_default();
        json.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The answer, when its status is `status`.
    ///
    /// # Errors
    /// What was answered instead.
    pub fn expect(self, status: u16) -> Result<Self> {
        anyhow::ensure!(self.status == status, "not {status}: {} {}", self.status, self.text());
        Ok(self)
    }
}
