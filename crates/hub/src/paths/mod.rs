//! Which paths may exist beside those of cameras, and how they are fed: the rules. Pure.
//!
//! The most exact rule wins: a rule that names the path, else the first pattern in the order in which they
//! were written, else `all_others`. `<path>/h264`, `<path>/opus` and `<path>/aac` are made of their path,
//! and `<path>/sub` is its second stream where its rule has one: they are under the rule of that path,
//! so that they are the same agency's.

mod pattern;
mod rule;
mod template;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use base::StreamPath;

pub use pattern::ALL_OTHERS;
pub use rule::{Address, Hooks, NotPublishable, Publishable, Pull, Rule, RuleFault};

use pattern::Pattern;
use template::Template;

/// More rules than this are refused.
pub const RULES_MAX: usize = 10_000;
/// Patterns are tried one after the other.
pub const PATTERNS_MAX: usize = 1_000;

/// A stream that is made of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derivation {
    /// H.264 without reordered pictures.
    H264,
    /// The pictures as they are, the sound as Opus.
    Opus,
    /// The pictures as they are, the sound as AAC.
    Aac,
}

impl Derivation {
    /// What a path is made of, and how; `None` for one that stands for itself.
    #[must_use]
    pub fn of(path: &StreamPath) -> Option<(StreamPath, Self)> {
        let (base, last) = path.as_str().rsplit_once('/')?;
        let made = match last {
            "h264" => Self::H264,
            "opus" => Self::Opus,
            "aac" => Self::Aac,
            _ => return None,
        };
        StreamPath::new(base).ok().map(|base| (base, made))
    }

    /// The last part of such a path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Opus => "opus",
            Self::Aac => "aac",
        }
    }
}

/// All rules, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Compiled>,
    exact: HashMap<StreamPath, usize>,
    patterns: Vec<usize>,
    all_others: Option<usize>,
}

#[derive(Clone, Debug)]
struct Compiled {
    rule: Rule,
    pattern: Pattern,
    url: Option<Template>,
    sub_url: Option<Template>,
}

/// The rule of a path.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    compiled: &'a Compiled,
    groups: Vec<String>,
    is_sub: bool,
    derivation: Option<Derivation>,
}

impl Rules {
    /// Takes rules in their order.
    ///
    /// # Errors
    /// The first that is wrong, by its name.
    pub fn new(rules: Vec<Rule>) -> Result<Self, (String, RuleFault)> {
        let mut out = Self::default();
        for rule in rules {
            let name = rule.name.clone();
            out.add(rule).map_err(|fault| (name, fault))?;
        }
        Ok(out)
    }

    fn add(&mut self, rule: Rule) -> Result<(), RuleFault> {
        let index = self.rules.len();
        let compiled = Compiled::new(rule)?;
        let is_new = match &compiled.pattern {
            Pattern::Exact(path) => self.exact.insert(path.clone(), index).is_none(),
            Pattern::Expression(_) => {
                self.patterns.push(index);
                self.rules.iter().all(|other| other.rule.name != compiled.rule.name)
            }
            Pattern::AllOthers => self.all_others.replace(index).is_none(),
        };
        if !is_new {
            return Err(RuleFault::Twice);
        }
        if index >= RULES_MAX || self.patterns.len() > PATTERNS_MAX {
            return Err(RuleFault::TooMany);
        }
        self.rules.push(compiled);
        Ok(())
    }

