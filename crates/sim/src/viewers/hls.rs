//! A player of Low-Latency HLS: playlist, header, parts from the hold-back on, and blocking reloads.

use std::time::Duration;

use anyhow::{Context, bail};
use base::{Clock, SystemClock};
use bytes::Bytes;
use media::h264::sei;
use reqwest::Url;
use tokio::time::sleep;

use super::http::get;
use super::picture::Picture;
use super::playlist::{Piece, Place, Playlist, first_variant};
use super::{Behaviour, Leave, Visit};

/// Plays until it is time to leave; there is no farewell in HLS.
pub(super) async fn watch(url: &str, visit: &mut Visit, leave: Leave) -> anyhow::Result<()> {
    tokio::select! {
        result = Box::pin(play(url, visit)) => result,
        () = leave.due() => Ok(()),
    }
}

async fn play(url: &str, visit: &mut Visit) -> anyhow::Result<()> {
    let http = visit.shared.http.clone();
    let (mut at, body) =
        get(&http, &Url::parse(url).context("an address")?).await.context("playlist")?;
    let mut text = String::from_utf8(body.into()).context("a playlist in UTF-8")?;
    if let Some(variant) = first_variant(&text) {
        let (to, body) = get(&http, &at.join(variant)?).await.context("media playlist")?;
        (at, text) = (to, String::from_utf8(body.into()).context("a playlist in UTF-8")?);
    }
    let mut list = Playlist::parse(&text)?;
    visit.shared.tally.lock().hold_back_secs = list.hold_back_secs;
    let map = list.map.clone();
    if let Some(map) = &map {
        let (_, body) = get(&http, &at.join(map)?).await.context("header")?;
        visit.bytes(body.len());
    }
    let mut from = list.start();
    loop {
        for piece in list.pieces_from(from) {
            let (_, body) = get(&http, &at.join(&piece.uri)?).await.context("part")?;
            take(visit, &piece, &body, list.part_secs > 0.0 && piece.place >= last(&list));
            from = after(&list, piece.place);
            dawdle(visit, &piece).await;
        }
        if list.ended {
            bail!("the playlist has ended");
        }
        let url = reload(&at, &list);
        if !list.can_block {
            sleep(Duration::from_secs_f64((list.target_secs / 2.0).clamp(0.1, 10.0))).await;
        }
        let (_, body) = get(&http, &url).await.context("reload")?;
        list = Playlist::parse(std::str::from_utf8(&body).context("a playlist in UTF-8")?)?;
    }
}

/// The newest part of a playlist.
fn last(list: &Playlist) -> Place {
    list.parts.last().map_or(list.next, |piece| piece.place)
}

/// What is wanted after a piece. A part may be the last of its segment: the next is the segment's next
/// part or whatever follows.
fn after(list: &Playlist, place: Place) -> Place {
    let is_part = list.parts.iter().any(|piece| piece.place == place);
    if is_part { (place.0, place.1 + 1) } else { (place.0 + 1, 0) }
}

/// Counts the pictures of a piece; with `newest`, how old its last one is now that all of it is here.
fn take(visit: &mut Visit, piece: &Piece, body: &Bytes, newest: bool) {
    visit.bytes(body.len());
    let now = SystemClock.wall();
    let (mut key, mut stamps) = (piece.independent, sei::scan(body).peekable());
    while let Some(stamp) = stamps.next() {
        visit.picture(now, Picture { key, stamp: Some(stamp) });
        key = false;
        if newest && stamps.peek().is_none() && stamp.wall > visit.shared.settled {
            visit.shared.tally.lock().newest.add(now.micros_since(stamp.wall));
        }
    }
}

async fn dawdle(visit: &Visit, piece: &Piece) {
    if !visit.misbehaves() {
        return;
    }
    match visit.behaviour() {
        Behaviour::Stall => std::future::pending().await,
        _ => sleep(Duration::from_secs_f64((piece.secs * 10.0).clamp(0.1, 60.0))).await,
    }
}

/// The address of the next reload (RFC 8216bis section 6.2.5).
fn reload(at: &Url, list: &Playlist) -> Url {
    let mut url = at.clone();
    if list.can_block {
        let (segment, part) = list.next;
        let mut query = url.query_pairs_mut();
        query.append_pair("_HLS_msn", &segment.to_string());
        if list.part_secs > 0.0 {
            query.append_pair("_HLS_part", &part.to_string());
        }
        if list.can_skip {
            query.append_pair("_HLS_skip", "YES");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_asks_for_the_next_part_and_keeps_the_session() {
        let at = Url::parse("http://h/cam1/main.m3u8?session=7").expect("an address");
        let mut list =
            Playlist { can_block: true, part_secs: 0.2, next: (9, 1), ..Playlist::default() };
        assert_eq!(
            reload(&at, &list).as_str(),
            "http://h/cam1/main.m3u8?session=7&_HLS_msn=9&_HLS_part=1"
        );
        list.can_skip = true;
        assert!(reload(&at, &list).as_str().ends_with("&_HLS_skip=YES"));
        list.can_block = false;
        assert_eq!(reload(&at, &list), at);
    }
}
