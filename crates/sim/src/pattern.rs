//! Moving pictures with a clock burnt in. Pure: a frame number and a time in, a YUV 4:2:0 picture out.

use base::Wall;

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// A slope of brightness that wanders.
    Gradient,
    /// Waves.
    Sine,
    /// A board that scrolls.
    Checkerboard,
    /// A disc that goes around.
    Circle,
}

impl Pattern {
    /// All of them, in the order in which `all` takes turns.
    pub const ALL: [Self; 4] = [Self::Gradient, Self::Sine, Self::Checkerboard, Self::Circle];

    /// The pattern of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let names = ["gradient", "sine", "checkerboard", "circle"];
        names
            .iter()
            .position(|known| *known == name)
            .and_then(|index| Self::ALL.get(index).copied())
    }
}

/// Brightness of text and of what lies behind it.
const WHITE: u8 = 235;
const BLACK: u8 = 16;

/// Draws frame number `frame` at `wall`, `width` and `height` being even.
#[must_use]
pub fn draw(pattern: Pattern, (width, height): (u32, u32), frame: u64, wall: Wall) -> Vec<u8> {
    let (w, h) = (width as usize, height as usize);
    let mut picture = vec![128; w * h + (w / 2) * (h / 2) * 2];
    let (luma, chroma) = picture.split_at_mut(w * h);
    let t = u32::try_from(frame % 100_000).unwrap_or(0);
    for (y, row) in (0_u32..).zip(luma.chunks_exact_mut(w)) {
        for (x, pixel) in (0_u32..).zip(row) {
            *pixel = brightness(pattern, (x, y), (width, height), t);
        }
    }
    let (u, v) = chroma.split_at_mut((w / 2) * (h / 2));
    let hue = u8::try_from(t * 2 % 96).unwrap_or(0);
    let (tint_u, tint_v) = match pattern {
        Pattern::Gradient => (100 + hue / 2, 150),
        Pattern::Sine => (150, 90 + hue / 2),
        Pattern::Checkerboard => (110, 110),
        Pattern::Circle => (90, 160 - hue / 2),
    };
    u.fill(tint_u);
    v.fill(tint_v);
    // "2025-01-15T14:00:00.000Z" without its date's separators: date and time on two lines.
    let stamp = wall.to_string();
    let (date, time) = stamp.trim_end_matches('Z').split_once('T').unwrap_or_default();
    let scale = (w / 160).max(1);
    text(luma, w, (scale * 4, scale * 4), scale, date);
    text(luma, w, (scale * 4, scale * 13), scale * 2, time);
    picture
}

fn brightness(pattern: Pattern, (x, y): (u32, u32), (width, height): (u32, u32), t: u32) -> u8 {
    let level = match pattern {
        Pattern::Gradient => (x * 200 / width + y * 60 / height + t * 3) % 200,
        Pattern::Sine => {
            let wave =
                (f64::from(x) / 40.0 + f64::from(t) / 6.0).sin() + (f64::from(y) / 30.0).cos();
            // Between -2 and 2, so between 0 and 200.
            return level_of(100.0 + wave * 50.0);
        }
        Pattern::Checkerboard => {
            let odd = ((x + t * 2) / 40 + (y + t) / 40) % 2;
            if odd == 1 { 170 } else { 40 }
        }
        Pattern::Circle => {
            let angle = f64::from(t) / 15.0;
            let radius = f64::from(height) / 4.0;
            let (cx, cy) = (
                f64::from(width) / 2.0 + radius * angle.cos(),
                f64::from(height) / 2.0 + radius * angle.sin(),
            );
            let (dx, dy) = (f64::from(x) - cx, f64::from(y) - cy);
            if dx * dx + dy * dy < radius * radius / 2.0 { 200 } else { 40 + y * 40 / height }
        }
    };
    u8::try_from(level + 16).unwrap_or(WHITE)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u8 just before"
)]
fn level_of(value: f64) -> u8 {
    value.clamp(16.0, 235.0) as u8
}

/// Digits and separators, five columns of seven bits each from the left, the top row lowest.
const GLYPHS: [(char, [u8; 5]); 13] = [
    ('0', [0x3e, 0x51, 0x49, 0x45, 0x3e]),
    ('1', [0x00, 0x42, 0x7f, 0x40, 0x00]),
    ('2', [0x42, 0x61, 0x51, 0x49, 0x46]),
    ('3', [0x21, 0x41, 0x45, 0x4b, 0x31]),
    ('4', [0x18, 0x14, 0x12, 0x7f, 0x10]),
    ('5', [0x27, 0x45, 0x45, 0x45, 0x39]),
    ('6', [0x3c, 0x4a, 0x49, 0x49, 0x30]),
    ('7', [0x01, 0x71, 0x09, 0x05, 0x03]),
    ('8', [0x36, 0x49, 0x49, 0x49, 0x36]),
    ('9', [0x06, 0x49, 0x49, 0x29, 0x1e]),
    ('-', [0x08, 0x08, 0x08, 0x08, 0x08]),
    (':', [0x00, 0x36, 0x36, 0x00, 0x00]),
    ('.', [0x00, 0x60, 0x60, 0x00, 0x00]),
];

/// Writes `line` on a dark ground, each dot of a letter `scale` pixels wide.
fn text(luma: &mut [u8], width: usize, (left, top): (usize, usize), scale: usize, line: &str) {
    let mut fill = |x: usize, y: usize, level: u8| {
        if x < width
            && let Some(pixel) = luma.get_mut(y * width + x)
        {
            *pixel = level;
        }
    };
    for (place, letter) in line.chars().enumerate() {
        let glyph =
            GLYPHS.iter().find(|(known, _)| *known == letter).map_or([0; 5], |(_, glyph)| *glyph);
        for column in 0..6 {
            let bits = glyph.get(column).copied().unwrap_or(0);
            for row in 0..8 {
                let level = if bits >> row & 1 == 1 { WHITE } else { BLACK };
                for dot in 0..scale * scale {
                    let x = left + (place * 6 + column) * scale + dot % scale;
                    fill(x, top + row * scale + dot / scale, level);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_move_and_carry_the_time() {
        let wall = Wall::from_micros(1_736_949_600_000_000);
        for pattern in Pattern::ALL {
            let first = draw(pattern, (320, 240), 0, wall);
            assert_eq!(first.len(), 320 * 240 * 3 / 2);
            assert_ne!(first, draw(pattern, (320, 240), 1, wall), "{pattern:?}");
            assert_ne!(
                first,
                draw(pattern, (320, 240), 0, wall.plus_micros(1_000_000)),
                "{pattern:?}"
            );
        }
        assert_eq!(Pattern::parse("circle"), Some(Pattern::Circle));
        assert_eq!(Pattern::parse("x"), None);
    }

    #[test]
    fn a_picture_too_small_for_the_clock_is_still_one() {
        assert_eq!(draw(Pattern::Sine, (16, 16), 5, Wall::default()).len(), 384);
    }
}
