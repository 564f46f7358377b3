//! Playlists of Low-Latency HLS as a player reads them (RFC 8216bis section 4.4). Pure.

use anyhow::{Context, ensure};

/// Lines of a playlist that are looked at.
const LINES_MAX: usize = 20_000;

/// A part, or a segment where there are no parts: segment's number, part's number in it.
pub(super) type Place = (u64, u32);

/// Media that can be fetched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) place: Place,
    pub(super) uri: String,
    pub(super) secs: f64,
    /// A player may begin here.
    pub(super) independent: bool,
}

/// A media playlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Playlist {
    pub(super) target_secs: f64,
    /// 0 when there are no parts.
    pub(super) part_secs: f64,
    pub(super) can_block: bool,
    pub(super) can_skip: bool,
    pub(super) hold_back_secs: f64,
    pub(super) map: Option<String>,
    pub(super) parts: Vec<Piece>,
    pub(super) segments: Vec<Piece>,
    /// What a blocking reload asks for.
    pub(super) next: Place,
    pub(super) ended: bool,
}

/// The first variant of a multivariant playlist; `None` when it is none.
pub(super) fn first_variant(text: &str) -> Option<&str> {
    let mut lines = text.lines().take(LINES_MAX).map(str::trim);
    lines.find(|line| line.starts_with("#EXT-X-STREAM-INF:"))?;
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

impl Playlist {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        ensure!(text.starts_with("#EXTM3U"), "not a playlist");
        let mut list = Self::default();
        let (mut number, mut part, mut secs) = (0_u64, 0_u32, 0.0);
        for line in text.lines().take(LINES_MAX).map(str::trim) {
            if let Some((tag, value)) = line.strip_prefix('#').map(split_tag) {
                match tag {
                    "EXT-X-MEDIA-SEQUENCE" => number = value.parse().context("a number")?,
                    "EXT-X-SKIP" => {
                        number = number.saturating_add(decimal(value, "SKIPPED-SEGMENTS"));
                    }
                    "EXTINF" => secs = number_of(value.split(',').next()),
                    "EXT-X-PART" => {
                        list.parts.push(piece((number, part), value)?);
                        part += 1;
                    }
                    _ => list.describe(tag, value),
                }
            } else if !line.is_empty() {
                let place = (number, 0);
                list.segments.push(Piece { place, uri: line.to_owned(), secs, independent: true });
                (number, part) = (number.saturating_add(1), 0);
            }
        }
        list.next = (number, part);
        Ok(list)
    }

    fn describe(&mut self, tag: &str, value: &str) {
        match tag {
            "EXT-X-TARGETDURATION" => self.target_secs = number_of(Some(value)),
            "EXT-X-PART-INF" => self.part_secs = number_of(attribute(value, "PART-TARGET")),
            "EXT-X-SERVER-CONTROL" => {
                self.can_block = attribute(value, "CAN-BLOCK-RELOAD") == Some("YES");
                self.can_skip = attribute(value, "CAN-SKIP-UNTIL").is_some();
                self.hold_back_secs = number_of(attribute(value, "PART-HOLD-BACK"));
            }
            "EXT-X-MAP" => self.map = attribute(value, "URI").map(str::to_owned),
            "EXT-X-ENDLIST" => self.ended = true,
            _ => {}
        }
    }

    /// Where a player begins: the last piece at which it may that leaves the hold-back before the end,
    /// else the last one at which it may, else the first.
    pub(super) fn start(&self) -> Place {
        let pieces = if self.parts.is_empty() { &self.segments } else { &self.parts };
        let mut behind = 0.0;
        let mut nearest = None;
        for piece in pieces.iter().rev() {
            behind += piece.secs;
            if piece.independent {
                nearest = nearest.or(Some(piece.place));
                if behind + 1e-6 >= self.hold_back_secs {
                    return piece.place;
                }
            }
        }
        nearest.or(pieces.first().map(|piece| piece.place)).unwrap_or(self.next)
    }

    /// What is new from `from` on: parts, and segments for what is no longer listed in parts.
    pub(super) fn pieces_from(&self, from: Place) -> Vec<Piece> {
        if self.parts.is_empty() {
            return self.segments.iter().filter(|piece| piece.place >= from).cloned().collect();
        }
        let first = self.parts.first().map_or(u64::MAX, |piece| piece.place.0);
        let whole =
            self.segments.iter().filter(|piece| piece.place >= from && piece.place.0 < first);
        whole.chain(self.parts.iter().filter(|piece| piece.place >= from)).cloned().collect()
    }
}

