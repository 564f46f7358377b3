//! Who asks, and with which rights. Pure.

use std::collections::BTreeSet;

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

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    identity: Identity,
    role: Option<Role>,
    visible: Visible,
    scopes: Vec<String>,
    link: Option<Link>,
}

impl Principal {
    /// Somebody known, with a role on the cameras of some agencies.
    #[must_use]
    pub const fn known(identity: Identity, role: Option<Role>, agencies: Agencies) -> Self {
        Self {
            identity,
            role,
            visible: Visible { agencies, roles: None },
            scopes: Vec::new(),
            link: None,
        }
    }

    /// Nobody, without any right.
    #[must_use]
    pub const fn nobody() -> Self {
        Self::known(Identity::Nobody, None, Agencies::none())
    }

    /// A program near by that watches this server.
    #[must_use]
    pub const fn monitor() -> Self {
        Self::known(Identity::Monitor, None, Agencies::none())
    }

    /// An administrator by address.
    #[must_use]
    pub const fn open() -> Self {
        Self::known(Identity::Open, Some(Role::Admin), Agencies::All)
    }

    /// Nobody in particular, who may look at the cameras of these roles.
    #[must_use]
    pub fn public(role: Role, cameras_with_role: BTreeSet<String>) -> Self {
        let visible = Visible { agencies: Agencies::All, roles: Some(cameras_with_role) };
        Self { visible, ..Self::known(Identity::Nobody, Some(role), Agencies::All) }
    }

    /// With scopes such as `publish:metro_*`.
    #[must_use]
    pub fn with_scopes(self, scopes: Vec<String>) -> Self {
        Self { scopes, ..self }
    }

    /// The same, no further than a signed address reaches.
    #[must_use]
    pub fn narrowed(self, link: Link) -> Self {
        Self { link: Some(link), scopes: Vec::new(), ..self }
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its role.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Which cameras it may know of.
    #[must_use]
    pub const fn visible(&self) -> &Visible {
        &self.visible
    }

    /// Its scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The signed address by which it comes, if by one.
    #[must_use]
    pub const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// True when it is known who asks.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self.identity, Identity::Nobody | Identity::Monitor)
    }

    pub(crate) const fn is_monitor(&self) -> bool {
        matches!(self.identity, Identity::Monitor)
    }

    /// The word for its kind in the audit trail.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.link.is_some() {
            return "link";
        }
        match self.identity {
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
        match &self.identity {
            Identity::User { id, .. } | Identity::Key { id, .. } => id,
            Identity::External { subject, .. } => subject,
            _ => "",
        }
    }

    /// Its name for people, or empty.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.identity {
            Identity::User { name, .. }
            | Identity::External { name, .. }
            | Identity::Key { name, .. } => name,
            _ => "",
        }
    }

    /// The session by which it is signed in.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match &self.identity {
            Identity::User { session, .. } | Identity::External { session, .. } => {
                session.as_deref()
            }
            _ => None,
        }
    }
}
