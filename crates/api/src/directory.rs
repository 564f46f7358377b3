//! Cameras that were asked for a moment ago, so that each piece of a stream does not ask the database.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::CameraId;
use catalog::{Camera, Cameras, Database};
use parking_lot::Mutex;

/// How old an answer may be.
const KEPT: Duration = Duration::from_secs(2);
const LEN_MAX: usize = 10_000;

/// Cameras by id, each at most two seconds old.
#[derive(Default)]
pub(crate) struct Directory(Mutex<HashMap<CameraId, (Arc<Camera>, Instant)>>);

impl Directory {
    /// A camera of the catalogue, `None` where there is none.
    pub(crate) async fn camera(
        &self,
        database: &Database,
        id: &CameraId,
    ) -> Result<Option<Arc<Camera>>, catalog::Error> {
        if let Some((camera, at)) = self.0.lock().get(id)
            && at.elapsed() < KEPT
        {
            return Ok(Some(Arc::clone(camera)));
        }
        let camera = match database.camera(id).await {
            Ok(camera) => Arc::new(camera),
            Err(catalog::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut known = self.0.lock();
        if known.len() >= LEN_MAX {
            known.clear();
        }
        known.insert(id.clone(), (Arc::clone(&camera), Instant::now()));
        Ok(Some(camera))
    }
}
