//! What every engine must do for people, keys, sessions and sealed values.

use super::at;
use crate::people::Sealed;
use crate::{Agencies, Error, Holder, Key, People, Role, Session, User};

fn user(id: &str, name: &str, role: Role) -> User {
    User {
        id: id.into(),
        name: name.into(),
        role,
        agencies: vec!["POLICE".to_owned(), "METRO".to_owned()].into(),
        password: "$argon2id$".into(),
        digest: None,
        must_change: true,
        enabled: true,
        created_at: at(1),
        updated_at: at(1),
        login_at: None,
    }
}

fn key(n: u8) -> Key {
    Key {
        id: format!("k{n}"),
        name: "recorder".into(),
        hash: [n; 32],
        role: Some(Role::Operator),
        agencies: Agencies::All,
        scopes: vec!["publish:gate-*".into()],
        created_by: "anna".into(),
        created_at: at(i64::from(n)),
        expires_at: Some(at(900)),
        revoked_at: None,
        used_at: None,
    }
}

fn session(n: u8, holder: Holder) -> Session {
    Session {
        id: format!("s{n}"),
        hash: [n; 32],
        holder,
        created_at: at(i64::from(n)),
        seen_at: at(i64::from(n)),
        expires_at: at(1_000),
        ended_at: None,
        address: "192.0.2.1".into(),
        agent: "Firefox".into(),
    }
}

fn of(id: &str) -> Holder {
    Holder::User(id.into())
}

fn external(subject: &str) -> Holder {
    Holder::External {
        subject: subject.into(),
        name: "Omar".into(),
        role: Role::Supervisor,
        agencies: Agencies::none(),
    }
}

pub(crate) async fn a_user_is_known_by_a_name_in_any_case(db: &impl People) {
    let anna = User { digest: Some(vec![1, 2]), ..user("1", "Änna", Role::Admin) };
    db.add_user(&anna).await.unwrap();
    assert_eq!(db.user("1").await.unwrap(), anna);
    assert_eq!(db.user_by_name("ÄNNA").await.unwrap(), Some(anna.clone()));
    assert_eq!(db.user_by_name("anna").await.unwrap(), None);
    assert!(matches!(db.user("2").await, Err(Error::NotFound { what: "user", .. })));
    let again = user("2", "änna", Role::Viewer);
    assert!(matches!(db.add_user(&again).await, Err(Error::Exists { what: "user", .. })));
    let same_id = user("1", "Bo", Role::Viewer);
    assert!(matches!(db.add_user(&same_id).await, Err(Error::Exists { .. })));
    db.add_user(&user("2", "Bo", Role::Viewer)).await.unwrap();
    assert!(matches!(db.change_user(&again).await, Err(Error::Exists { .. })));
    db.user_signed_in("2", at(7)).await.unwrap();
    let changed = User { created_at: at(99), updated_at: at(9), ..user("2", "BO", Role::Operator) };
    db.change_user(&changed).await.unwrap();
    let read = db.user("2").await.unwrap();
    assert_eq!(read, User { created_at: at(1), login_at: Some(at(7)), ..changed });
    let nobody = user("3", "Cem", Role::Viewer);
    assert!(matches!(db.change_user(&nobody).await, Err(Error::NotFound { .. })));
}

pub(crate) async fn users_are_listed_by_name_in_pages(db: &impl People) {
    for (id, name) in [("1", "Zoe"), ("2", "anna"), ("3", "Bo%"), ("4", "أمل")] {
        db.add_user(&user(id, name, Role::Viewer)).await.unwrap();
    }
    let first = db.users(None, 3, None).await.unwrap();
    let names = |users: &[User]| users.iter().map(|user| user.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&first.items), first.total),
        (["anna", "Bo%", "Zoe"].map(str::to_owned).into(), Some(4))
    );
    let rest = db.users(None, 3, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!((names(&rest.items), rest.next_cursor), (vec!["أمل".to_owned()], None));
    let found = async |q: &str| names(&db.users(Some(q), 9, None).await.unwrap().items);
    assert_eq!(found("O").await, ["Bo%", "Zoe"]);
    assert_eq!(found("%").await, ["Bo%"]);
    assert!(matches!(db.users(None, 3, Some("zz")).await, Err(Error::Invalid(_))));
}

