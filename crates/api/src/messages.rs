//! Words for people, in English and Arabic, by code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// A language that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Arabic.
    Arabic,
}

pub(crate) const ENGLISH: &str = include_str!("../messages/en.ftl");
pub(crate) const ARABIC: &str = include_str!("../messages/ar.ftl");

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle("en", ENGLISH), bundle("ar", ARABIC)]);

fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let language = language.parse().expect("the languages are written here");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(text.to_owned()).expect("a test reads the catalogues");
    bundle.add_resource(resource).expect("a test finds codes written twice");
    bundle
}

impl Language {
    /// The language of an `Accept-Language` header: Arabic when it is preferred to English.
    #[must_use]
    pub fn preferred(header: &str) -> Self {
        let weight = |language: &str| {
            let part = |part: &str| {
                let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
                let primary = tag.trim().split('-').next().unwrap_or_default();
                let q =
                    parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
                primary.eq_ignore_ascii_case(language).then_some(q.unwrap_or(1.0))
            };
            header.split(',').take(20).filter_map(part).fold(0.0, f32::max)
        };
        if weight("ar") > weight("en") { Self::Arabic } else { Self::English }
    }

    /// The language of a locale such as `ar_AE.UTF-8`; English for all that are not Arabic.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '-', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ar") { Self::Arabic } else { Self::English }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        let [english, arabic] = &*BUNDLES;
        match self {
            Self::English => english,
            Self::Arabic => arabic,
        }
    }

    /// The text of `code`, or of its `attribute`, with its values filled in. A code without words
    /// gives the code itself.
    #[must_use]
    pub fn text(
        self,
        code: &str,
        attribute: Option<&str>,
        args: &BTreeMap<&'static str, String>,
    ) -> String {
        let bundle = self.bundle();
        let message = bundle.get_message(code);
        let pattern = message.and_then(|message| match attribute {
            Some(name) => message.get_attribute(name).map(|attribute| attribute.value()),
            None => message.value(),
        });
        let Some(pattern) = pattern else { return code.to_owned() };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(*name, value.as_str());
        }
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn codes(text: &str) -> BTreeSet<&str> {
        let code = |line: &'_ str| -> Option<usize> { line.find(" = ") };
        text.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| code(line).and_then(|at| line.get(..at)))
            .collect()
    }

    fn variables<'a>(text: &'a str, code: &str) -> BTreeSet<&'a str> {
        let line =
            text.lines().find(|line| line.starts_with(&format!("{code} = "))).unwrap_or_default();
        line.split("{ $").skip(1).filter_map(|part| part.split(' ').next()).collect()
    }

    #[test]
    fn both_languages_have_the_same_codes_with_the_same_values() {
        assert_eq!(codes(ENGLISH), codes(ARABIC));
        for code in codes(ENGLISH) {
            assert_eq!(variables(ENGLISH, code), variables(ARABIC, code), "{code}");
        }
    }

    #[test]
    fn every_failure_of_a_source_has_its_words() {
        for kind in ingest::failure::Kind::ALL {
            let code = format!("source_{}", kind.code());
            assert!(codes(ENGLISH).contains(code.as_str()), "{code}");
        }
    }

    #[test]
    fn values_are_filled_in_and_the_preferred_language_is_found() {
        let args = BTreeMap::from([("id", "x".to_owned())]);
        assert_eq!(
            Language::English.text("camera_not_found", None, &args),
            "There is no camera x."
        );
        assert!(
            Language::Arabic.text("camera_not_found", Some("title"), &args).contains("الكاميرا")
        );
        assert_eq!(Language::preferred("ar-AE,ar;q=0.9,en;q=0.8"), Language::Arabic);
        assert_eq!(Language::preferred("en-GB,ar;q=0.5"), Language::English);
        assert_eq!(Language::preferred(""), Language::English);
    }
}
