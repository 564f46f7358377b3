//! Configuration as a tree whose every node knows where it was written.

use std::sync::Arc;

/// Where a value was written: a file and line, or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub source: Arc<str>,
    /// 0 where there are no lines.
    pub line: u32,
}

impl Origin {
    pub fn variable(name: &str) -> Self {
        Self { source: format!("variable {name}").into(), line: 0 }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.source),
            line => write!(f, "{}:{line}", self.source),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub origin: Origin,
}

impl Node {
    pub fn empty_map(origin: Origin) -> Self {
        Self { value: Value::Map(Vec::new()), origin }
    }

    pub fn text(text: &str, origin: Origin) -> Self {
        Self { value: Value::Text(text.to_owned()), origin }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The node at a dotted path.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }

    /// Takes the node at a dotted path out of the tree.
    pub fn remove(&mut self, path: &str) -> Option<Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        match path.split_once('.') {
            Some((head, tail)) => entries.iter_mut().find(|(name, _)| name == head)?.1.remove(tail),
            None => {
                let index = entries.iter().position(|(name, _)| name == path)?;
                Some(entries.remove(index).1)
            }
        }
    }

    /// Sets the node at `path`, making maps (and list entries at their very end) on the way.
    /// False when a number does not fit the list it names.
    pub fn set(&mut self, path: &[String], node: Self) -> bool {
        let Some((head, tail)) = path.split_first() else {
            *self = node;
            return true;
        };
        if let (Value::List(items), Ok(index)) = (&mut self.value, head.parse::<usize>()) {
            if index == items.len() {
                items.push(Self::empty_map(node.origin.clone()));
            }
            return items.get_mut(index).is_some_and(|item| item.set(tail, node));
        }
        if !matches!(self.value, Value::Map(_)) {
            *self = Self::empty_map(node.origin.clone());
        }
        let Value::Map(entries) = &mut self.value else { return false };
        if let Some((_, child)) = entries.iter_mut().find(|(name, _)| name == head) {
            return child.set(tail, node);
        }
        let is_list = tail.first().is_some_and(|next| next == "0");
        let value = if is_list { Value::List(Vec::new()) } else { Value::Map(Vec::new()) };
        let mut child = Self { value, origin: node.origin.clone() };
        let fits = child.set(tail, node);
        entries.push((head.clone(), child));
        fits
    }

    /// True when both say the same, wherever they were written.
    pub fn says_what(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_what(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                let found = |(name, node): &(String, Self)| {
                    b.iter().any(|(other, b)| other == name && node.says_what(b))
                };
                a.len() == b.len() && a.iter().all(found)
            }
            (a, b) => a == b,
        }
    }

    /// A scalar as text; `None` for lists and maps.
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Null => Some(String::new()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(value.to_string()),
            Value::Text(value) => Some(value.clone()),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a section",
        }
    }
}
