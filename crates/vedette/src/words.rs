//! Words of commands for people, in the language of their terminal.

use std::collections::BTreeMap;

use api::messages::Language;

/// The language that the environment asks for.
pub fn language() -> Language {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable);
    Language::of_locale(&locale.unwrap_or_default())
}

/// The text of `code` with its values.
pub fn text<const N: usize>(
    language: Language,
    code: &str,
    values: [(&'static str, String); N],
) -> String {
    language.text(code, None, &BTreeMap::from(values))
}
