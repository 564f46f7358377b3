//! Who may do what: the one place where it is decided. Pure.
//!
//! Denied by default. What somebody may not know of is for the caller to answer as not found.

use base::{CameraId, ErrorKind, StreamPath};
use catalog::{Agencies, Role, Visible};

use crate::principal::{Principal, Purpose};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The console's files and the ways to sign in: nothing of any camera.
    ReadPublic,
    /// Health and readiness of this server.
    ReadHealth,
    /// Its numbers.
    ReadMetrics,
    /// What the API can do.
    ReadDescription,
    /// One's own name, sessions and password.
    ManageOwn,
    /// The list of cameras, or one of them.
    ReadCameras,
    /// Live media.
    WatchLive,
    /// What is recorded, as a list.
    ReadRecordings,
    /// What is recorded, as media.
    PlayRecordings,
    /// To give out addresses that need no sign-in.
    SignAddress,
    /// To move a camera.
    MoveCamera,
    /// To add, change and remove cameras.
    ChangeCameras,
    /// To export what is recorded.
    Export,
    /// Quotas, the archive's queue, holds.
    Supervise,
    /// The audit trail.
    ReadAudit,
    /// People, keys, everybody's sessions.
    ManageAccess,
    /// To erase recordings before their time.
    EraseRecordings,
    /// To send media in.
    Publish,
    /// The control API: all paths, who watches them, and their configuration.
    Control,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::ReadPublic,
        Self::ReadHealth,
        Self::ReadMetrics,
        Self::ReadDescription,
        Self::ManageOwn,
        Self::ReadCameras,
        Self::WatchLive,
        Self::ReadRecordings,
        Self::PlayRecordings,
        Self::SignAddress,
        Self::MoveCamera,
        Self::ChangeCameras,
        Self::Export,
        Self::Supervise,
        Self::ReadAudit,
        Self::ManageAccess,
        Self::EraseRecordings,
        Self::Publish,
        Self::Control,
    ];

    /// The word for it in the audit trail and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadPublic => "read_public",
            Self::ReadHealth => "read_health",
            Self::ReadMetrics => "read_metrics",
            Self::ReadDescription => "read_description",
            Self::ManageOwn => "manage_own",
            Self::ReadCameras => "read_cameras",
            Self::WatchLive => "watch_live",
            Self::ReadRecordings => "read_recordings",
            Self::PlayRecordings => "play_recordings",
            Self::SignAddress => "sign_address",
            Self::MoveCamera => "move_camera",
            Self::ChangeCameras => "change_cameras",
            Self::Export => "export",
            Self::Supervise => "supervise",
            Self::ReadAudit => "read_audit",
            Self::ManageAccess => "manage_access",
            Self::EraseRecordings => "erase_recordings",
            Self::Publish => "publish",
            Self::Control => "control",
        }
    }

    /// The least role that may do it; `None`: no role is needed.
    #[must_use]
    pub const fn least_role(self) -> Option<Role> {
        match self {
            Self::ReadPublic => None,
            Self::ReadHealth
            | Self::ReadDescription
            | Self::ManageOwn
            | Self::ReadCameras
            | Self::WatchLive
            | Self::ReadRecordings
            | Self::PlayRecordings
            | Self::SignAddress => Some(Role::Viewer),
            Self::MoveCamera | Self::ChangeCameras | Self::Export => Some(Role::Operator),
            Self::Supervise | Self::ReadAudit => Some(Role::Supervisor),
            Self::ReadMetrics
            | Self::ManageAccess
            | Self::EraseRecordings
            | Self::Publish
            | Self::Control => Some(Role::Admin),
        }
    }

    /// True when somebody begins to see a picture by it.
    #[must_use]
    pub const fn is_viewing(self) -> bool {
        matches!(self, Self::WatchLive | Self::PlayRecordings)
    }

    /// True when it only looks at cameras: what nobody in particular may be given.
    const fn is_reading_cameras(self) -> bool {
        matches!(
            self,
            Self::ReadCameras | Self::WatchLive | Self::ReadRecordings | Self::PlayRecordings
        )
    }
}

/// What it is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// The server as a whole, or a list of which the asker gets its own part.
    Server,
    /// One camera.
    Camera(CameraObject),
    /// A stream that is nobody's in particular, or media sent to a path.
    Stream(StreamPath),
    /// A stream that is no camera's, on a path that belongs to an agency.
    AgencyStream {
        /// Its path.
        path: StreamPath,
        /// Whose.
        agency: String,
    },
    /// What belongs to an agency.
    Agency(String),
}

/// What of a camera decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraObject {
    /// Which.
    pub id: CameraId,
    /// Whose: its `source`.
    pub agency: String,
    /// Its role, such as `perimeter` or `public`.
    pub role: String,
}

