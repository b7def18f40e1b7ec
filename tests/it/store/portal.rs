//! Accounts, ways in, attempts, the audit log and requests.

use accolades::store::{
    EntryLink, LinkPurpose, NewAudit, NewRequest, RequestKind, RequestState, RequestStep, Scope, SessionRecord,
    StaffRole, Store, StoreError,
};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, execute};

const MINUTE_US: i64 = 60_000_000;

fn client(id: &str) -> Scope {
    Scope::Client(id.parse().unwrap())
}

fn link(id: &str) -> EntryLink {
    EntryLink {
        id: id.to_owned(),
        subject: "a@b.example".to_owned(),
        token_hash: format!("hash of {id}"),
        code_hash: Some(format!("code of {id}")),
        made_at_us: NOW_US,
        ends_at_us: NOW_US + 15 * MINUTE_US,
        used_at_us: None,
    }
}

fn session(id: &str, subject: &str) -> SessionRecord {
    SessionRecord {
        id: id.to_owned(),
        token_hash: format!("hash of {id}"),
        subject: subject.to_owned(),
        is_open: true,
        began_at_us: NOW_US,
        seen_at_us: NOW_US,
        ends_at_us: NOW_US + MINUTE_US,
        ended_at_us: None,
        agent: "é".to_owned(),
        address: "::1".to_owned(),
    }
}

fn entry(actor: &str, scope: Scope) -> NewAudit {
    NewAudit { at_us: NOW_US, actor: actor.to_owned(), action: "tried", scope, detail: json!({ "version": 1 }) }
}

fn request(form: &str, id: &str) -> NewRequest {
    NewRequest {
        client: id.parse().unwrap(),
        kind: RequestKind::Help,
        form: form.to_owned(),
        detail: json!({ "version": 1, "text": "é" }),
        by: "contact:a@b.example".to_owned(),
        at_us: NOW_US,
    }
}

/// Something in every table of the portal.
pub async fn fill(store: &Store) {
    store.add_account("nadia", "Nadia É", "n@x.example", StaffRole::Admin, NOW_US).await.unwrap();
    store.set_factor("staff:nadia", 5, &["h".to_owned()], NOW_US).await.unwrap();
    store.add_link(LinkPurpose::Entry, &link("l")).await.unwrap();
    store.begin_session(&session("s", "staff:nadia")).await.unwrap();
    store.count_attempt("é", MINUTE_US, NOW_US).await.unwrap();
    store.audit(&entry("staff:nadia", Scope::Staff)).await.unwrap();
    store.ask(&request("f", "lilas")).await.unwrap();
}

pub async fn a_link_is_used_once_by_one_of_many(bench: &Bench) {
    let store = bench.store().await;
    store.add_link(LinkPurpose::Entry, &link("l")).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.use_link(LinkPurpose::Entry, "hash of l", NOW_US).await.unwrap() })
        })
        .collect();
    let mut used = Vec::new();
    for task in tasks {
        used.extend(task.await.unwrap());
    }
    assert_eq!(used, ["a@b.example"]);
    store.add_link(LinkPurpose::Invitation, &link("m")).await.unwrap();
    assert_eq!(store.use_link(LinkPurpose::Entry, "hash of m", NOW_US).await.unwrap(), None, "for another purpose");
    let late = NOW_US + 15 * MINUTE_US;
    assert_eq!(store.use_link(LinkPurpose::Invitation, "hash of m", late).await.unwrap(), None, "over");
    for _ in 0..2 {
        assert!(store.try_code("m", 2, NOW_US).await.unwrap().is_some());
    }
    assert_eq!(store.try_code("m", 2, NOW_US).await.unwrap(), None, "no try left");
}

pub async fn sessions_end_and_are_forgotten(bench: &Bench) {
    let store = bench.store().await;
    for id in ["a", "b"] {
        store.begin_session(&session(id, "contact:a@b.example")).await.unwrap();
    }
    assert!(!store.end_session("contact:other@b.example", "a", NOW_US).await.unwrap(), "somebody else's");
    assert!(store.end_session("contact:a@b.example", "a", NOW_US).await.unwrap());
    let left = store.sessions("contact:a@b.example", NOW_US).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b"]);
    store.touch_session("b", NOW_US + 5).await.unwrap();
    store.touch_session("b", NOW_US + 1).await.unwrap();
    assert_eq!(store.session("hash of b").await.unwrap().unwrap().seen_at_us, NOW_US + 5, "never backwards");
    assert_eq!(store.end_sessions("contact:a@b.example", NOW_US).await.unwrap(), 1);
    store.forget_entries(NOW_US + 2 * MINUTE_US).await.unwrap();
    assert_eq!(store.session("hash of b").await.unwrap(), None);
}