fn split_tag(line: &str) -> (&str, &str) {
    line.split_once(':').unwrap_or((line, ""))
}

fn piece(place: Place, value: &str) -> anyhow::Result<Piece> {
    let uri = attribute(value, "URI").context("a part without address")?.to_owned();
    let secs = number_of(attribute(value, "DURATION"));
    Ok(Piece { place, uri, secs, independent: attribute(value, "INDEPENDENT") == Some("YES") })
}

fn number_of(text: Option<&str>) -> f64 {
    text.and_then(|text| text.parse().ok()).filter(|secs: &f64| secs.is_finite()).unwrap_or(0.0)
}

fn decimal(list: &str, name: &str) -> u64 {
    attribute(list, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A value of an attribute list without its quotes (section 4.2).
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim_start_matches(',').trim() == name {
            return Some(value);
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.600,CAN-SKIP-UNTIL=6\n\
        #EXT-X-PART-INF:PART-TARGET=0.2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"init.mp4?a=1,b\"\n\
        #EXTINF:1.0,\nseg7.mp4\n\
        #EXT-X-PART:DURATION=0.5,URI=\"p8.0.mp4\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.5,URI=\"p8.1.mp4\"\n\
        #EXTINF:1.0,\nseg8.mp4\n\
        #EXT-X-PART:DURATION=0.2,URI=\"p9.0.mp4\",INDEPENDENT=YES\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p9.1.mp4\"\n";

    #[test]
    fn parts_have_their_places_and_the_next_one_is_known() {
        let list = Playlist::parse(LIST).expect("a playlist");
        assert!(list.can_block && list.can_skip && !list.ended);
        assert_eq!(list.map.as_deref(), Some("init.mp4?a=1,b"));
        assert_eq!(list.next, (9, 1));
        let places: Vec<Place> = list.parts.iter().map(|piece| piece.place).collect();
        assert_eq!(places, [(8, 0), (8, 1), (9, 0)]);
        assert_eq!(list.start(), (8, 0), "0.6 s from the end");
        let uris =
            |from| list.pieces_from(from).into_iter().map(|piece| piece.uri).collect::<Vec<_>>();
        assert_eq!(uris((8, 1)), ["p8.1.mp4", "p9.0.mp4"]);
        assert_eq!(uris((7, 0)).first().map(String::as_str), Some("seg7.mp4"));
    }

    #[test]
    fn what_a_delta_update_leaves_out_is_counted() {
        let text =
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n#EXTINF:1,\na.mp4\n";
        let list = Playlist::parse(text).expect("a playlist");
        assert_eq!(list.segments.first().map(|piece| piece.place), Some((7, 0)));
        assert_eq!(list.next, (8, 0));
    }

    #[test]
    fn the_first_variant_is_taken() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\nmain.m3u8\n";
        assert_eq!(first_variant(text), Some("main.m3u8"));
        assert_eq!(first_variant(LIST), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_an_end(text in "(#EXT-X-PART:|#EXTINF:|URI=|\"|,|=|\n|[a-z0-9.]){0,60}") {
            if let Ok(list) = Playlist::parse(&format!("#EXTM3U\n{text}")) {
                let _ = list.pieces_from(list.start());
            }
        }
    }
}
