//! One socket: what a page asks for, and what its tiles are given. Its task is the connection's.
//!
//! Nothing waits to be sent but one message: a tile is asked for its next piece when the one before has been
//! taken, and who comes too late for it goes on at the live edge.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::live::socket::{Sent, Tile};
use access::Standing;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use base::{ErrorKind, StreamPath};
use futures::stream::{SelectAll, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::message::{Description, Said, Told, What, init, piece};
use crate::App;
use crate::messages::Language;
use crate::problem::Problem;
use crate::routes::live::{self, Request};
use crate::who::{Asker, Who};

const TILES_MAX: usize = 64;
/// Subscriptions that wait for their stream at once; others wait for those.
const OPENING_MAX: usize = 16;
const NOT_UNDERSTOOD_MAX: u32 = 100;
const PING_EVERY: Duration = Duration::from_secs(15);
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// A message that is not taken for so long ends the socket.
const STALL: Duration = Duration::from_secs(20);

/// What tiles have to say, with their id.
type Tiles = SelectAll<Pin<Box<dyn futures::Stream<Item = (u32, Result<Sent, Problem>)> + Send>>>;

struct Page {
    app: App,
    request: Arc<Request>,
    language: Language,
    socket: WebSocket,
    tiles: Tiles,
    /// Ends a tile.
    ends: HashMap<u32, CancellationToken>,
    opening: Arc<Semaphore>,
    not_understood: u32,
}

/// Why a socket ends: what the other side is told.
struct Leave(u16, &'static str);

/// Serves a socket until it ends.
pub(super) async fn run(app: App, request: Request, language: Language, socket: WebSocket) {
    let stop = app.live.scope.token();
    let mut page = Page {
        app,
        request: Arc::new(request),
        language,
        socket,
        tiles: SelectAll::new(),
        ends: HashMap::new(),
        opening: Arc::new(Semaphore::new(OPENING_MAX)),
        not_understood: 0,
    };
    let leave = tokio::select! {
        leave = page.talk() => leave,
        () = stop.cancelled() => Some(Leave(close_code::AWAY, "the server stops")),
    };
    if let Some(Leave(code, reason)) = leave {
        let frame = CloseFrame { code, reason: reason.into() };
        // Who does not take it is gone.
        let farewell = page.socket.send(Message::Close(Some(frame)));
        let _ = tokio::time::timeout(Duration::from_secs(1), farewell).await;
    }
}

impl Page {
    /// Until the other side has gone (`None`), or is to go.
    async fn talk(&mut self) -> Option<Leave> {
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let leave = tokio::select! {
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.hear(message).await,
                        Some(Err(_)) => Some(Leave(close_code::SIZE, "a message that cannot be taken")),
                        None => return None,
                    }
                }
                Some((id, sent)) = self.tiles.next(), if !self.tiles.is_empty() => {
                    self.give(id, sent).await
                }
                _ = ping.tick() => match heard.elapsed() > SILENCE_MAX {
                    true => Some(Leave(close_code::AWAY, "nothing was heard")),
                    false => self.send(Message::Ping(bytes::Bytes::new())).await,
                },
            };
            if leave.is_some() {
                return leave;
            }
        }
    }

    async fn hear(&mut self, message: Message) -> Option<Leave> {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return None,
            Message::Close(_) => return Some(Leave(close_code::NORMAL, "")),
            Message::Binary(_) => {
                return self
                    .refuse(None, Problem::new(ErrorKind::Invalid, "message_not_understood"))
                    .await;
            }
        };
        match serde_json::from_str(&text) {
            Ok(Said::Subscribe { id, path }) => match self.subscribe(id, &path) {
                Ok(()) => None,
                Err(problem) => self.refuse(Some(id), problem).await,
            },
            Ok(Said::Unsubscribe { id }) => {
                self.ends.remove(&id).iter().for_each(CancellationToken::cancel);
                None
            }
            Err(_) => {
                self.refuse(None, Problem::new(ErrorKind::Invalid, "message_not_understood")).await
            }
        }
    }

    /// Tells why not; who goes on like that is left.
    async fn refuse(&mut self, id: Option<u32>, problem: Problem) -> Option<Leave> {
        self.not_understood += 1;
        if self.not_understood > NOT_UNDERSTOOD_MAX {
            return Some(Leave(close_code::POLICY, "too much that is not understood"));
        }
        self.tell_problem(id, &problem).await
    }

    fn subscribe(&mut self, id: u32, path: &str) -> Result<(), Problem> {
        if self.ends.contains_key(&id) {
            return Err(Problem::new(ErrorKind::Conflict, "tile_in_use").with("id", id));
        }
        if self.ends.len() >= TILES_MAX {
            return Err(
                Problem::new(ErrorKind::Exhausted, "too_many_tiles").with("limit", TILES_MAX)
            );
        }
        let path = StreamPath::new(path).map_err(|_| live::no_stream(path))?;
        let end = CancellationToken::new();
        let app = self.app.clone();
        let opening = open(app, Arc::clone(&self.request), path, Arc::clone(&self.opening));
        let tile = futures::stream::once(opening).flat_map(move |opened| match opened {
            Ok(opened) => pieces(opened).boxed(),
            Err(problem) => futures::stream::once(std::future::ready(Err(problem))).boxed(),
        });
        let ended = end.clone().cancelled_owned();
        let tile = tile.map(move |sent| (id, sent)).take_until(ended);
        self.ends.insert(id, end);
        self.tiles.push(Box::pin(tile));
        Ok(())
    }

    async fn give(&mut self, id: u32, sent: Result<Sent, Problem>) -> Option<Leave> {
        // What was on its way when the tile was ended is no more wanted.
        if self.ends.get(&id).is_none_or(CancellationToken::is_cancelled) {
            return None;
        }
        match sent {
            Ok(Sent::Init(found)) => {
                let told = self.tell(Some(id), What::Init(Description::of(&found))).await;
                if told.is_some() {
                    return told;
                }
                self.send(Message::Binary(init(id, &found))).await
            }
            Ok(Sent::Piece(found)) => self.send(Message::Binary(piece(id, &found))).await,
            Ok(Sent::Waiting) => self.tell(Some(id), What::Waiting(true)).await,
            Ok(Sent::Skipped) => self.tell(Some(id), What::Skipped(true)).await,
            Err(problem) => {
                self.ends.remove(&id);
                self.tell_problem(Some(id), &problem).await
            }
        }
    }

    async fn tell_problem(&mut self, id: Option<u32>, problem: &Problem) -> Option<Leave> {
        let details = problem.details(self.language, &self.request.who.request_id);
        self.tell(id, What::Error(Box::new(details))).await
    }

    async fn tell(&mut self, id: Option<u32>, what: What<'_>) -> Option<Leave> {
        let text = serde_json::to_string(&Told { id, what }).unwrap_or_default();
        self.send(Message::Text(text.into())).await
    }

    async fn send(&mut self, message: Message) -> Option<Leave> {
        match tokio::time::timeout(STALL, self.socket.send(message)).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) | Err(_) => Some(Leave(close_code::AWAY, "nothing is taken")),
        }
    }
}

