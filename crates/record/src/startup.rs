//! The ledger at start: from where this node last knew something until recording resumes there is a
//! gap, and the node itself is the first reason.

use base::{CameraId, Wall};
use catalog::{Database, Error, GapReason, Ledger, Node};

/// Opens a gap for each camera of which something is known, from the end of that. `recorded` are
/// those that are to be recorded now; the others are switched off or no longer wanted, which is
/// the reason from `now` on, or still the one where it was before. `before` is the node's run
/// before this one. Run after repair and before recording.
///
/// # Errors
/// The catalogue's.
pub async fn open_gaps(
    database: &Database,
    recorded: &[CameraId],
    before: Option<Node>,
    now: Wall,
) -> Result<(), Error> {
    let open = database.open_gaps().await?;
    let stopped = before.is_some_and(|node| node.stopped_at.is_some());
    let reason = if stopped { GapReason::NodeStopped } else { GapReason::NodeFailed };
    for camera in &database.recorded_cameras().await? {
        let gap = open.iter().find(|gap| &gap.camera == camera);
        let is_recorded = recorded.contains(camera);
        if !is_recorded && gap.is_some_and(|gap| gap.reason == GapReason::Disabled) {
            continue;
        }
        let start = match gap {
            // Why it was not recorded then is known until the node was last alive.
            Some(gap) => before.map_or(gap.start, |node| node.alive_at.max(gap.start)),
            None => match database.known_until(camera).await? {
                Some(known) => known,
                None => continue,
            },
        };
        database.open_gap(camera, start, reason).await?;
        if !is_recorded {
            database.open_gap(camera, now.max(start), GapReason::Disabled).await?;
        }
    }
    Ok(())
}
