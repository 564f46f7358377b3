//! Playlists whose addresses are rewritten on their way out: signed, or counted from elsewhere.

use access::Credential;
use axum::response::Response;
use http::header;

use crate::who::Who;

const PLAYLIST_LEN_MAX: usize = 1 << 20;

/// A playlist whose names, which count from their own place, count from `root`.
pub(super) fn rooted(playlist: &str, root: &str) -> String {
    readdressed(playlist, |out, uri| [root, uri].into_iter().for_each(|part| out.push_str(part)))
}

/// A playlist whose names carry the signed address by which it was asked for, so that players open them.
pub(super) async fn handed_on(who: &Who, mut response: Response) -> Response {
    let Some(Credential::Bearer(token)) = &who.credential else { return response };
    if who.principal.link().is_none() {
        return response;
    }
    let text = body_text(&mut response).await;
    *response.body_mut() = with_token(&text, token.reveal()).into();
    response
}

/// The text of an answer, which has none after it.
pub(super) async fn body_text(response: &mut Response) -> String {
    let body = axum::body::to_bytes(std::mem::take(response.body_mut()), PLAYLIST_LEN_MAX).await;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    String::from_utf8(body.unwrap_or_default().into()).unwrap_or_default()
}

fn with_token(playlist: &str, token: &str) -> String {
    readdressed(playlist, |out, uri| {
        let joint = if uri.contains('?') { "&token=" } else { "?token=" };
        [uri, joint, token].into_iter().for_each(|part| out.push_str(part));
    })
}

/// A playlist with all its addresses written by `write`: those on lines of their own, and those of tags.
fn readdressed(playlist: &str, write: impl Fn(&mut String, &str)) -> String {
    let mut out = String::with_capacity(playlist.len() * 2);
    for line in playlist.lines() {
        let named = line.split_once("URI=\"").filter(|_| line.starts_with('#'));
        match named.and_then(|(tag, rest)| Some((tag, rest.split_once('"')?))) {
            Some((tag, (uri, rest))) => {
                out.push_str(tag);
                out.push_str("URI=\"");
                write(&mut out, uri);
                out.push('"');
                out.push_str(rest);
            }
            None if line.starts_with('#') || line.is_empty() => out.push_str(line),
            None => write(&mut out, line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAYLIST: &str = "#EXTM3U\n#EXT-X-MAP:URI=\"init1.mp4?session=s\"\n\
        #EXT-X-PART:DURATION=0.2,URI=\"part1.m4s?session=s\",INDEPENDENT=YES\n#EXTINF:1.0,\n\
        seg0.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"part2.m4s\"\n";

    #[test]
    fn a_signed_address_is_handed_on_to_all_that_a_playlist_names() {
        let signed = with_token(PLAYLIST, "t");
        for uri in [
            "init1.mp4?session=s&token=t\"",
            "part1.m4s?session=s&token=t\",INDEPENDENT=YES",
            "\nseg0.m4s?token=t\n",
            "part2.m4s?token=t\"",
        ] {
            assert!(signed.contains(uri), "{uri} in {signed}");
        }
        assert_eq!(signed.matches("token=t").count(), 4);
    }

    #[test]
    fn names_count_from_elsewhere() {
        let rooted = rooted(PLAYLIST, "/live/cam/");
        assert_eq!(rooted.matches("/live/cam/").count(), 4, "{rooted}");
        assert!(rooted.contains("\n/live/cam/seg0.m4s\n"), "{rooted}");
    }
}
