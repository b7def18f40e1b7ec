//! Looks and markers: what was last seen, and what a restore must bring back.

use accolades::store::{NewLook, Scope, SeenMarker, StandingObstacle};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, execute};

const MINUTE_US: i64 = 60_000_000;

fn lilas() -> Scope {
    Scope::Client("lilas".parse().unwrap())
}

pub fn seen(subject: &str, what: &str, at_us: i64, value: i64) -> NewLook {
    NewLook {
        scope: lilas(),
        subject_kind: "instance",
        subject_id: subject.into(),
        what: what.into(),
        at_us,
        found: Ok(json!({ "version": 1, "value": value })),
    }
}

pub fn met(subject: &str, what: &str, at_us: i64, words: &str) -> NewLook {
    NewLook { found: Err(json!({ "version": 1, "words": words })), ..seen(subject, what, at_us, 0) }
}

pub fn marker(nonce: &str, made_at_us: i64) -> SeenMarker {
    SeenMarker {
        scope: lilas(),
        instance: "lilas".parse().unwrap(),
        nonce: nonce.into(),
        made_at_us,
        seen_at_us: made_at_us + MINUTE_US,
        marker: json!({ "version": 1, "nonce": nonce }),
    }
}

pub async fn the_last_answer_outlives_looks_that_saw_nothing(bench: &Bench) {
    let store = bench.store().await;
    store.record_looks(&[met("lilas", "node", NOW_US, "nobody answers")]).await.unwrap();
    let look = &store.looks_at(&Scope::Staff, "instance", "lilas").await.unwrap()[0];
    assert_eq!((look.tried_at_us, &look.seen), (NOW_US, &None));
    let first =
        StandingObstacle { since_us: NOW_US, looks: 1, met: json!({ "version": 1, "words": "nobody answers" }) };
    assert_eq!(look.obstacle.as_ref(), Some(&first));

    store.record_looks(&[seen("lilas", "node", NOW_US + 1, 7)]).await.unwrap();
    for turn in 1..=50 {
        store.record_looks(&[met("lilas", "node", NOW_US + 1 + turn, "refused")]).await.unwrap();
    }
    let look = &store.looks_at(&lilas(), "instance", "lilas").await.unwrap()[0];
    assert_eq!(look.seen, Some((NOW_US + 1, json!({ "version": 1, "value": 7 }))));
    let obstacle = look.obstacle.as_ref().unwrap();
    assert_eq!((obstacle.since_us, obstacle.looks, look.tried_at_us), (NOW_US + 2, 50, NOW_US + 51));
    assert_eq!(obstacle.met["words"], "refused");

    store.record_looks(&[seen("lilas", "node", NOW_US + 99, 8)]).await.unwrap();
    let look = &store.looks_at(&Scope::Staff, "instance", "lilas").await.unwrap()[0];
    assert_eq!((look.seen.as_ref().unwrap().0, &look.obstacle), (NOW_US + 99, &None));
}

pub async fn an_earlier_look_does_not_replace_a_later_one(bench: &Bench) {
    let store = bench.store().await;
    store.record_looks(&[seen("lilas", "node", NOW_US, 2)]).await.unwrap();
    store
        .record_looks(&[seen("lilas", "node", NOW_US - 1, 1), met("lilas", "node", NOW_US - 1, "late")])
        .await
        .unwrap();
    let look = &store.looks_at(&Scope::Staff, "instance", "lilas").await.unwrap()[0];
    assert_eq!(look.seen, Some((NOW_US, json!({ "version": 1, "value": 2 }))));
    assert_eq!(look.obstacle, None);
}

pub async fn a_client_sees_its_own_looks_only(bench: &Bench) {
    let store = bench.store().await;
    let site = NewLook { scope: Scope::Staff, subject_kind: "site", ..seen("friche", "reach", NOW_US, 1) };
    let mairie = NewLook { scope: Scope::Client("mairie".parse().unwrap()), ..seen("mairie", "node", NOW_US, 1) };
    store.record_looks(&[site, mairie, seen("lilas", "node", NOW_US, 1), seen("lilas", "a", NOW_US, 1)]).await.unwrap();
    let all = store.looks_at_all(&Scope::Staff, "instance").await.unwrap();
    let names: Vec<_> = all.iter().map(|look| (look.subject_id.as_str(), look.what.as_str())).collect();
    assert_eq!(names, [("lilas", "a"), ("lilas", "node"), ("mairie", "node")]);
    assert_eq!(store.looks_at_all(&lilas(), "instance").await.unwrap(), all[..2]);
    assert_eq!(store.looks_at(&lilas(), "instance", "mairie").await.unwrap(), []);
    assert_eq!(store.looks_at_all(&lilas(), "site").await.unwrap(), []);
}

pub async fn clients_of_an_island_have_a_row_each(bench: &Bench) {
    let store = bench.store().await;
    let voyer = Scope::Client("voyer".parse().unwrap());
    let own = seen("ilot", "services", NOW_US, 1);
    let other = NewLook { scope: voyer.clone(), ..seen("ilot", "services", NOW_US, 2) };
    store.record_looks(&[own, other]).await.unwrap();
    let later = NewLook { scope: voyer.clone(), ..met("ilot", "services", NOW_US + 1, "nobody answers") };
    store.record_looks(&[later]).await.unwrap();
    let of = async |scope: &Scope| {
        let looks = store.looks_at(scope, "instance", "ilot").await.unwrap();
        let values =
            looks.iter().map(|look| (look.seen.as_ref().unwrap().1["value"].as_i64(), look.obstacle.is_some()));
        values.collect::<Vec<_>>()
    };
    assert_eq!(of(&lilas()).await, [(Some(1), false)]);
    assert_eq!(of(&voyer).await, [(Some(2), true)]);
    assert_eq!(of(&Scope::Staff).await.len(), 2);
}

pub async fn a_restore_is_compared_with_the_newest_marker_before_its_backup(bench: &Bench) {
    let url = bench.url().await;
    let store = accolades::store::Store::open(&url).await.unwrap();
    let id = "lilas".parse().unwrap();
    for (nonce, minutes) in [("b", 10), ("a", 20), ("c", 30)] {
        store.record_marker(&marker(nonce, NOW_US + minutes * MINUTE_US)).await.unwrap();
    }
    store.record_marker(&SeenMarker { seen_at_us: 0, ..marker("a", 1) }).await.unwrap();
    let before = async |scope: &Scope, minutes: i64| {
        let found = store.marker_before(scope, &id, NOW_US + minutes * MINUTE_US).await.unwrap();
        found.map(|found| found.nonce)
    };
    assert_eq!(before(&Scope::Staff, 9).await, None);
    assert_eq!(before(&Scope::Staff, 20).await.as_deref(), Some("a"));
    assert_eq!(before(&lilas(), 29).await.as_deref(), Some("a"));
    assert_eq!(before(&Scope::Client("mairie".parse().unwrap()), 99).await, None);
    let whole = store.marker_before(&lilas(), &id, i64::MAX).await.unwrap();
    assert_eq!(whole, Some(marker("c", NOW_US + 30 * MINUTE_US)));
    for change in ["UPDATE marker_nonces SET nonce = 'x'", "DELETE FROM marker_nonces"] {
        assert!(execute(&url, change).await.is_err(), "{change}");
    }
}