pub(crate) async fn the_last_enabled_admin_stays(db: &impl People) {
    let (anna, bo) = (user("1", "Anna", Role::Admin), user("2", "Bo", Role::Admin));
    let off = User { enabled: false, ..bo.clone() };
    db.add_user(&anna).await.unwrap();
    db.add_user(&off).await.unwrap();
    let refused = |done| matches!(done, Err(Error::LastAdmin));
    assert!(refused(db.remove_user("1", at(5)).await));
    assert!(refused(db.change_user(&User { enabled: false, ..anna.clone() }).await));
    assert!(refused(db.change_user(&User { role: Role::Supervisor, ..anna.clone() }).await));
    assert_eq!(db.user("1").await.unwrap(), anna, "nothing was changed");
    db.change_user(&User { must_change: false, ..anna.clone() }).await.unwrap();
    db.change_user(&bo).await.unwrap();
    db.remove_user("1", at(5)).await.unwrap();
    assert!(refused(db.remove_user("2", at(5)).await));
    assert!(matches!(db.remove_user("1", at(5)).await, Err(Error::NotFound { .. })));
}

pub(crate) async fn a_user_that_goes_leaves_no_session(db: &impl People) {
    db.add_user(&user("1", "Anna", Role::Viewer)).await.unwrap();
    db.add_session(&session(1, of("1"))).await.unwrap();
    db.add_session(&session(2, of("2"))).await.unwrap();
    db.remove_user("1", at(5)).await.unwrap();
    assert!(matches!(db.user("1").await, Err(Error::NotFound { .. })));
    assert_eq!(db.session("s1").await.unwrap().ended_at, Some(at(5)));
    assert_eq!(db.session("s2").await.unwrap().ended_at, None);
}