    /// All of them, in their order.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The rule of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.all().find(|rule| rule.name == name)
    }

    /// These without the ones that `goes` names, and with others behind them.
    ///
    /// # Errors
    /// As [`Rules::new`].
    pub fn changed(
        &self,
        goes: impl Fn(&Rule) -> bool,
        comes: Vec<Rule>,
    ) -> Result<Self, (String, RuleFault)> {
        let mut rules: Vec<Rule> = self.all().filter(|rule| !goes(rule)).cloned().collect();
        rules.extend(comes);
        Self::new(rules)
    }

    /// The rule that is for `path`; `None`: such a path may not exist, unless it is a camera's.
    #[must_use]
    pub fn find(&self, path: &StreamPath) -> Option<Found<'_>> {
        if let Some(found) = self.exact(path) {
            return Some(found);
        }
        if let Some((base, derivation)) = Derivation::of(path) {
            let found = self.find(&base).filter(|found| found.derivation.is_none())?;
            return Some(Found { derivation: Some(derivation), ..found });
        }
        self.sub(path).or_else(|| self.by_pattern(path)).or_else(|| {
            let found = self.rules.get(self.all_others?)?;
            Some(Found::new(found, vec![path.to_string()]))
        })
    }

    fn exact(&self, path: &StreamPath) -> Option<Found<'_>> {
        let found = self.rules.get(*self.exact.get(path)?)?;
        Some(Found::new(found, vec![path.to_string()]))
    }

    /// The rule of the path of which this would be the second stream.
    fn sub(&self, path: &StreamPath) -> Option<Found<'_>> {
        let base = StreamPath::new(path.as_str().strip_suffix("/sub")?).ok()?;
        let found = self.exact(&base).or_else(|| self.by_pattern(&base))?;
        found.compiled.sub_url.is_some().then_some(Found { is_sub: true, ..found })
    }

    fn by_pattern(&self, path: &StreamPath) -> Option<Found<'_>> {
        self.patterns.iter().find_map(|index| {
            let compiled = self.rules.get(*index)?;
            let Pattern::Expression(expression) = &compiled.pattern else { return None };
            let captures = expression.captures(path.as_str())?;
            let text = |group: Option<regex::Match<'_>>| {
                group.map(|group| group.as_str().to_owned()).unwrap_or_default()
            };
            let mut groups = vec![path.to_string()];
            groups.extend(captures.iter().skip(1).map(text));
            Some(Found::new(compiled, groups))
        })
    }

    /// Whose a path is, if the rules say so.
    #[must_use]
    pub fn agency(&self, path: &StreamPath) -> Option<String> {
        self.find(path)?.rule().agency.clone()
    }

    /// What somebody who would publish `path` has to know; whether it is a camera's is for the caller.
    ///
    /// # Errors
    /// [`NotPublishable`].
    pub fn publishable(&self, path: &StreamPath) -> Result<Publishable, NotPublishable> {
        let found = self.find(path).ok_or(NotPublishable::NoRule)?;
        if found.derivation.is_some() || found.is_sub {
            return Err(NotPublishable::Made);
        }
        let rule = found.rule();
        match rule.publish {
            true => Ok(Publishable {
                rule: rule.name.clone(),
                agency: rule.agency.clone(),
                replaces: rule.override_publisher,
            }),
            false => Err(NotPublishable::Pulled),
        }
    }

    /// Paths that are pulled all the time.
    #[must_use]
    pub fn held(&self) -> Vec<StreamPath> {
        let is_held =
            |compiled: &&Compiled| !compiled.rule.on_demand && compiled.rule.pull.is_some();
        let mut out = Vec::new();
        for compiled in self.rules.iter().filter(is_held) {
            let Pattern::Exact(path) = &compiled.pattern else { continue };
            out.push(path.clone());
            if compiled.sub_url.is_some() {
                out.extend(StreamPath::new(&format!("{path}/sub")));
            }
        }
        out
    }
}

impl Compiled {
    fn new(rule: Rule) -> Result<Self, RuleFault> {
        let pattern = Pattern::read(&rule.name)?;
        let is_pattern = !matches!(pattern, Pattern::Exact(_));
        match (&rule.pull, rule.publish) {
            (Some(_), true) => return Err(RuleFault::TwoSources),
            (None, false) => return Err(RuleFault::NoSource),
            (Some(_), false) if is_pattern && !rule.on_demand => {
                return Err(RuleFault::HeldPattern);
            }
            _ => {}
        }
        let read = |text: &String| {
            let template = Template::read(text, pattern.groups())?;
            match is_pattern && !template.has_places() {
                true => Err(RuleFault::NoGroup),
                false => Ok(template),
            }
        };
        let pull = rule.pull.as_ref();
        let url = pull.map(|pull| read(&pull.url)).transpose()?;
        let sub_url = pull.and_then(|pull| pull.sub_url.as_ref()).map(read).transpose()?;
        Ok(Self { rule, pattern, url, sub_url })
    }
}

impl<'a> Found<'a> {
    const fn new(compiled: &'a Compiled, groups: Vec<String>) -> Self {
        Self { compiled, groups, is_sub: false, derivation: None }
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &'a Rule {
        &self.compiled.rule
    }

    /// How the path is made of the one before its last part, where it is.
    #[must_use]
    pub const fn derivation(&self) -> Option<Derivation> {
        self.derivation
    }

    /// Where the path is pulled from; `None` where it is not, or where its address would lead elsewhere.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        if self.derivation.is_some() {
            return None;
        }
        let pull = self.compiled.rule.pull.as_ref()?;
        let template = if self.is_sub { &self.compiled.sub_url } else { &self.compiled.url };
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        Some(Address {
            url: template.as_ref()?.fill(&groups)?,
            username: pull.username.clone(),
            password: pull.password.clone(),
            udp: pull.udp,
        })
    }
}
