//! What a peer tells after its offer (RFC 8840): more candidates, or credentials that begin ICE anew. Pure.

/// Candidates of one message.
const CANDIDATES_MAX: usize = 64;

/// A fragment of a session description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    ufrag: String,
    password: String,
    /// As they stand there: `candidate:...`.
    pub candidates: Vec<String>,
}

impl Fragment {
    /// Reads a fragment; lines that say nothing to us are passed over.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut out = Self::default();
        for line in text.lines().map(str::trim_end) {
            let Some(attribute) = line.strip_prefix("a=") else { continue };
            if let Some(ufrag) = attribute.strip_prefix("ice-ufrag:") {
                out.ufrag = token(ufrag);
            } else if let Some(password) = attribute.strip_prefix("ice-pwd:") {
                out.password = token(password);
            } else if attribute.starts_with("candidate:") && out.candidates.len() < CANDIDATES_MAX {
                out.candidates.push(attribute.to_owned());
            }
        }
        out
    }

    /// The offer as it would be with other credentials; `None`: they are those it has.
    #[must_use]
    pub fn restarts(&self, offer: &str) -> Option<String> {
        let is_same =
            |line: &str| line.trim_end().strip_prefix("a=ice-ufrag:") == Some(self.ufrag.as_str());
        if self.ufrag.is_empty() || self.password.is_empty() || offer.lines().any(is_same) {
            return None;
        }
        let line = |line: &str| match line {
            line if line.starts_with("a=ice-ufrag:") => format!("a=ice-ufrag:{}\r\n", self.ufrag),
            line if line.starts_with("a=ice-pwd:") => format!("a=ice-pwd:{}\r\n", self.password),
            line if line.starts_with("a=candidate:") => String::new(),
            line => format!("{}\r\n", line.trim_end()),
        };
        Some(offer.lines().map(line).collect())
    }
}

/// The part of an answer that goes with a restart.
#[must_use]
pub fn fragment_of(answer: &str) -> String {
    let mut out = String::new();
    let (mut seen_media, mut seen_ice) = (false, false);
    for line in answer.lines() {
        let is_ice = line.starts_with("a=ice-ufrag:") || line.starts_with("a=ice-pwd:");
        let is_candidate = line.starts_with("a=candidate:") || line == "a=end-of-candidates";
        let is_first_media = line.starts_with("m=") && !seen_media;
        if line.starts_with("m=") && seen_media {
            // One transport for all sections: the first says it.
            break;
        }
        seen_media |= is_first_media;
        seen_ice |= is_ice;
        if is_ice || is_candidate || is_first_media || line.starts_with("a=mid:") {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    if seen_ice { out } else { String::new() }
}

fn token(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(256).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFER: &str = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=mid:0\r\n";

    #[test]
    fn candidates_under_the_same_credentials_begin_nothing_anew() {
        let fragment = Fragment::read(
            "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 2 10.0.0.2 5000 typ host\r\na=end-of-candidates\r\n",
        );
        assert_eq!(fragment.candidates, ["candidate:1 1 udp 2 10.0.0.2 5000 typ host"]);
        assert_eq!(fragment.restarts(OFFER), None);
    }

    #[test]
    fn other_credentials_make_an_offer_of_their_own() {
        let fragment = Fragment::read("a=ice-ufrag:new1\r\na=ice-pwd:9876543210987654321098\r\n");
        let offer = fragment.restarts(OFFER).expect("a restart");
        assert!(offer.contains("a=ice-ufrag:new1\r\na=ice-pwd:9876543210987654321098\r\n"));
        assert!(!offer.contains("abcd") && !offer.contains("a=candidate"));
        let part = fragment_of(&offer);
        assert!(part.starts_with("m=video") && part.contains("a=mid:0") && !part.contains("v=0"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(a=ice-ufrag:|a=ice-pwd:|a=candidate:|m=|\\PC|\r|\n){0,60}") {
            let fragment = Fragment::read(&text);
            let _ = (fragment.restarts(&text), fragment_of(&text));
        }
    }
}
