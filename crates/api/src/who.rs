//! Who asks, for handlers: what may be done is decided, noted and remembered here.

use std::net::IpAddr;
use std::sync::Arc;

use access::trail::{Place, entry};
use access::{Action, CameraObject, Credential, Denied, Lease, Object, Principal, Refused};
use axum::extract::FromRequestParts;
use base::{CameraId, ErrorKind};
use catalog::{Camera, Entry};
use http::request::Parts;
use parking_lot::Mutex;

use crate::App;
use crate::problem::Problem;

/// Who asks. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Who(Arc<Asker>);

/// What is known of who asks.
pub(crate) struct Asker {
    pub(crate) principal: Principal,
    /// Why what was shown was not taken.
    pub(crate) refused: Option<Refused>,
    pub(crate) credential: Option<Credential>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) request_id: String,
    /// What was permitted, for the watch over long answers.
    pub(crate) permitted: Mutex<Vec<(Action, Object)>>,
}

impl Asker {
    /// Nobody, from nowhere.
    pub(crate) fn nobody() -> Self {
        Self {
            principal: Principal::nobody(),
            refused: None,
            credential: None,
            address: None,
            request_id: String::new(),
            permitted: Mutex::default(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::new(Asker::nobody())))
    }
}

impl std::ops::Deref for Who {
    type Target = Asker;
    fn deref(&self) -> &Asker {
        &self.0
    }
}

impl Who {
    pub(crate) fn new(asker: Asker) -> Self {
        Self(Arc::new(asker))
    }

    /// The one way to a lease: every handler begins with it. Refusals, and the beginning of a view, go
    /// to the audit trail.
    pub(crate) fn permit(
        &self,
        app: &App,
        action: Action,
        object: &Object,
    ) -> Result<Lease, Problem> {
        match access::authorize(&self.principal, action, object) {
            Ok(lease) => {
                self.permitted.lock().push((action, object.clone()));
                if action.is_viewing() {
                    app.trail.note_view(self.entry(action.as_str(), object, "ok"));
                }
                Ok(lease)
            }
            Err(denied) => Err(self.refuse(app, action, object, denied)),
        }
    }

    fn refuse(&self, app: &App, action: Action, object: &Object, denied: Denied) -> Problem {
        let problem = match (&self.refused, denied) {
            (Some(refused), Denied::Unauthenticated) => Problem::from(refused.clone()),
            _ => Problem::from(denied),
        };
        app.trail.note_repeated(self.entry(action.as_str(), object, problem.code()));
        problem
    }

    /// Refuses what the asker can do on no object at all, before anything is looked up.
    pub(crate) fn permit_ever(&self, app: &App, action: Action) -> Result<(), Problem> {
        if access::policy::may_ever(&self.principal, action) {
            return Ok(());
        }
        let denied = match self.principal.is_known() {
            true => Denied::Forbidden,
            false => Denied::Unauthenticated,
        };
        Err(self.refuse(app, action, &Object::Server, denied))
    }

    /// A camera on which the asker may do it. One outside its agencies is not found.
    pub(crate) async fn camera(
        &self,
        app: &App,
        action: Action,
        id: &str,
    ) -> Result<(Lease, Arc<Camera>), Problem> {
        self.permit_ever(app, action)?;
        let not_found = || Problem::new(ErrorKind::NotFound, "camera_not_found").with("id", id);
        let known = CameraId::new(id).map_err(|_| not_found())?;
        let camera = app.gate.streams().camera(&known).await?.ok_or_else(not_found)?;
        let lease = self.permit(app, action, &object_of(&camera));
        lease.map(|lease| (lease, camera)).map_err(|problem| match problem.is_hiding() {
            true => not_found(),
            false => problem,
        })
    }

    /// A row of the audit trail about what this request does.
    pub(crate) fn entry(&self, action: &str, object: &Object, result: &str) -> Entry {
        let place = Place { address: self.address, request: self.request_id.clone() };
        let mut entry = entry(&self.principal, &place, action, result);
        entry.object = object.name();
        entry.agency = object.agency().to_owned();
        entry
    }

    /// A row about a change, to be written with it.
    pub(crate) fn change(&self, action: &str, object: String, detail: &[(&str, String)]) -> Entry {
        let mut entry = self.entry(action, &Object::Server, "ok");
        entry.object = object;
        entry.detail =
            detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        entry
    }

    /// Writes a row about what is given out and waits for it; nothing is given out when that fails.
    pub(crate) async fn record(
        &self,
        app: &App,
        action: &str,
        object: String,
        detail: &[(&str, String)],
    ) -> Result<(), Problem> {
        Ok(app.trail.record(self.change(action, object, detail)).await?)
    }
}

/// A camera as the policy sees it.
pub(crate) fn object_of(camera: &Camera) -> Object {
    Object::Camera(CameraObject::of(camera))
}