impl CameraObject {
    /// A camera of the catalogue as the policy sees it.
    #[must_use]
    pub fn of(camera: &catalog::Camera) -> Self {
        Self { id: camera.id.clone(), agency: camera.source.clone(), role: camera.role.clone() }
    }
}

impl Object {
    /// How the audit trail names it; empty for the server.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Server => String::new(),
            Self::Camera(camera) => format!("camera:{}", camera.id),
            Self::Stream(path) | Self::AgencyStream { path, .. } => format!("stream:{path}"),
            Self::Agency(agency) => format!("agency:{agency}"),
        }
    }

    /// Whose it is; empty: nobody's in particular.
    #[must_use]
    pub fn agency(&self) -> &str {
        match self {
            Self::Camera(camera) => &camera.agency,
            Self::Agency(agency) | Self::AgencyStream { agency, .. } => agency,
            Self::Server | Self::Stream(_) => "",
        }
    }
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
    /// The asker may not know that it exists.
    #[error("not found")]
    Hidden,
}

impl Denied {
    /// What kind of refusal it is.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Forbidden => ErrorKind::Forbidden,
            Self::Hidden => ErrorKind::NotFound,
        }
    }

    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Hidden => "not_found",
        }
    }
}

/// Decides.
///
/// # Errors
/// [`Denied`]; a retry helps only as somebody else, or with other rights.
pub fn authorize(who: &Principal, action: Action, object: &Object) -> Result<Lease, Denied> {
    if !may_ever(who, action) {
        let missing = if who.is_known() { Denied::Forbidden } else { Denied::Unauthenticated };
        return Err(missing);
    }
    if !reaches(who, action, object) {
        return Err(match object {
            Object::Server | Object::Agency(_) => Denied::Forbidden,
            _ if action == Action::Publish => Denied::Forbidden,
            _ => Denied::Hidden,
        });
    }
    Ok(Lease { who: who.clone(), action })
}

/// True when there is some object on which `who` may do it: a refusal that needs no object.
#[must_use]
pub fn may_ever(who: &Principal, action: Action) -> bool {
    if action == Action::ReadPublic {
        return true;
    }
    if who.is_monitor() {
        return matches!(action, Action::ReadHealth | Action::ReadMetrics);
    }
    if let Some(link) = who.link() {
        return match link.purpose {
            Purpose::Live => action == Action::WatchLive,
            Purpose::Playback => {
                matches!(action, Action::PlayRecordings | Action::ReadRecordings)
            }
        } && has_role(who, action);
    }
    if action == Action::Publish && !who.scopes().is_empty() {
        return true;
    }
    (who.is_known() || action.is_reading_cameras()) && has_role(who, action)
}

fn has_role(who: &Principal, action: Action) -> bool {
    match action.least_role() {
        None => true,
        Some(least) => who.role().is_some_and(|role| role >= least),
    }
}

fn reaches(who: &Principal, action: Action, object: &Object) -> bool {
    if action == Action::Publish && who.role().is_none_or(|role| role < Role::Admin) {
        return match object {
            Object::Stream(path) | Object::AgencyStream { path, .. } => {
                publishes(who, path.as_str())
            }
            Object::Camera(camera) => publishes(who, camera.id.as_str()),
            _ => false,
        };
    }
    let visible = who.visible();
    match object {
        // Numbers and people are everybody's: only for who may see all of them.
        Object::Server => match action {
            Action::ReadMetrics | Action::ManageAccess | Action::Control => {
                who.is_monitor() || visible.agencies == Agencies::All
            }
            _ => true,
        },
        Object::Camera(camera) => {
            let linked = who.link().is_none_or(|link| link.camera == camera.id);
            let role = visible.roles.as_ref().is_none_or(|roles| roles.contains(&camera.role));
            linked && role && visible.agencies.contains(&camera.agency)
        }
        Object::Agency(agency) => who.link().is_none() && visible.agencies.contains(agency),
        // It has no role: not for who sees cameras of some roles only.
        Object::AgencyStream { agency, .. } => {
            who.link().is_none() && visible.roles.is_none() && visible.agencies.contains(agency)
        }
        // Nobody's stream: only for who may see all.
        Object::Stream(_) => who.link().is_none() && *visible == Visible::ALL,
    }
}

fn publishes(who: &Principal, path: &str) -> bool {
    who.scopes()
        .iter()
        .filter_map(|scope| scope.strip_prefix("publish:"))
        .any(|pattern| matches_pattern(pattern, path))
}

/// True when `pattern`, in which `*` stands for any text, is `path`.
#[must_use]
pub fn matches_pattern(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pattern.rsplit_once('*').map(|(_, last)| last) else {
        return rest.is_empty();
    };
    let Some(middle) = pattern.matches('*').count().checked_sub(1) else { return false };
    for part in parts.take(middle) {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
