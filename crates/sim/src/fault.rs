//! What goes wrong with cameras, and when. Pure: a camera and a time in, what is wrong then out, the
//! same for the same seed.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// How long a stall or a refusal lasts, at most half of its period.
const SPELL: Duration = Duration::from_secs(15);
const EVERY: Duration = Duration::from_secs(20);
const RATE: f64 = 0.01;

/// Something that goes wrong again and again: `KIND`, `KIND:every=SECONDS` or `KIND:rate=SHARE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    kind: Kind,
    every: Duration,
    rate: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Drop,
    Stall,
    Corrupt,
    Reset,
    Auth,
    CodecChange,
    ClockJump,
}

impl Kind {
    /// True for what happens to a share of all packets; the others happen at times.
    const fn has_rate(self) -> bool {
        matches!(self, Self::Drop | Self::Corrupt)
    }
}

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, option) = text.split_once(':').map_or((text, None), |(a, b)| (a, Some(b)));
        let kind = match name {
            "drop" => Kind::Drop,
            "stall" => Kind::Stall,
            "corrupt" => Kind::Corrupt,
            "reset" => Kind::Reset,
            "auth" => Kind::Auth,
            "codec-change" => Kind::CodecChange,
            "clock-jump" => Kind::ClockJump,
            _ => bail!("drop, stall, corrupt, reset, auth, codec-change or clock-jump"),
        };
        let mut fault = Self { kind, every: EVERY, rate: RATE };
        match option.map(|option| option.split_once('=').context("every=SECONDS or rate=SHARE")) {
            None => {}
            Some(Ok(("rate", value))) if kind.has_rate() => {
                fault.rate = value.parse().context("rate: a share, as 0.01")?;
                ensure!((0.0..=1.0).contains(&fault.rate), "rate: 0 to 1");
            }
            Some(Ok(("every", value))) if !kind.has_rate() => {
                let seconds: f64 = value.parse().context("every: seconds")?;
                ensure!((0.1..=1e6).contains(&seconds), "every: 0.1 to 1000000 seconds");
                fault.every = Duration::from_secs_f64(seconds);
            }
            Some(_) if kind.has_rate() => bail!("{name} takes rate=SHARE"),
            Some(_) => bail!("{name} takes every=SECONDS"),
        }
        Ok(fault)
    }
}

/// What is wrong with a camera at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// It sends nothing, its connections open.
    pub(crate) is_stalled: bool,
    /// It answers 401, whatever the password.
    pub(crate) refuses: bool,
    /// It shows its other picture.
    pub(crate) is_changed: bool,
    /// Its RTP times are an hour ahead.
    pub(crate) is_ahead: bool,
    /// How often it has closed its connections so far.
    pub(crate) closures: u64,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    Lost,
    Corrupted,
}

/// All faults of a simulator.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    faults: Vec<Fault>,
    seed: u64,
}

impl Plan {
    pub(crate) fn new(faults: &[Fault], seed: u64) -> Self {
        Self { faults: faults.to_vec(), seed }
    }

    /// True when a camera has two pictures.
    pub(crate) fn changes_codec(&self) -> bool {
        self.faults.iter().any(|fault| fault.kind == Kind::CodecChange)
    }

    /// The state of a camera this long after the start. Each fault of each camera has a phase of its
    /// own: it first happens within its period.
    pub(crate) fn state(&self, camera: u16, elapsed: Duration) -> State {
        let mut state = State::default();
        for (index, fault) in (0_u64..).zip(&self.faults) {
            let mut random = Random::new(self.seed ^ index << 32 ^ u64::from(camera));
            let at = elapsed + fault.every.mul_f64(random.share());
            let micros = fault.every.as_micros().max(1);
            let count = u64::try_from(at.as_micros() / micros).unwrap_or(u64::MAX);
            let is_odd = count % 2 == 1;
            let since = at.as_micros() % micros;
            let lasts = count > 0 && since < SPELL.min(fault.every / 2).as_micros();
            match fault.kind {
                Kind::Drop | Kind::Corrupt => {}
                Kind::Stall => state.is_stalled |= lasts,
                Kind::Reset => state.closures = state.closures.saturating_add(count),
                Kind::Auth => {
                    state.refuses |= lasts;
                    // Who is connected is refused too.
                    state.closures = state.closures.saturating_add(count);
                }
                Kind::CodecChange => state.is_changed ^= is_odd,
                Kind::ClockJump => state.is_ahead ^= is_odd,
            }
        }
        state
    }

    /// The chances of a session with a camera.
    pub(crate) fn chances(&self, camera: u16) -> Random {
        Random::new(self.seed.rotate_left(16) ^ u64::from(camera))
    }

    /// What becomes of the next packet.
    pub(crate) fn fate(&self, chances: &mut Random) -> Fate {
        for fault in self.faults.iter().filter(|fault| fault.kind.has_rate()) {
            if chances.share() < fault.rate {
                return if fault.kind == Kind::Drop { Fate::Lost } else { Fate::Corrupted };
            }
        }
        Fate::Sent
    }
}

/// Numbers that look like chance and are the same for the same seed (SplitMix64; Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to just below 1.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// Flips one to three bits, not in the first two bytes: a payload keeps its kind.
    pub(crate) fn corrupt(&mut self, data: &mut [u8]) {
        let len = u64::try_from(data.len()).unwrap_or(0).saturating_sub(2).max(1);
        for _ in 0..=self.next() % 3 {
            let at = usize::try_from(2 + self.next() % len).unwrap_or(0);
            let bit = self.next() % 8;
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
    }
}

#[cfg(test)]
mod tests;
