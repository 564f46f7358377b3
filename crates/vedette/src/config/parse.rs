//! YAML and TOML into one located tree.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Fault;
use super::tree::{Node, Origin, Value};

/// A file past this is no configuration.
pub const FILE_LEN_MAX: u64 = 4 << 20;

/// Reads `text` as its file's extension says.
pub fn parse(path: &Path, text: &str) -> Result<Node, Fault> {
    let source: Arc<str> = path.display().to_string().into();
    if path.extension().is_some_and(|extension| extension == "toml") {
        return parse_toml(&source, text);
    }
    let origin = Origin { source: Arc::clone(&source), line: 1 };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node::empty_map(origin));
    }
    match serde_saphyr::from_str::<Spanned<Raw>>(text) {
        Ok(root) => Ok(from_yaml(root.value, &source, 1)),
        Err(error) => {
            let line = error.location().map_or(0, |at| u32::try_from(at.line()).unwrap_or(0));
            let origin = Origin { source, line };
            let text = error.to_string();
            let what = text.lines().next().unwrap_or_default();
            Err(Fault::new(
                &origin,
                "",
                format!("not valid YAML: {what}"),
                "correct the syntax of this line",
            ))
        }
    }
}

fn parse_toml(source: &Arc<str>, text: &str) -> Result<Node, Fault> {
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(from_toml_table(table.get_ref(), source, 1, &lines)),
        Err(error) => {
            let line = error.span().map_or(0, |span| lines.line(span.start));
            let origin = Origin { source: Arc::clone(source), line };
            let what = format!("not valid TOML: {}", error.message());
            Err(Fault::new(&origin, "", what, "correct the syntax of this line"))
        }
    }
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|end| *end < offset) + 1).unwrap_or(0)
    }
}

fn from_toml_table(table: &DeTable<'_>, source: &Arc<str>, line: u32, lines: &Lines) -> Node {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key_line = lines.line(key.span().start);
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        (name.to_string(), from_toml(value.get_ref(), source, key_line, lines))
    };
    let value = Value::Map(table.iter().map(entry).collect());
    Node { value, origin: Origin { source: Arc::clone(source), line } }
}

fn from_toml(value: &DeValue<'_>, source: &Arc<str>, line: u32, lines: &Lines) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => Value::Float(number),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(moment) => Value::Text(moment.to_string()),
        DeValue::Array(items) => {
            let item = |item: &toml::Spanned<DeValue<'_>>| {
                from_toml(item.get_ref(), source, lines.line(item.span().start), lines)
            };
            Value::List(items.iter().map(item).collect())
        }
        DeValue::Table(table) => return from_toml_table(table, source, line, lines),
    };
    Node { value, origin: Origin { source: Arc::clone(source), line } }
}

/// A YAML value as it stands, with the places of its keys and items.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Bool(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Int(value)))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        let large = || Value::Text(value.to_string());
        Ok(Raw::Scalar(i64::try_from(value).map_or_else(|_| large(), Value::Int)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(value.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn from_yaml(raw: Raw, source: &Arc<str>, line: u32) -> Node {
    let line_of = |at: serde_saphyr::Location| u32::try_from(at.line()).unwrap_or(0);
    let value = match raw {
        Raw::Scalar(value) => value,
        Raw::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| from_yaml(item.value, source, line_of(item.referenced)))
                .collect(),
        ),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (key.value, from_yaml(value.value, source, line_of(key.referenced)))
                })
                .collect(),
        ),
    };
    Node { value, origin: Origin { source: Arc::clone(source), line } }
}
