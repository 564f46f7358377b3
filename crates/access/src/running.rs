//! What runs longer than a request (a download, a stream), and ends when its rights end.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::policy::{Action, Object};
use crate::shown::Credential;

/// Something that was permitted and still runs. Dropping it ends the watch.
#[derive(Debug)]
pub struct Standing {
    credential: Option<Credential>,
    address: IpAddr,
    permitted: Vec<(Action, Object)>,
    ended: CancellationToken,
}

impl Standing {
    /// What runs by a credential (`None`: by address or as nobody), and what was permitted for it.
    #[must_use]
    pub fn new(
        credential: Option<Credential>,
        address: IpAddr,
        permitted: Vec<(Action, Object)>,
    ) -> Self {
        Self { credential, address, permitted, ended: CancellationToken::new() }
    }

    /// Cancelled when the right to it has ended.
    #[must_use]
    pub const fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    pub(crate) const fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    pub(crate) const fn address(&self) -> IpAddr {
        self.address
    }

    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    pub(crate) fn permitted(&self) -> &[(Action, Object)] {
        &self.permitted
    }
}

/// All that runs. Its users: whoever begins something long, and the watch over rights.
#[derive(Debug, Default)]
pub struct Running(Mutex<Vec<Weak<Standing>>>);

impl Running {
    pub(crate) fn add(&self, standing: Standing) -> Arc<Standing> {
        let standing = Arc::new(standing);
        let mut all = self.0.lock();
        // Now and then, those that are over are left out: the list is no longer than twice what runs.
        if all.len() == all.capacity() {
            all.retain(|one| one.strong_count() > 0);
        }
        all.push(Arc::downgrade(&standing));
        standing
    }

    pub(crate) fn all(&self) -> Vec<Arc<Standing>> {
        self.0.lock().iter().filter_map(Weak::upgrade).collect()
    }
}
