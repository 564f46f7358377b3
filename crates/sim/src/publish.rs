//! Publishers: our pictures pushed to a server by RTSP (ANNOUNCE, RECORD), interleaved on its connection.

use std::sync::Arc;
use std::time::Duration;

use ::rtsp::Transport;
use anyhow::{Context, bail};
use media::{Tracks, sdp};
use rtsp_types::{Method, headers};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::client::{Connection, joined};
use crate::feed::{Feed, Packed};
use crate::pattern::Pattern;
use crate::rtsp::{Lane, Options, wire};
use crate::viewers::Target;

/// An answer must come in this time, and the server take an access unit.
const PATIENCE: Duration = Duration::from_secs(10);
/// From an error to the next try.
const AGAIN: Duration = Duration::from_secs(1);

/// Pushes to so many paths until `stop` is cancelled. Errors of a publisher are logged, and it begins anew.
///
/// # Errors
/// When an encoder fails.
pub async fn run(
    count: u32,
    target: &Target,
    options: &Options,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let patterns = options.pattern.map_or(Pattern::ALL.to_vec(), |pattern| vec![pattern]);
    let (mut encoders, mut publishers) = (JoinSet::new(), JoinSet::new());
    let mut feeds = Vec::new();
    for pattern in patterns.into_iter().take(usize::try_from(count)?) {
        let (feed, run) = Feed::start(pattern, options);
        encoders.spawn(run);
        feeds.push(feed);
    }
    for (number, feed) in (0..count).zip(feeds.iter().cycle()) {
        publishers.spawn(keep(target.of(number), feed.clone(), stop.clone()));
    }
    tokio::select! {
        ended = encoders.join_next() => match ended {
            Some(ended) => ended?,
            None => Ok(()),
        },
        () = async { while publishers.join_next().await.is_some() {} } => Ok(()),
    }
}

/// One of them; begins anew until it is told to stop.
async fn keep(url: String, feed: Feed, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = publish(&url, &feed, &stop).await {
            tracing::warn!(err = %format!("{error:#}"), "a publisher begins anew");
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

async fn publish(url: &str, feed: &Feed, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut known = feed.tracks.clone();
    let tracks = known.wait_for(Option::is_some).await?.clone().context("an encoder's tracks")?;
    let mut connection = Connection::open(url, None).await?;
    let mut lanes =
        timeout(PATIENCE, begin(&mut connection, &tracks)).await.context("no answer in time")??;
    let result = tokio::select! {
        result = record(&mut connection, &mut lanes, feed) => result,
        () = stop.cancelled() => Ok(()),
    };
    if result.is_ok() {
        connection.tear_down().await;
    }
    result
}

/// ANNOUNCE, SETUP of each track, RECORD.
async fn begin(connection: &mut Connection, tracks: &Tracks) -> anyhow::Result<Vec<Lane>> {
    let url = connection.url.clone();
    let description = sdp::describe(url.path().trim_start_matches('/'), tracks);
    let kind = [(headers::CONTENT_TYPE, "application/sdp".to_owned())];
    connection.send(Method::Announce, url.clone(), &kind, description.into_bytes()).await?;
    connection.answer().await.context("ANNOUNCE")?;
    let mut lanes = Vec::new();
    for (index, track) in tracks.all().iter().enumerate() {
        let rtp = u8::try_from(index * 2)?;
        let rtcp = rtp + 1;
        let transport = format!("RTP/AVP/TCP;unicast;mode=record;interleaved={rtp}-{rtcp}");
        let to = joined(&url, &sdp::control(index))?;
        connection.ask(Method::Setup, to, &[(headers::TRANSPORT, transport)]).await?;
        connection.answer().await.context("SETUP")?;
        let ssrc = 0x5645_4400_u32.wrapping_add(u32::from(rtp));
        lanes.push(Lane::new(index, track, Transport::Interleaved { rtp, rtcp }, ssrc));
    }
    connection.ask(Method::Record, url, &[(headers::RANGE, "npt=now-".to_owned())]).await?;
    connection.answer().await.context("RECORD")?;
    Ok(lanes)
}

/// Sends from the next key frame on; takes what the server says on the way.
async fn record(
    connection: &mut Connection,
    lanes: &mut [Lane],
    feed: &Feed,
) -> anyhow::Result<()> {
    let mut units = feed.units.subscribe();
    let mut started = false;
    loop {
        // Both are cancel-safe.
        tokio::select! {
            unit = units.recv() => match unit {
                Ok(unit) => {
                    started |= unit.key;
                    if started {
                        timeout(PATIENCE, send(connection, lanes, &unit)).await.context("too slow")??;
                    }
                }
                Err(RecvError::Lagged(missed)) => bail!("too slow by {missed} access units"),
                Err(RecvError::Closed) => bail!("the encoder ended"),
            },
            read = connection.more() => {
                read?;
                while let Some(at) = connection.packet()? {
                    bytes::Buf::advance(&mut connection.buffer, at.end);
                }
            }
        }
    }
}

async fn send(
    connection: &mut Connection,
    lanes: &mut [Lane],
    unit: &Arc<Packed>,
) -> anyhow::Result<()> {
    let Some(lane) = lanes.iter_mut().find(|lane| lane.track == unit.track) else { return Ok(()) };
    let Transport::Interleaved { rtp, rtcp } = lane.transport else { return Ok(()) };
    let time = lane.time(unit, false);
    let report = lane.report(time, unit.wall);
    let packets: Vec<wire::Packet> = unit
        .payloads
        .iter()
        .map(|payload| (lane.header(time, payload), payload.data.clone()))
        .collect();
    wire::write(&mut connection.stream, &wire::interleave(report, &packets, rtp, rtcp)).await
}
