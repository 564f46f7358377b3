//! The `name=value` list of an `Authorization` header (RFC 7235 section 2.1).

const COUNT_MAX: usize = 24;

/// Names and values without their quotes; nothing when it is no such list or a name comes twice.
pub(super) fn parse(text: &str) -> Option<Vec<(&str, String)>> {
    let mut out: Vec<(&str, String)> = Vec::new();
    let mut rest = text.trim_matches(is_between);
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end();
        let is_word = |name: &str| !name.is_empty() && name.bytes().all(is_token);
        let is_new = !out.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !is_word(name) || !is_new || out.len() == COUNT_MAX {
            return None;
        }
        let (value, after) = value(after.trim_start())?;
        out.push((name, value));
        let after = after.trim_start();
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches(is_between);
    }
    Some(out)
}

/// A value at the beginning of `text`, in quotes or not, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return unquote(quoted);
    }
    let (value, after) = text.split_at(text.find(',').unwrap_or(text.len()));
    let value = value.trim_end();
    let is_plain = !value.is_empty() && !value.contains(|c: char| c == '"' || c.is_control());
    is_plain.then(|| (value.to_owned(), after))
}

/// What stands before the closing quote, without the backslashes that escape, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => return Some((out, letters.as_str())),
            '\\' => out.push(letters.next().filter(|letter| !letter.is_control())?),
            letter if letter.is_control() => return None,
            letter => out.push(letter),
        }
    }
}

const fn is_between(letter: char) -> bool {
    matches!(letter, ',' | ' ' | '\t')
}

/// A letter of a word (RFC 7230 section 3.2.6).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_escapes_and_white_space_are_taken_off() {
        let list = parse(" a=\"x, \\\"y\\\\\" ,b = z ,, c=\"\",").unwrap();
        assert_eq!(list, [("a", "x, \"y\\".into()), ("b", "z".into()), ("c", String::new())]);
        assert_eq!(parse(" , "), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let long = "a=\"b\\";
        for wrong in ["a", "=b", "a=", "a=\"b", "a=\"b\" c=d", "a=b\"", "a b=c", "a=1,A=2", long] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let many: Vec<String> = (0..25).map(|number| format!("a{number}=1")).collect();
        assert_eq!(parse(&many.join(",")), None);
        assert!(parse(&many.join(",").replace(",a24=1", "")).is_some());
    }

    proptest! {
        #[test]
        fn any_text_in_quotes_comes_back(value in "[^\\p{Cc}]{0,40}", tail in "[^\\p{Cc}]{0,9}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("{quoted}\"{tail}");
            prop_assert_eq!(unquote(&text), Some((value, tail.as_str())));
        }
    }
}
