//! The name of a rule as a pattern of paths. Pure.

use base::StreamPath;
use regex::{Regex, RegexBuilder};

use super::RuleFault;

/// A longer name is none.
const NAME_LEN_MAX: usize = 512;
/// Compiled size of one expression, bytes. Matching is linear in the path, which has 255 at most.
const EXPRESSION_BYTES_MAX: usize = 1 << 20;
const NEST_MAX: u32 = 32;
/// The name of the rule for every path that no other rule takes.
pub const ALL_OTHERS: &str = "all_others";

/// Which paths a rule is for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// This one.
    Exact(StreamPath),
    /// Those that fit. Its groups are what templates may name.
    Expression(Regex),
    /// Those that no other rule takes.
    AllOthers,
}

impl Pattern {
    /// Reads a name: `~expression`, a text in which each `*` stands for a part of a path (and is a
    /// group), `all_others`, or a path.
    pub(super) fn read(name: &str) -> Result<Self, RuleFault> {
        if name.len() > NAME_LEN_MAX {
            return Err(RuleFault::Name("longer than 512 bytes".to_owned()));
        }
        if name == ALL_OTHERS {
            return Ok(Self::AllOthers);
        }
        if let Some(expression) = name.strip_prefix('~') {
            return compile(expression).map(Self::Expression);
        }
        if name.contains('*') {
            return compile(&of_glob(name)?).map(Self::Expression);
        }
        StreamPath::new(name).map(Self::Exact).map_err(|error| RuleFault::Name(error.to_string()))
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Expression(expression) => expression.captures_len() - 1,
            Self::Exact(_) | Self::AllOthers => 0,
        }
    }
}

/// Each `*` stands for at least one character, and for none that ends a part.
fn of_glob(name: &str) -> Result<String, RuleFault> {
    let parts: Vec<String> = name.split('*').map(regex::escape).collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~/*".contains(c);
    if !name.chars().all(fits) {
        return Err(RuleFault::Name("a character that no path has".to_owned()));
    }
    Ok(format!("^{}$", parts.join("([^/]+)")))
}

fn compile(expression: &str) -> Result<Regex, RuleFault> {
    let built = RegexBuilder::new(expression)
        .size_limit(EXPRESSION_BYTES_MAX)
        .dfa_size_limit(EXPRESSION_BYTES_MAX)
        .nest_limit(NEST_MAX)
        .build();
    // Only the last line says what is wrong; those before it draw a picture.
    built.map_err(|error| {
        let text = error.to_string();
        let line = text.lines().last().unwrap_or_default();
        RuleFault::Expression(line.trim_start_matches("error: ").to_owned())
    })
}
