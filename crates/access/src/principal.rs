//! Who asks, and with which rights. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::CameraId;
use catalog::{Agencies, Role, Visible};

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nobody in particular.
    Nobody,
    /// A program near by that watches this server: it may read health and numbers.
    Monitor,
    /// Whoever connects while `access.mode` is `open` and the address is trusted.
    Open,
    /// A person of the embedded store.
    User {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// The session by which it is signed in, if by one.
        session: Option<String>,
    },
    /// A person of an OpenID provider.
    External {
        /// The provider's `sub`.
        subject: String,
        /// Its name.
        name: String,
        /// The session, if by one.
        session: Option<String>,
    },
    /// A program.
    Key {
        /// The key's id.
        id: String,
        /// Its name.
        name: String,
    },
}

/// What a signed address opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Live media and snapshots.
    Live,
    /// What is recorded.
    Playback,
}

/// The bounds of a signed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The only camera.
    pub camera: CameraId,
    /// What for.
    pub purpose: Purpose,
}

/// Who asks. Cloning shares it: somebody may have a thousand agencies, and each request clones it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal(Arc<Rights>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rights {
    identity: Identity,
    role: Option<Role>,
    visible: Visible,
    scopes: Vec<String>,
    link: Option<Link>,
}

impl Principal {
    /// Somebody known, with a role on the cameras of some agencies.
    #[must_use]
    pub fn known(identity: Identity, role: Option<Role>, agencies: Agencies) -> Self {
        Self::of(identity, role, Visible { agencies, roles: None })
    }

    fn of(identity: Identity, role: Option<Role>, visible: Visible) -> Self {
        Self(Arc::new(Rights { identity, role, visible, scopes: Vec::new(), link: None }))
    }

    /// Nobody, without any right.
    #[must_use]
    pub fn nobody() -> Self {
        Self::known(Identity::Nobody, None, Agencies::none())
    }

    /// A program near by that watches this server.
    #[must_use]
    pub fn monitor() -> Self {
        Self::known(Identity::Monitor, None, Agencies::none())
    }

    /// An administrator by address.
    #[must_use]
    pub fn open() -> Self {
        Self::known(Identity::Open, Some(Role::Admin), Agencies::All)
    }

    /// Nobody in particular, who may look at the cameras of these roles.
    #[must_use]
    pub fn public(role: Role, cameras_with_role: BTreeSet<String>) -> Self {
        let visible = Visible { agencies: Agencies::All, roles: Some(cameras_with_role) };
        Self::of(Identity::Nobody, Some(role), visible)
    }

    /// With scopes such as `publish:metro_*`.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Vec<String>) -> Self {
        Arc::make_mut(&mut self.0).scopes = scopes;
        self
    }

    /// The same, no further than a signed address reaches.
    #[must_use]
    pub fn narrowed(mut self, link: Link) -> Self {
        let rights = Arc::make_mut(&mut self.0);
        (rights.link, rights.scopes) = (Some(link), Vec::new());
        self
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.0.role
    }

    /// Which cameras it may know of.
    #[must_use]
    pub fn visible(&self) -> &Visible {
        &self.0.visible
    }

    /// Its scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// The signed address by which it comes, if by one.
    #[must_use]
    pub fn link(&self) -> Option<&Link> {
        self.0.link.as_ref()
    }

    /// True when it is known who asks.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.0.identity, Identity::Nobody | Identity::Monitor)
    }

    pub(crate) fn is_monitor(&self) -> bool {
        matches!(self.0.identity, Identity::Monitor)
    }

    /// The word for its kind in the audit trail.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.0.link.is_some() {
            return "link";
        }
        match self.0.identity {
            Identity::Nobody => "nobody",
            Identity::Monitor => "monitor",
            Identity::Open => "open",
            Identity::User { .. } => "user",
            Identity::External { .. } => "external",
            Identity::Key { .. } => "key",
        }
    }

    /// Its id, or empty.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.0.identity {
            Identity::User { id, .. } | Identity::Key { id, .. } => id,
            Identity::External { subject, .. } => subject,
            _ => "",
        }
    }

    /// Its name for people, or empty.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0.identity {
            Identity::User { name, .. }
            | Identity::External { name, .. }
            | Identity::Key { name, .. } => name,
            _ => "",
        }
    }

    /// The session by which it is signed in.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match &self.0.identity {
            Identity::User { session, .. } | Identity::External { session, .. } => {
                session.as_deref()
            }
            _ => None,
        }
    }
}
