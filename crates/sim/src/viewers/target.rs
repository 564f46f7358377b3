//! Where viewers look: an address that may hold the number of a stream. Pure.

use anyhow::{Context, ensure};

/// An address with `{n}` (each viewer has a stream of its own) or `{n:20}` (twenty streams in turn), or
/// without (all have the same).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    before: String,
    /// Streams, and what follows their number; none of it when all have the same.
    numbered: Option<(u32, String)>,
}

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// When what is in the braces is not `n` or `n:COUNT`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let Some((before, rest)) = text.split_once('{') else {
            return Ok(Self { before: text.to_owned(), numbered: None });
        };
        let (what, after) = rest.split_once('}').context("{n} or {n:COUNT}")?;
        let count = match what.split_once(':') {
            Some(("n", count)) => count.parse().context("{n:COUNT}: a number")?,
            None if what == "n" => u32::MAX,
            _ => anyhow::bail!("{{n}} or {{n:COUNT}}"),
        };
        ensure!(count > 0, "{{n:COUNT}}: at least 1");
        Ok(Self { before: before.to_owned(), numbered: Some((count, after.to_owned())) })
    }

    /// The address for a viewer, the first of whom is 0; streams count from 1.
    #[must_use]
    pub fn of(&self, viewer: u32) -> String {
        match &self.numbered {
            None => self.before.clone(),
            Some((count, after)) => format!("{}{}{after}", self.before, viewer % count + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_are_spread_over_streams() {
        let of = |text: &str| {
            let target = Target::parse(text).expect("an address");
            [0, 1, 2].map(|viewer| target.of(viewer))
        };
        assert_eq!(of("rtsp://h/cam1"), ["rtsp://h/cam1"; 3]);
        assert_eq!(of("rtsp://h/cam{n}"), ["rtsp://h/cam1", "rtsp://h/cam2", "rtsp://h/cam3"]);
        assert_eq!(of("http://h/c{n:2}/x"), ["http://h/c1/x", "http://h/c2/x", "http://h/c1/x"]);
        for wrong in ["a{", "a{m}", "a{n:0}", "a{n:x}"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
