//! Somebody of every kind, for tests that try what each may do.

use access::accounts::NewUser;
use access::gate::{Origin, new_key};
use access::{Identity, Link, Principal, Purpose};
use base::{Secret, Wall};
use catalog::{Agencies, Key, People, Role, Session};

use super::*;

pub(super) const PASSWORD: &str = "correct horse";

fn agencies(names: &[&str]) -> Agencies {
    Agencies::from(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
}

fn note() -> catalog::Entry {
    access::trail::entry(&Principal::nobody(), &access::trail::Place::default(), "test", "ok")
}

impl Door {
    /// A person of this name.
    pub(super) async fn user(&self, name: &str, role: Role, of: &[&str]) -> catalog::User {
        let password = Some(Secret::new(PASSWORD.to_owned()));
        let new = NewUser { name: name.into(), role, agencies: agencies(of), password };
        self.accounts.add(new, note(), SystemClock.wall()).await.unwrap().0
    }

    /// The cookie of a person of this name, who is signed in.
    pub(super) async fn cookie(&self, name: &str) -> (Session, String) {
        let from = Origin { address: [10, 1, 1, 1].into(), agent: "test".into() };
        let password = Secret::new(PASSWORD.to_owned());
        let (_, session, token) =
            self.gate.login(name, &password, &from, |_, _| note()).await.unwrap();
        (session, format!("vedette_session={}", token.reveal()))
    }

    /// A key, as it stands in a header.
    pub(super) async fn key(
        &self,
        role: Option<Role>,
        of: &[&str],
        scopes: &[&str],
    ) -> (Key, String) {
        let (shown, hash) = new_key().unwrap();
        let key = Key {
            id: uuid::Uuid::now_v7().to_string(),
            name: "key".into(),
            hash,
            role,
            agencies: agencies(of),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            created_by: "test".into(),
            created_at: SystemClock.wall(),
            expires_at: None,
            revoked_at: None,
            used_at: None,
        };
        self.database.add_key(&key).await.unwrap();
        (key, format!("Bearer {}", shown.reveal()))
    }

    /// A signed address of a camera, by a person.
    pub(super) fn link(
        &self,
        user: &catalog::User,
        camera: &str,
        purpose: Purpose,
        end: Wall,
    ) -> String {
        let identity =
            Identity::User { id: user.id.clone(), name: user.name.clone(), session: None };
        let who = Principal::known(identity, Some(user.role), user.agencies.clone());
        let link = Link { camera: CameraId::new(camera).unwrap(), purpose };
        self.gate.sign(&who, link, end).unwrap()
    }
}