pub(crate) async fn a_key_is_known_by_its_hash_until_it_is_revoked(db: &impl People) {
    let plain = Key { role: None, agencies: Agencies::none(), expires_at: None, ..key(2) };
    db.add_key(&key(1)).await.unwrap();
    db.add_key(&plain).await.unwrap();
    assert_eq!(db.key_by_hash(&[1; 32]).await.unwrap(), Some(key(1)));
    assert_eq!(db.key_by_hash(&[3; 32]).await.unwrap(), None);
    let same_hash = Key { id: "k3".into(), ..key(1) };
    assert!(matches!(db.add_key(&same_hash).await, Err(Error::Exists { what: "key", .. })));
    db.revoke_key("k1", at(5)).await.unwrap();
    db.revoke_key("k1", at(6)).await.unwrap();
    assert!(matches!(db.revoke_key("k3", at(6)).await, Err(Error::NotFound { .. })));
    let revoked = Key { revoked_at: Some(at(5)), ..key(1) };
    let first = db.keys(1, None).await.unwrap();
    assert_eq!((&first.items, first.total), (&vec![plain], Some(2)));
    let rest = db.keys(1, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!((rest.items, rest.next_cursor), (vec![revoked], None));
    assert!(matches!(db.keys(1, Some("6161")).await, Err(Error::Invalid(_))));
}

pub(crate) async fn a_session_is_known_by_its_hash_until_it_ends(db: &impl People) {
    let omar = session(1, external("sub-1"));
    db.add_session(&omar).await.unwrap();
    assert_eq!(db.session_by_hash(&[1; 32]).await.unwrap(), Some(omar.clone()));
    assert_eq!(db.session_by_hash(&[2; 32]).await.unwrap(), None);
    assert_eq!(db.session("s1").await.unwrap(), omar);
    assert!(matches!(db.session("s2").await, Err(Error::NotFound { what: "session", .. })));
    assert!(matches!(db.add_session(&omar).await, Err(Error::Exists { what: "session", .. })));
    db.end_session("s1", at(5)).await.unwrap();
    db.end_session("s1", at(6)).await.unwrap();
    assert!(matches!(db.end_session("s2", at(6)).await, Err(Error::NotFound { .. })));
    let ended = Session { ended_at: Some(at(5)), ..omar };
    assert_eq!(db.session_by_hash(&[1; 32]).await.unwrap(), Some(ended));
}

pub(crate) async fn sessions_are_listed_and_ended_by_their_holder(db: &impl People) {
    for (n, holder) in [(1, of("1")), (2, of("1")), (3, external("x")), (4, of("1"))] {
        db.add_session(&session(n, holder)).await.unwrap();
    }
    let expired = Session { expires_at: at(50), ..session(5, of("1")) };
    db.add_session(&expired).await.unwrap();
    let ids = async |user: Option<&str>| {
        let page = db.sessions(user, at(50), 9, None).await.unwrap();
        page.items.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None).await, ["s4", "s3", "s2", "s1"]);
    assert_eq!(ids(Some("x")).await, ["s3"]);
    let first = db.sessions(Some("1"), at(50), 2, None).await.unwrap();
    assert_eq!((first.items.len(), first.total), (2, Some(3)));
    let rest = db.sessions(Some("1"), at(50), 2, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!((rest.items[0].id.as_str(), rest.next_cursor), ("s1", None));
    assert_eq!(db.end_sessions("1", Some("s2"), at(50)).await.unwrap(), 2);
    assert_eq!(ids(None).await, ["s3", "s2"]);
    assert_eq!(db.end_sessions("x", None, at(50)).await.unwrap(), 1);
    assert_eq!(db.end_sessions("nobody", None, at(50)).await.unwrap(), 0);
}

pub(crate) async fn sessions_that_ended_long_ago_are_forgotten(db: &impl People) {
    let month = 30 * 24 * 3_600;
    db.add_session(&Session { expires_at: at(month * 9), ..session(1, of("1")) }).await.unwrap();
    db.add_session(&session(2, of("1"))).await.unwrap();
    db.add_session(&Session { expires_at: at(month * 9), ..session(3, of("1")) }).await.unwrap();
    db.end_session("s1", at(500)).await.unwrap();
    let later = |n, seconds| Session { created_at: at(seconds), ..session(n, of("1")) };
    db.add_session(&later(4, month + 600)).await.unwrap();
    assert!(matches!(db.session("s1").await, Err(Error::NotFound { .. })));
    assert!(db.session("s2").await.is_ok(), "it ended at 1,000");
    db.add_session(&later(5, month + 1_001)).await.unwrap();
    assert!(matches!(db.session("s2").await, Err(Error::NotFound { .. })));
    assert!(db.session("s3").await.is_ok(), "it lasts");
}

pub(crate) async fn uses_are_noted_to_the_minute_and_never_back(db: &impl People) {
    db.add_key(&key(1)).await.unwrap();
    db.add_session(&session(1, of("1"))).await.unwrap();
    let ids = |id: &str| [id.to_owned(), "unknown".to_owned()];
    let before = db.revision().await.unwrap();
    db.seen(&ids("s1"), &ids("k1"), at(200)).await.unwrap();
    db.seen(&ids("s1"), &ids("k1"), at(100)).await.unwrap();
    db.seen(&[], &[], at(500)).await.unwrap();
    assert_eq!(db.session("s1").await.unwrap().seen_at, at(180));
    assert_eq!(db.key_by_hash(&[1; 32]).await.unwrap().unwrap().used_at, Some(at(180)));
    assert_eq!(db.revision().await.unwrap(), before);
}

pub(crate) async fn every_change_of_rights_is_another_revision(db: &impl People) {
    db.add_user(&user("1", "Anna", Role::Viewer)).await.unwrap();
    db.add_key(&key(1)).await.unwrap();
    for n in 1..=3 {
        db.add_session(&session(n, of("1"))).await.unwrap();
    }
    let mut known = vec![db.revision().await.unwrap()];
    let mut changed = async |expected: bool| {
        let revision = db.revision().await.unwrap();
        assert_eq!(!known.contains(&revision), expected);
        known.push(revision);
    };
    db.change_user(&user("1", "Anna", Role::Operator)).await.unwrap();
    changed(true).await;
    db.revoke_key("k1", at(5)).await.unwrap();
    changed(true).await;
    db.revoke_key("k1", at(6)).await.unwrap();
    changed(false).await;
    db.end_session("s1", at(5)).await.unwrap();
    changed(true).await;
    db.end_sessions("1", Some("s3"), at(5)).await.unwrap();
    changed(true).await;
    db.end_sessions("1", Some("s3"), at(5)).await.unwrap();
    changed(false).await;
    db.user_signed_in("1", at(6)).await.unwrap();
    changed(false).await;
    db.remove_user("1", at(7)).await.unwrap();
    changed(true).await;
}

pub(crate) async fn sealed_values_are_sealed_anew_all_or_none(db: &impl People) {
    db.add_user(&User { digest: Some(vec![1]), ..user("1", "Anna", Role::Viewer) }).await.unwrap();
    db.add_user(&user("2", "Bo", Role::Viewer)).await.unwrap();
    db.put_sealed("links", &[9]).await.unwrap();
    db.put_sealed("links", &[2]).await.unwrap();
    assert_eq!(db.sealed("links").await.unwrap(), Some(vec![2]));
    assert_eq!(db.sealed("other").await.unwrap(), None);
    let value = |place: &str, id: &str, byte: u8| Sealed {
        place: place.into(),
        id: id.into(),
        bytes: vec![byte],
    };
    let both = |digest, link| [value("secrets", "links", link), value("users.digest", "1", digest)];
    assert_eq!(db.all_sealed().await.unwrap(), both(1, 2));
    let failing = |old: &Sealed| match old.place.as_str() {
        "secrets" => Ok(vec![77]),
        _ => Err(Error::Invalid("no key opens it".into())),
    };
    assert!(matches!(db.reseal(failing).await, Err(Error::Invalid(_))));
    assert_eq!(db.all_sealed().await.unwrap(), both(1, 2));
    let done = db.reseal(|old| Ok(old.bytes.iter().map(|byte| byte + 10).collect())).await;
    assert_eq!(done.unwrap(), 2);
    assert_eq!(db.all_sealed().await.unwrap(), both(11, 12));
}

pub(crate) async fn what_is_too_long_is_refused(db: &impl People) {
    let invalid = |done| matches!(done, Err(Error::Invalid(_)));
    for name in ["", " anna", "an\nna", &"a".repeat(251), &"Ⱥ".repeat(90)] {
        assert!(invalid(db.add_user(&user("1", name, Role::Viewer)).await), "{name}");
    }
    let longest = "a".repeat(250);
    db.add_user(&user("1", &longest, Role::Viewer)).await.unwrap();
    db.add_user(&user("2", "b", Role::Viewer)).await.unwrap();
    let first = db.users(None, 1, None).await.unwrap();
    let rest = db.users(None, 1, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!(rest.items[0].name, "b");
    let agencies: Vec<String> = (0..1_001).map(|n| n.to_string()).collect();
    let many = User { agencies: agencies.clone().into(), ..user("2", "b", Role::Viewer) };
    assert!(invalid(db.change_user(&many).await));
    assert!(invalid(db.add_key(&Key { scopes: agencies, ..key(1) }).await));
    assert!(invalid(
        db.add_session(&Session { agent: "a".repeat(513), ..session(1, of("1")) }).await
    ));
    assert!(invalid(db.put_sealed("big", &vec![0; 65_537]).await));
}