pub async fn attempts_are_counted_by_window(bench: &Bench) {
    let store = bench.store().await;
    let begin = NOW_US - NOW_US % MINUTE_US;
    for count in 1..=3 {
        assert_eq!(store.count_attempt("n", MINUTE_US, begin + count).await.unwrap(), count);
    }
    assert_eq!(store.count_attempt("m", MINUTE_US, begin).await.unwrap(), 1);
    assert_eq!(store.count_attempt("n", MINUTE_US, begin + MINUTE_US).await.unwrap(), 1, "a new window");
    store.forget_attempts(begin + 1).await.unwrap();
    assert_eq!(store.count_attempt("m", MINUTE_US, begin).await.unwrap(), 1, "forgotten");
}

pub async fn a_factor_takes_each_code_once(bench: &Bench) {
    let store = bench.store().await;
    store.set_factor("staff:n", 10, &["a".to_owned(), "b".to_owned()], NOW_US).await.unwrap();
    assert!(!store.use_factor_step("staff:n", 10).await.unwrap());
    assert!(store.use_factor_step("staff:n", 11).await.unwrap());
    assert!(!store.use_factor_step("staff:n", 10).await.unwrap(), "an earlier one");
    assert!(store.use_recovery_code("staff:n", "a", NOW_US).await.unwrap());
    assert!(!store.use_recovery_code("staff:n", "a", NOW_US).await.unwrap());
    assert_eq!(store.recovery_codes_left("staff:n").await.unwrap(), 1);
    store.set_factor("staff:n", 12, &["c".to_owned()], NOW_US).await.unwrap();
    assert!(
        !store.use_recovery_code("staff:n", "b", NOW_US).await.unwrap(),
        "fresh codes take the place of older ones"
    );
    store.drop_factor("staff:n").await.unwrap();
    assert_eq!(store.factor("staff:n").await.unwrap(), None);
}

pub async fn the_audit_log_is_a_chain(bench: &Bench) {
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.audit(&entry(&format!("n{number}"), client("lilas"))).await.unwrap() })
        })
        .collect();
    let mut places = Vec::new();
    for task in tasks {
        places.push(task.await.unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=8).collect::<Vec<_>>(), "without a gap, also by many at once");
    store.audit(&entry("staff:n", Scope::Staff)).await.unwrap();
    assert_eq!(store.audit_entries(&client("lilas"), i64::MAX, 50).await.unwrap().len(), 8, "its own only");
    assert_eq!(store.audit_entries(&client("ilot"), i64::MAX, 50).await.unwrap(), []);
    let page = store.audit_entries(&Scope::Staff, 9, 2).await.unwrap();
    assert_eq!(page.iter().map(|one| one.position).collect::<Vec<_>>(), [8, 7]);
    let chain = store.check_audit().await.unwrap();
    assert_eq!((chain.entries, chain.broken_at), (9, None));

    assert!(execute(&url, "UPDATE audit SET actor = 'x' WHERE position = 4").await.is_err(), "append-only");
    assert!(execute(&url, "DELETE FROM audit WHERE position = 4").await.is_err());
    // Whoever owns the database can take the guard away: the chain shows it.
    let unguarded = |sql: &str| {
        if url.starts_with("postgres:") {
            format!("ALTER TABLE audit DISABLE TRIGGER ALL; {sql}")
        } else {
            format!("DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; {sql}")
        }
    };
    execute(&url, &unguarded("DELETE FROM audit WHERE position = 9")).await.unwrap();
    assert_eq!(store.check_audit().await.unwrap().broken_at, Some(9), "the end was cut off");
    execute(&url, &unguarded("UPDATE audit SET actor = 'x' WHERE position = 4")).await.unwrap();
    assert_eq!(store.check_audit().await.unwrap().broken_at, Some(4));
}

pub async fn a_form_asks_once_and_answers_follow(bench: &Bench) {
    let store = bench.store().await;
    let first = store.ask(&request("f", "lilas")).await.unwrap();
    assert_eq!(store.ask(&request("f", "lilas")).await.unwrap(), first, "the same form");
    let second = store.ask(&request("g", "lilas")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(store.requests(&client("ilot")).await.unwrap(), [], "somebody else's");
    assert_eq!(store.request(&client("ilot"), first).await.unwrap(), None);
    let asked = store.request(&client("lilas"), first).await.unwrap().unwrap();
    let step = |state| RequestStep { state, detail: json!({ "version": 1 }), by: "n".to_owned(), at_us: NOW_US };
    store.answer_request(&asked, &step(RequestState::Answered)).await.unwrap();
    let overtaken = store.answer_request(&asked, &step(RequestState::Refused)).await;
    assert!(matches!(overtaken, Err(StoreError::Conflict { .. })), "somebody else was first");
    let asked = store.request(&Scope::Staff, first).await.unwrap().unwrap();
    store.answer_request(&asked, &step(RequestState::Done)).await.unwrap();
    let done = store.request(&Scope::Staff, first).await.unwrap().unwrap();
    assert_eq!((done.state(), done.steps.len()), (RequestState::Done, 3));
    assert!(store.answer_request(&done, &step(RequestState::Answered)).await.is_err(), "nothing follows");
}
