//! What access costs: what every request pays, what a request pays once a minute, and what a sign-in pays.
//!
//! Budget: a viewer of HLS asks about twice a second, so 500 viewers ask 1,000 times; access may take 1 %
//! of a core for them, 10 µs a request. What is not remembered, once a minute a credential: 500 µs.

use std::hint::black_box;
use std::net::IpAddr;

use access::gate::{Origin, new_key};
use access::password::Hasher;
use access::policy::CameraObject;
use access::seal::MasterKey;
use access::signed::{Signed, Signer};
use access::trail::{HeadMark, Place, Recorder, entry};
use access::{
    Action, Credential, Gate, Identity, Link, Object, Principal, Purpose, Standing, authorize,
};
use base::task::Scope;
use base::{CameraId, Clock, Secret, SystemClock, Wall};
use catalog::{Agencies, Database, Key, People, Role};
use divan::Bencher;
use tokio::runtime::Runtime;

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3));
const PASSWORD: &str = "correct horse";
/// Rows that wait for the trail at once.
const ROWS: usize = 256;

fn main() {
    divan::main();
}

/// Somebody with the cameras of so many agencies.
fn somebody(agencies: usize) -> Principal {
    let names = (0..agencies).map(|number| format!("AGENCY-{number}")).collect();
    let identity = Identity::User {
        id: uuid::Uuid::nil().to_string(),
        name: "somebody".into(),
        session: Some(uuid::Uuid::nil().to_string()),
    };
    Principal::known(identity, Some(Role::Viewer), Agencies::Only(names))
}

fn camera() -> Object {
    Object::Camera(CameraObject {
        id: CameraId::new("cam").expect("a slug"),
        agency: "AGENCY-0".into(),
        role: "traffic".into(),
    })
}

/// A catalogue with a user and a key, the gate over it, and the trail.
struct Room {
    runtime: Runtime,
    gate: Gate,
    trail: Recorder,
    hasher: Hasher,
    key: Credential,
    session: Credential,
    user: catalog::User,
    _scope: Scope,
    _dir: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let dir = tempfile::tempdir().expect("a folder");
        let (master, hasher) =
            (MasterKey::generate().expect("random"), Hasher::new().expect("a hasher"));
        let database = runtime
            .block_on(Database::open(&dir.path().join("vedette.db"), 2))
            .expect("a database");
        let gate = runtime
            .block_on(Gate::new(database.clone(), hasher.clone(), &master, false, None))
            .expect("a gate");
        let scope = Scope::new(runtime.handle().clone());
        let mark = HeadMark::new(dir.path().join("head"), [1; 32]);
        let trail = Recorder::start(database.clone(), mark, &scope, &prometheus::Registry::new())
            .expect("a new registry is empty");
        let accounts =
            access::accounts::Accounts::new(database.clone(), hasher.clone(), master, true);
        let (key, session, user) = runtime.block_on(credentials(&database, &accounts, &gate));
        Self { runtime, gate, trail, hasher, key, session, user, _scope: scope, _dir: dir }
    }

    /// The gate remembers nothing.
    fn forgetful(&self) {
        self.runtime.block_on(self.gate.rights_changed());
    }

    fn identify(&self, credential: &Credential) -> bool {
        self.runtime.block_on(self.gate.identify(credential, ADDRESS)).is_ok()
    }
}

async fn credentials(
    database: &Database,
    accounts: &access::accounts::Accounts,
    gate: &Gate,
) -> (Credential, Credential, catalog::User) {
    let (shown, hash) = new_key().expect("random");
    let key = Key {
        id: uuid::Uuid::now_v7().to_string(),
        name: "key".into(),
        hash,
        role: Some(Role::Viewer),
        agencies: Agencies::All,
        scopes: Vec::new(),
        created_by: "bench".into(),
        created_at: SystemClock.wall(),
        expires_at: None,
        revoked_at: None,
        used_at: None,
    };
    database.add_key(&key).await.expect("a new key");
    let password = Secret::new(PASSWORD.to_owned());
    let new = access::accounts::NewUser {
        name: "somebody".into(),
        role: Role::Viewer,
        agencies: Agencies::All,
        password: Some(password.clone()),
    };
    let note = || row(&somebody(1), &place());
    accounts.add(new, note(), SystemClock.wall()).await.expect("a new name");
    let from = Origin { address: ADDRESS, agent: "bench".into() };
    let (user, _, token) =
        gate.login("somebody", &password, &from, |_, _| note()).await.expect("signed in");
    (Credential::Bearer(shown), Credential::Session(token), user)
}

