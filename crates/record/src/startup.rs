//! The ledger at start: from where this node last knew something until recording resumes there is a
//! gap, and the node itself is the first reason.

use base::CameraId;
use catalog::{Database, Error, GapReason, Ledger, Node};

/// Opens a gap for each camera that was recorded before, from the end of what is known of it.
/// `before` is the node's run before this one. Run after repair and before recording.
///
/// # Errors
/// The catalogue's.
pub async fn open_gaps(
    database: &Database,
    cameras: &[CameraId],
    before: Option<Node>,
) -> Result<(), Error> {
    let open = database.open_gaps().await?;
    let stopped = before.is_some_and(|node| node.stopped_at.is_some());
    let reason = if stopped { GapReason::NodeStopped } else { GapReason::NodeFailed };
    for camera in cameras {
        let start = match open.iter().find(|gap| &gap.camera == camera) {
            // Why it was not recorded then is known until the node was last alive.
            Some(gap) => before.map_or(gap.start, |node| node.alive_at.max(gap.start)),
            None => match database.known_until(camera).await? {
                Some(known) => known,
                None => continue,
            },
        };
        database.open_gap(camera, start, reason).await?;
    }
    Ok(())
}
