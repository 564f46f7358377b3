//! Rows of the trail as lines of text: JSON, by which an outsider verifies the chain, and CSV, for tables.

use serde::Serialize;

use super::Row;

/// A form of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, with all that is hashed.
    Jsonl,
    /// Comma-separated values (RFC 4180). Texts that a spreadsheet would take for a formula have `'`
    /// before them, so that this is for reading and not for verifying.
    Csv,
}

const COLUMNS: [&str; 15] = [
    "seq", "at", "at_us", "kind", "id", "name", "action", "object", "agency", "address", "request",
    "result", "detail", "previous", "hash",
];

/// A row as JSON. `at` is for reading; `at_us` is what is hashed.
#[derive(Serialize)]
struct Line<'a> {
    seq: i64,
    at: String,
    at_us: i64,
    kind: &'a str,
    id: &'a str,
    name: &'a str,
    action: &'a str,
    object: &'a str,
    agency: &'a str,
    address: &'a str,
    request: &'a str,
    result: &'a str,
    detail: &'a std::collections::BTreeMap<String, String>,
    previous: String,
    hash: String,
}

impl Format {
    /// What stands before the first row, with its line's end.
    #[must_use]
    pub fn header(self) -> String {
        match self {
            Self::Jsonl => String::new(),
            Self::Csv => format!("{}\r\n", COLUMNS.join(",")),
        }
    }

    /// A row, with its line's end.
    #[must_use]
    pub fn line(self, row: &Row) -> String {
        match self {
            Self::Jsonl => json_line(row),
            Self::Csv => csv_line(row),
        }
    }
}

fn json_line(row: &Row) -> String {
    let entry = &row.entry;
    let line = Line {
        seq: row.seq,
        at: entry.at.to_string(),
        at_us: entry.at.as_micros(),
        kind: &entry.kind,
        id: &entry.id,
        name: &entry.name,
        action: &entry.action,
        object: &entry.object,
        agency: &entry.agency,
        address: &entry.address,
        request: &entry.request,
        result: &entry.result,
        detail: &entry.detail,
        previous: hex(&row.previous),
        hash: hex(&row.hash),
    };
    let mut text = serde_json::to_string(&line).expect("texts and numbers are always JSON");
    text.push('\n');
    text
}

fn csv_line(row: &Row) -> String {
    let entry = &row.entry;
    let detail = serde_json::to_string(&entry.detail).expect("texts are always JSON");
    let fields = [
        row.seq.to_string(),
        entry.at.to_string(),
        entry.at.as_micros().to_string(),
        text(&entry.kind),
        text(&entry.id),
        text(&entry.name),
        text(&entry.action),
        text(&entry.object),
        text(&entry.agency),
        text(&entry.address),
        text(&entry.request),
        text(&entry.result),
        text(&detail),
        hex(&row.previous),
        hex(&row.hash),
    ];
    format!("{}\r\n", fields.join(","))
}

/// A text of somebody's as a field: quoted, and never a formula.
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", value.replace('"', "\"\""))
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
