//! A row's canonical bytes and its hash: what an outsider recomputes.
//!
//! Every field has one form only and its length before it, so that no two rows have the same bytes.

use sha2::{Digest, Sha256};

use super::{Entry, Head, Row};

/// Begins the bytes of each row: this form, and no other use of SHA-256 here.
const FORM: &[u8] = b"vedette audit 1\n";
/// Longest text of an entry in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Most details of an entry.
const DETAIL_LEN_MAX: usize = 16;
/// Longest name of a detail in bytes.
const DETAIL_NAME_BYTES_MAX: usize = 64;

impl Entry {
    /// This entry with what is too long cut off, marked by `…`: what somebody sends is no reason to lose
    /// the row that tells of it. Of more details than 16 the first by name stay.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let text = |text: &str| cut(text, TEXT_BYTES_MAX);
        let detail = self.detail.iter().take(DETAIL_LEN_MAX);
        Self {
            at: self.at,
            kind: text(&self.kind),
            id: text(&self.id),
            name: text(&self.name),
            action: text(&self.action),
            object: text(&self.object),
            agency: text(&self.agency),
            address: text(&self.address),
            request: text(&self.request),
            result: text(&self.result),
            detail: detail
                .map(|(name, value)| (cut(name, DETAIL_NAME_BYTES_MAX), text(value)))
                .collect(),
        }
    }

    /// The texts in the order in which they are hashed.
    fn texts(&self) -> [&str; 9] {
        [
            &self.kind,
            &self.id,
            &self.name,
            &self.action,
            &self.object,
            &self.agency,
            &self.address,
            &self.request,
            &self.result,
        ]
    }
}

impl Row {
    /// The row that follows `head` (`None`: the first one); `None` where numbers end.
    #[must_use]
    pub fn after(head: Option<Head>, entry: Entry) -> Option<Self> {
        let seq = head.map_or(0, |head| head.seq).checked_add(1)?;
        let previous = head.map_or([0; 32], |head| head.hash);
        let row = Self { seq, entry, previous, hash: [0; 32] };
        Some(Self { hash: row.computed_hash(), ..row })
    }

    /// The bytes that are hashed: `vedette audit 1\n`, the previous hash (32 bytes), the number and the
    /// time in microseconds since 1970 (8 bytes each, two's complement), the texts `kind`, `id`, `name`,
    /// `action`, `object`, `agency`, `address`, `request`, `result`, the number of details (4 bytes), and
    /// of each detail its name and its value, in the order of the names' bytes. Numbers are big-endian; a
    /// text is its length in bytes (4 bytes) and its UTF-8.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = FORM.to_vec();
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.entry.at.as_micros().to_be_bytes());
        for text in self.entry.texts() {
            push_text(&mut out, text);
        }
        push_len(&mut out, self.entry.detail.len());
        for (name, value) in &self.entry.detail {
            push_text(&mut out, name);
            push_text(&mut out, value);
        }
        out
    }

    /// SHA-256 of [`Row::canonical_bytes`]; a row that nobody touched has it as its hash.
    #[must_use]
    pub fn computed_hash(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_bytes()).into()
    }

    /// The end of a chain whose newest row is this.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    push_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn push_len(out: &mut Vec<u8>, len: usize) {
    let len = u32::try_from(len).expect("a row of the database is shorter than 4 GiB");
    out.extend_from_slice(&len.to_be_bytes());
}

fn cut(text: &str, bytes_max: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max - MARK.len());
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept}{MARK}")
}
