//! The address of a rule, in which parts of the asked path stand. Pure.
//!
//! What a reader asks for never chooses the host, the port or the credentials: places are only allowed
//! behind them, and what is put there is encoded and climbs out of no folder.

use super::RuleFault;

/// An address with places for groups: `{1}` or `$G1`; `{0}` is the whole path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a template for a pattern of so many groups.
    pub(super) fn read(text: &str, groups: usize) -> Result<Self, RuleFault> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, group, after)) = next_place(rest) {
            if group > groups {
                return Err(RuleFault::NoSuchGroup(group));
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Group(group));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = Self { pieces };
        if template.has_places() && !template.is_fixed_before_the_path() {
            return Err(RuleFault::GroupInHost);
        }
        Ok(template)
    }

    /// True when the asked path has a part in the address.
    pub(super) fn has_places(&self) -> bool {
        self.pieces.len() > 1
    }

    /// True when scheme, credentials, host and port are all text.
    fn is_fixed_before_the_path(&self) -> bool {
        let Some(Piece::Text(first)) = self.pieces.first() else { return false };
        first
            .split_once("://")
            .is_some_and(|(_, rest)| rest.contains(['/', '?', '#']) && !rest.starts_with('/'))
    }

    /// The address for a path; `None` when it would lead out of its folder.
    pub(super) fn fill(&self, groups: &[&str]) -> Option<String> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(group) => encode(groups.get(*group)?, &mut out),
            }
        }
        let climbs =
            self.has_places() && out.split(['/', '?', '#']).any(|part| part == "." || part == "..");
        (!climbs).then_some(out)
    }
}

/// What is before the first place, its group, and what is after it.
fn next_place(text: &str) -> Option<(&str, usize, &str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(['{', '$']).map(|at| from + at) {
        let (before, rest) = text.split_at_checked(at)?;
        let place = match rest.strip_prefix('{') {
            Some(inner) => {
                inner.split_once('}').and_then(|(digits, after)| Some((number(digits)?, after)))
            }
            None => rest.strip_prefix("$G").and_then(|inner| {
                let len = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
                let (digits, after) = inner.split_at_checked(len)?;
                Some((number(digits)?, after))
            }),
        };
        if let Some((group, after)) = place {
            return Some((before, group, after));
        }
        from = at + 1;
    }
    None
}

fn number(digits: &str) -> Option<usize> {
    let fits = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

/// Everything but what may stand in a path unencoded.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}
