//! The gate over a real catalogue.
#![allow(clippy::unwrap_used)]

use catalog::{Agencies, Camera, Cameras, Entry, Role};

use super::*;
use crate::accounts::{Accounts, Change, NewUser};
use crate::policy::Action;
use crate::policy::CameraObject;
use crate::principal::Purpose;
use crate::trail::{self, Place};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

struct House {
    gate: Gate,
    accounts: Accounts,
    database: Database,
    _dir: tempfile::TempDir,
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn note() -> Entry {
    trail::entry(&Principal::nobody(), &Place::default(), "test", "ok")
}

async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(&dir.path().join("vedette.db"), 2).await.unwrap();
    let (master, hasher) = (MasterKey::generate().unwrap(), Hasher::new().unwrap());
    let gate = Gate::new(database.clone(), hasher.clone(), &master, false, None).await.unwrap();
    let accounts = Accounts::new(database.clone(), hasher, master, true);
    House { gate, accounts, database, _dir: dir }
}

impl House {
    async fn user(&self, name: &str, of: &str) -> User {
        let agencies = Agencies::from(vec![of.to_owned()]);
        let password = Some(secret("correct horse"));
        let new = NewUser { name: name.into(), role: Role::Viewer, agencies, password };
        self.accounts.add(new, note(), SystemClock.wall()).await.unwrap().0
    }

    async fn camera(&self, agency: &str) -> CameraObject {
        let now = SystemClock.wall();
        let camera = Camera {
            id: base::CameraId::new("cam").unwrap(),
            name: "East door".into(),
            source: agency.into(),
            role: String::new(),
            location: None,
            enabled: true,
            tags: Vec::new(),
            managed_by: "file".into(),
            removed_at: None,
            created_at: now,
            updated_at: now,
        };
        self.database.upsert_file_cameras(std::slice::from_ref(&camera), now).await.unwrap();
        CameraObject::of(&camera)
    }

    async fn key(&self, of: &str) -> (Key, Credential) {
        let (shown, hash) = new_key().unwrap();
        let key = Key {
            id: "k".into(),
            name: "player".into(),
            hash,
            role: Some(Role::Viewer),
            agencies: Agencies::from(vec![of.to_owned()]),
            scopes: Vec::new(),
            created_by: "admin".into(),
            created_at: SystemClock.wall(),
            expires_at: None,
            revoked_at: None,
            used_at: None,
        };
        self.database.add_key(&key).await.unwrap();
        (key, Credential::Bearer(shown))
    }
}

fn basic(user: &str, password: &str) -> Credential {
    Credential::Basic { user: user.into(), password: secret(password) }
}

#[tokio::test]
async fn each_credential_is_known_until_it_ends() {
    let house = house().await;
    let user = house.user("anna", "METRO").await;
    let identify = async |credential: &Credential| house.gate.identify(credential, HERE).await;
    assert_eq!(identify(&basic("ANNA", "correct horse")).await.unwrap().id(), user.id);
    assert_eq!(identify(&basic("anna", "wrong horse")).await, Err(Refused::Wrong));
    let (key, bearer) = house.key("METRO").await;
    assert_eq!(identify(&bearer).await.unwrap().kind(), "key");
    let Credential::Bearer(shown) = &bearer else { unreachable!() };
    assert_eq!(identify(&basic("key", shown.reveal())).await.unwrap().id(), "k");
    let origin = Origin { address: HERE, agent: String::new() };
    let signed_in =
        house.gate.login("anna", &secret("correct horse"), &origin, |_, _| note()).await;
    let (_, session, token) = signed_in.unwrap();
    let cookie = Credential::Session(token);
    assert_eq!(identify(&cookie).await.unwrap().session(), Some(session.id.as_str()));

    let now = SystemClock.wall();
    house.database.revoke_key(&key.id, now).await.unwrap();
    house.database.end_session(&session.id, now).await.unwrap();
    house.gate.rights_changed().await;
    for ended in [&bearer, &basic("key", shown.reveal()), &cookie] {
        assert_eq!(identify(ended).await, Err(Refused::Wrong));
    }
    let off = Change { enabled: Some(false), ..Change::default() };
    house.accounts.change(&user.id, off, (None, note()), now).await.unwrap();
    house.gate.rights_changed().await;
    assert_eq!(identify(&basic("anna", "correct horse")).await, Err(Refused::Wrong));
}

#[tokio::test]
async fn what_a_password_proves_by_rtsp_digest_is_sealed_for_its_user() {
    let house = house().await;
    let user = house.user("anna", "METRO").await;
    let (_, secret_of) = house.accounts.digest_secret("ANNA").await.unwrap().unwrap();
    // RFC 7616 section 3.4.2.
    let expected: [u8; 32] = Sha256::digest(b"anna:vedette:correct horse").into();
    assert_eq!(secret_of.sha256, expected);
    let sealed = user.digest.unwrap();
    assert!(!sealed.windows(32).any(|part| part == expected));
    assert!(house.accounts.digest_secret("omar").await.unwrap().is_none());
    let off = Change { enabled: Some(false), ..Change::default() };
    house.accounts.change(&user.id, off, (None, note()), SystemClock.wall()).await.unwrap();
    assert!(house.accounts.digest_secret("anna").await.unwrap().is_none());
}

