//! Who may do what. One decision point: every route and every media session asks [`authorize`].
//!
//! Pure: it is told who asks and what for, and answers with a [`Lease`] or a refusal. Denied by
//! default. Refuses to know HTTP; what a request's address is worth is said by [`trust`].

pub mod trust;

use base::{CameraId, ErrorKind};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A program near by that watches this server: it may read health and numbers.
    Monitor,
    /// Whoever connects while `access.mode` is `open` and the address is trusted: an administrator.
    Open,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Health and readiness of this server.
    ReadHealth,
    /// Its numbers.
    ReadMetrics,
    /// The console's files, the API's description: nothing of any camera.
    ReadPublic,
    /// The list of cameras, or one of them.
    ReadCameras,
    /// Live media.
    WatchLive,
    /// What is recorded, as a list.
    ReadRecordings,
    /// What is recorded, as media.
    PlayRecordings,
}

/// What it is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// The server as a whole.
    Server,
    /// All cameras that the asker may know of.
    Cameras,
    /// One camera.
    Camera(CameraId),
    /// A stream that is no camera's.
    Stream(base::StreamPath),
}

/// Proof that somebody may do something; media rooms ask for it instead of deciding again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    who: Principal,
    action: Action,
}

impl Lease {
    /// Who holds it.
    #[must_use]
    pub const fn who(&self) -> &Principal {
        &self.who
    }

    /// What it is for.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not known who asks.
    #[error("sign in first")]
    Unauthenticated,
    /// It is known, and not enough.
    #[error("not permitted")]
    Forbidden,
}

impl Denied {
    /// What kind of refusal it is.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Forbidden => ErrorKind::Forbidden,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Decides. An object outside what the asker may know of is for the caller to answer as not found.
///
/// # Errors
/// [`Denied`]; a retry helps only as somebody else.
pub fn authorize(who: &Principal, action: Action, _object: &Object) -> Result<Lease, Denied> {
    let permitted = match who {
        Principal::Open => true,
        Principal::Monitor => {
            matches!(action, Action::ReadPublic | Action::ReadHealth | Action::ReadMetrics)
        }
        Principal::Anonymous => matches!(action, Action::ReadPublic),
    };
    if !permitted {
        return Err(Denied::Unauthenticated);
    }
    Ok(Lease { who: who.clone(), action })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_a_camera_and_the_open_mode_sees_all() {
        let camera = Object::Camera(CameraId::new("cam").expect("a slug"));
        let denied = authorize(&Principal::Anonymous, Action::WatchLive, &camera);
        assert_eq!(denied, Err(Denied::Unauthenticated));
        let lease = authorize(&Principal::Open, Action::WatchLive, &camera).expect("open");
        assert_eq!(lease.action(), Action::WatchLive);
        assert!(authorize(&Principal::Anonymous, Action::ReadPublic, &Object::Server).is_ok());
    }
}
