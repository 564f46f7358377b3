//! Whose a stream is: the one look-up from a path to what the policy decides on, for every protocol.
//!
//! A path belongs to the camera that its first part names, else to the agency of the rule that allows
//! it, else to nobody. Cameras that were asked for a moment ago are kept, so that each piece of a
//! stream does not ask the database.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use base::{CameraId, StreamPath};
use catalog::{Camera, Cameras, Database};
use parking_lot::Mutex;

use crate::policy::{CameraObject, Object};

/// How old an answer may be.
const KEPT: Duration = Duration::from_secs(2);
const LEN_MAX: usize = 10_000;

/// The agency of a path that is no camera's; `None`: nobody's in particular.
type AgencyOf = Box<dyn Fn(&StreamPath) -> Option<String> + Send + Sync>;

/// Whose streams are. Cloning gives another handle.
#[derive(Clone)]
pub struct Streams(Arc<Inner>);

struct Inner {
    database: Database,
    agency_of: OnceLock<AgencyOf>,
    known: Mutex<HashMap<CameraId, (Arc<Camera>, Instant)>>,
}

impl Streams {
    pub(crate) fn new(database: Database) -> Self {
        let (agency_of, known) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { database, agency_of, known }))
    }

    /// Sets who knows the agencies of paths that are no camera's. Once; later calls change nothing.
    pub fn ask_for_agencies(
        &self,
        agency_of: impl Fn(&StreamPath) -> Option<String> + Send + Sync + 'static,
    ) {
        // Set by the composition, which does so once.
        let _ = self.0.agency_of.set(Box::new(agency_of));
    }

    /// A stream as the policy sees it. Says nothing about whether anybody feeds it.
    ///
    /// # Errors
    /// The catalogue's; a retry may help.
    pub async fn object(&self, path: &StreamPath) -> Result<Object, catalog::Error> {
        let camera = match camera_of(path) {
            Some(id) => self.camera(&id).await?,
            None => None,
        };
        Ok(self.of(path, camera.as_deref()))
    }

    /// [`Self::object`] without what was kept: for who has just been told of a change.
    pub(crate) async fn object_now(&self, path: &StreamPath) -> Result<Object, catalog::Error> {
        let camera = match camera_of(path) {
            Some(id) => self.look_up(&id).await?,
            None => None,
        };
        Ok(self.of(path, camera.as_deref()))
    }

    fn of(&self, path: &StreamPath, camera: Option<&Camera>) -> Object {
        let agency = || self.0.agency_of.get().and_then(|agency_of| agency_of(path));
        match camera {
            Some(camera) => Object::Camera(CameraObject::of(camera)),
            None => match agency() {
                Some(agency) => Object::AgencyStream { path: path.clone(), agency },
                None => Object::Stream(path.clone()),
            },
        }
    }

    /// A camera of the catalogue as it was at most two seconds ago; `None` where there is none.
    ///
    /// # Errors
    /// The catalogue's; a retry may help.
    pub async fn camera(&self, id: &CameraId) -> Result<Option<Arc<Camera>>, catalog::Error> {
        if let Some((camera, at)) = self.0.known.lock().get(id)
            && at.elapsed() < KEPT
        {
            return Ok(Some(Arc::clone(camera)));
        }
        let Some(camera) = self.look_up(id).await? else { return Ok(None) };
        let mut known = self.0.known.lock();
        if known.len() >= LEN_MAX {
            known.clear();
        }
        known.insert(id.clone(), (Arc::clone(&camera), Instant::now()));
        Ok(Some(camera))
    }

    async fn look_up(&self, id: &CameraId) -> Result<Option<Arc<Camera>>, catalog::Error> {
        match self.0.database.camera(id).await {
            Ok(camera) => Ok(Some(Arc::new(camera))),
            Err(catalog::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn forget(&self) {
        self.0.known.lock().clear();
    }
}

/// The camera whose path, or a part of it, this would be.
fn camera_of(path: &StreamPath) -> Option<CameraId> {
    CameraId::new(path.as_str().split('/').next().unwrap_or_default()).ok()
}
