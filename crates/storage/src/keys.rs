//! Names of files: `<camera>/<YYYY>/<MM>/<DD>/<HH>/segment_<epoch>.<mp4|ts>`, folders by UTC hour. Pure.

use base::{CameraId, Wall};

/// The file of a segment that begins at `start`, relative to the volume's root. `attempt` counts from
/// 1; from 2 on it is added, for a name that is taken. `extension` is `mp4` or `ts`.
#[must_use]
pub fn segment(camera: &CameraId, start: Wall, attempt: u32, extension: &str) -> String {
    // "2025-01-15T14:00:00.000Z": the parts of the folder stand at fixed places.
    let stamp = start.to_string();
    let hour: String =
        stamp.chars().take(13).map(|c| if c == '-' || c == 'T' { '/' } else { c }).collect();
    let again = if attempt > 1 { format!("_{attempt}") } else { String::new() };
    format!("{camera}/{hour}/segment_{}{again}.{extension}", start.as_secs())
}

/// The camera and the second of start in a name of [`segment`]'s form.
#[must_use]
pub fn parse_segment(path: &str) -> Option<(CameraId, Wall)> {
    let mut parts = path.split('/');
    let camera = CameraId::new(parts.next()?).ok()?;
    let name = parts.next_back()?.strip_prefix("segment_")?;
    let name = name.strip_suffix(".mp4").or_else(|| name.strip_suffix(".ts"))?;
    let epoch = name.split('_').next()?.parse::<i64>().ok()?;
    (parts.count() == 4).then_some((camera, Wall::from_micros(epoch.checked_mul(1_000_000)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_lies_in_the_folder_of_its_utc_hour() {
        let camera = CameraId::new("warehouse-cam-01").expect("a slug");
        let start = Wall::from_micros(1_736_949_600_500_000);
        let path = segment(&camera, start, 1, "mp4");
        assert_eq!(path, "warehouse-cam-01/2025/01/15/14/segment_1736949600.mp4");
        assert_eq!(
            segment(&camera, start, 2, "mp4"),
            "warehouse-cam-01/2025/01/15/14/segment_1736949600_2.mp4"
        );
        assert_eq!(parse_segment(&path), Some((camera, Wall::from_micros(1_736_949_600_000_000))));
        assert_eq!(parse_segment("lost/segment_1.mp4"), None);
    }
}