/// A tile with what watches over the right to it.
struct Opened {
    tile: Tile,
    path: StreamPath,
    standing: Option<Arc<Standing>>,
}

async fn open(
    app: App,
    request: Arc<Request>,
    path: StreamPath,
    turns: Arc<Semaphore>,
) -> Result<Opened, Problem> {
    // The semaphore is never closed.
    let _turn = turns.acquire().await.ok();
    let who = still(&app, &request.who).await?;
    let lease = live::lease(&app, &who, &path).await?;
    let standing = live::standing(&app, &who);
    let opened = app.socket.open(&lease, &path, &request.player()).await;
    let tile = opened.map_err(|error| live::problem(&error).with("path", &path))?;
    Ok(Opened { tile, path, standing })
}

/// Who asks, as it is now: what was known when the socket was opened may have changed.
async fn still(app: &App, who: &Who) -> Result<Who, Problem> {
    let address = who.address.unwrap_or(std::net::IpAddr::from([0, 0, 0, 0]));
    let principal = match &who.credential {
        Some(credential) => app.gate.identify(credential, address).await?,
        None => who.principal.clone(),
    };
    Ok(Who::new(Asker {
        principal,
        refused: who.refused.clone(),
        credential: who.credential.clone(),
        address: who.address,
        request_id: who.request_id.clone(),
        permitted: parking_lot::Mutex::default(),
    }))
}

/// What a tile is given until it ends, the problem last.
fn pieces(opened: Opened) -> impl futures::Stream<Item = Result<Sent, Problem>> + Send {
    futures::stream::unfold(Some(opened), |opened| async {
        let mut opened = opened?;
        let next = match &opened.standing {
            None => opened.tile.next().await,
            Some(standing) => tokio::select! {
                next = opened.tile.next() => next,
                () = standing.ended().cancelled() => {
                    return Some((Err(access::Denied::Unauthenticated.into()), None));
                }
            },
        };
        match next {
            Ok(sent) => Some((Ok(sent), Some(opened))),
            Err(error) => Some((Err(live::problem(&error).with("path", &opened.path)), None)),
        }
    })
}
