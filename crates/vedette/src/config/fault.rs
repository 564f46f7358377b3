//! What is wrong with a configuration: where, which key, and what would be right.

use super::tree::Origin;

/// One fault. A start collects all of them before it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub origin: String,
    pub key: String,
    pub problem: String,
    pub remedy: String,
}

impl Fault {
    pub fn new(
        origin: &Origin,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            origin: origin.to_string(),
            key: key.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { origin, key, problem, remedy } = self;
        match key.is_empty() {
            true => write!(f, "{origin}: {problem}; {remedy}"),
            false => write!(f, "{origin}: {key}: {problem}; {remedy}"),
        }
    }
}

/// All faults of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl std::error::Error for Faults {}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let faults: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&faults.join("\n"))
    }
}