#[tokio::test]
async fn ten_wrong_passwords_lock_out_even_the_right_one() {
    let house = house().await;
    house.user("anna", "METRO").await;
    for guess in 0..10 {
        let wrong = basic("anna", &format!("guess {guess}"));
        assert_eq!(house.gate.identify(&wrong, HERE).await, Err(Refused::Wrong));
    }
    let right = basic("anna", "correct horse");
    assert!(matches!(house.gate.identify(&right, HERE).await, Err(Refused::Locked(_))));
    let elsewhere = IpAddr::from([10, 0, 0, 2]);
    assert!(house.gate.identify(&right, elsewhere).await.is_ok());
}

#[tokio::test]
async fn a_proof_counts_as_a_password_does_and_ends_with_it() {
    let house = house().await;
    let user = house.user("vera", "METRO").await;
    let prove =
        async |is_right| house.gate.prove(&house.accounts, ("vera", HERE), |_| is_right).await;
    let (who, credential) = prove(true).await.unwrap();
    assert_eq!(who.name(), "vera");
    assert_eq!(house.gate.identify(&credential, HERE).await, Ok(who));
    let password = Some((secret("another horse staple"), false));
    let change = Change { password, ..Change::default() };
    let now = SystemClock.wall();
    house.accounts.change(&user.id, change, (None, note()), now).await.unwrap();
    house.gate.rights_changed().await;
    assert_eq!(house.gate.identify(&credential, HERE).await, Err(Refused::Wrong));
    for _ in 0..10 {
        assert_eq!(prove(false).await.unwrap_err(), Refused::Wrong);
    }
    assert!(matches!(prove(true).await, Err(Refused::Locked(_))));
}

#[tokio::test]
async fn a_signed_address_reaches_no_further_than_its_signer_does_now() {
    let house = house().await;
    let (user, camera) = (house.user("anna", "METRO").await, house.camera("METRO").await);
    let link = Link { camera: camera.id.clone(), purpose: Purpose::Live };
    let end = SystemClock.wall().plus_micros(60_000_000);
    let signed = house.gate.sign(&of_user(&user, None), link.clone(), end).unwrap();
    let credential = Credential::Bearer(Secret::new(signed));
    let object = Object::Camera(camera);
    let watch = async || {
        let who = house.gate.identify(&credential, HERE).await.unwrap();
        authorize(&who, Action::WatchLive, &object).is_ok()
    };
    assert!(watch().await);
    let elsewhere = Agencies::from(vec!["BUS".to_owned()]);
    let moved = Change { agencies: Some(elsewhere), ..Change::default() };
    house.accounts.change(&user.id, moved, (None, note()), SystemClock.wall()).await.unwrap();
    house.gate.rights_changed().await;
    assert!(!watch().await);
    assert_eq!(house.gate.sign(&Principal::nobody(), link, end), None);
}

#[tokio::test]
async fn what_runs_ends_with_its_right_and_with_its_cameras_agency() {
    let house = house().await;
    let (_, bearer) = house.key("METRO").await;
    let object = Object::Camera(house.camera("METRO").await);
    let standing = || {
        let permitted = vec![(Action::PlayRecordings, object.clone())];
        house.gate.watch_over(Standing::new(Some(bearer.clone()), HERE, permitted))
    };
    let running = standing();
    house.gate.rights_changed().await;
    assert!(!running.ended().is_cancelled());
    house.camera("BUS").await;
    house.gate.rights_changed().await;
    assert!(running.ended().is_cancelled());
    house.camera("METRO").await;
    let running = standing();
    house.database.revoke_key("k", SystemClock.wall()).await.unwrap();
    house.gate.rights_changed().await;
    assert!(running.ended().is_cancelled());
}

#[tokio::test]
async fn a_path_is_its_cameras_else_its_rules_agencys_and_follows_both() {
    let house = house().await;
    let (_, bearer) = house.key("METRO").await;
    let camera = house.camera("METRO").await;
    let agency = Arc::new(Mutex::new(Some("METRO".to_owned())));
    let asked = Arc::clone(&agency);
    house.gate.streams().ask_for_agencies(move |_| asked.lock().clone());
    let path = |path: &str| base::StreamPath::new(path).unwrap();
    let object = async |of: &str| house.gate.streams().object(&path(of)).await.unwrap();
    assert_eq!(object("cam/sub").await, Object::Camera(camera));
    let metro = object("metro_1").await;
    let expected = Object::AgencyStream { path: path("metro_1"), agency: "METRO".into() };
    assert_eq!(metro, expected);
    let permitted = vec![(Action::WatchLive, metro)];
    let running = house.gate.watch_over(Standing::new(Some(bearer), HERE, permitted));
    house.gate.rights_changed().await;
    assert!(!running.ended().is_cancelled());
    *agency.lock() = None;
    assert_eq!(object("metro_1").await, Object::Stream(path("metro_1")));
    house.gate.rights_changed().await;
    assert!(running.ended().is_cancelled());
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_says_so() {
    let house = house().await;
    let other = MasterKey::generate().unwrap();
    let gate = Gate::new(house.database.clone(), Hasher::new().unwrap(), &other, false, None).await;
    assert!(matches!(gate.err(), Some(Error::Seal(seal::Error::Sealed))));
}