/// The policy's answer, by how many agencies somebody has: a lease holds who it is for.
#[divan::bench(args = [1, 10, 1_000])]
fn decision(bencher: Bencher<'_, '_>, agencies: usize) {
    let (who, object) = (somebody(agencies), camera());
    bencher.bench_local(|| authorize(black_box(&who), Action::WatchLive, black_box(&object)));
}

fn signed() -> Signed {
    let link = Link { camera: CameraId::new("cam").expect("a slug"), purpose: Purpose::Live };
    let signer = Signer::User(uuid::Uuid::nil().to_string());
    Signed { signer, link, expires_at: Wall::from_micros(i64::MAX) }
}

#[divan::bench]
fn signed_address_sign(bencher: Bencher<'_, '_>) {
    let signed = signed();
    bencher.bench_local(|| black_box(&signed).sign(&[3; 32]));
}

#[divan::bench]
fn signed_address_verify(bencher: Bencher<'_, '_>) {
    let token = signed().sign(&[3; 32]);
    let now = SystemClock.wall();
    bencher.bench_local(|| Signed::verify(black_box(&token), &[3; 32], now));
}

/// What each request of somebody known pays to be known.
#[divan::bench]
fn recall_remembered(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    assert!(room.identify(&room.session), "a session is known");
    bencher.bench_local(|| room.gate.recall(black_box(&room.session)));
}

#[divan::bench(sample_size = 1, sample_count = 1_000)]
fn identify_key_anew(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    bencher.with_inputs(|| room.forgetful()).bench_local_values(|()| room.identify(&room.key));
}

#[divan::bench(sample_size = 1, sample_count = 1_000)]
fn identify_session_anew(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    bencher.with_inputs(|| room.forgetful()).bench_local_values(|()| room.identify(&room.session));
}

/// A key that is nobody's, as a guesser shows it.
#[divan::bench(sample_size = 1, sample_count = 1_000)]
fn identify_wrong_key(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    let wrong = Credential::Bearer(new_key().expect("random").0);
    bencher.bench_local(|| room.identify(&wrong));
}

/// Argon2id, 19 MiB, 2 passes: what a sign-in and a wrong guess pay.
#[divan::bench(sample_size = 1, sample_count = 50)]
fn password(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    let wrong = Secret::new("incorrect horse".to_owned());
    bencher.bench_local(|| {
        let hash = Some(room.user.password.clone());
        room.runtime.block_on(room.hasher.verify(hash, &wrong))
    });
}

fn row(who: &Principal, place: &Place) -> catalog::Entry {
    let mut row = entry(who, place, "watch_live", "ok");
    row.object = camera().name();
    row
}

fn place() -> Place {
    Place { address: Some(ADDRESS), request: uuid::Uuid::nil().to_string() }
}

/// A row that is waited for, alone in its transaction.
#[divan::bench(sample_size = 1, sample_count = 500)]
fn audit_record(bencher: Bencher<'_, '_>) {
    let (room, who, place) = (Room::new(), somebody(1), place());
    bencher.bench_local(|| room.runtime.block_on(room.trail.record(row(&who, &place))));
}

/// Rows that are noted in passing, until the last of them is in the database.
#[divan::bench(sample_size = 1, sample_count = 50)]
fn audit_note(bencher: Bencher<'_, '_>) {
    let (room, who, place) = (Room::new(), somebody(1), place());
    bencher.counter(divan::counter::ItemsCount::new(ROWS)).bench_local(|| {
        (1..ROWS).for_each(|_| room.trail.note(row(&who, &place)));
        room.runtime.block_on(room.trail.record(row(&who, &place)))
    });
}

/// The next piece of a stream that somebody is watching: no row.
#[divan::bench]
fn audit_view_goes_on(bencher: Bencher<'_, '_>) {
    let (room, who, place) = (Room::new(), somebody(1), place());
    bencher.bench_local(|| room.trail.note_view(row(&who, &place)));
}

/// A long answer begins and ends.
#[divan::bench]
fn standing(bencher: Bencher<'_, '_>) {
    let room = Room::new();
    let permitted = || vec![(Action::WatchLive, camera())];
    bencher.bench_local(|| {
        room.gate.watch_over(Standing::new(Some(room.session.clone()), ADDRESS, permitted()))
    });
}

#[divan::bench]
fn master_key_seal(bencher: Bencher<'_, '_>) {
    let key = MasterKey::generate().expect("random");
    bencher.bench_local(|| key.seal("users.digest/1", black_box(&[7; 48])));
}

#[divan::bench]
fn master_key_open(bencher: Bencher<'_, '_>) {
    let key = MasterKey::generate().expect("random");
    let sealed = key.seal("users.digest/1", &[7; 48]).expect("random");
    bencher.bench_local(|| key.open("users.digest/1", black_box(&sealed)));
}
