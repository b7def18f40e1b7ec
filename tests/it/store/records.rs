//! Observations, host keys and departures.

use accolades::store::{HostKeyPin, NewDeparture, NewObservation, PinOutcome, Scope};
use accolades::util::limits::STORE_OBSERVATIONS_KEPT;
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, texts};

fn client(id: &str) -> Scope {
    Scope::Client(id.parse().unwrap())
}

pub fn observation(scope: Scope, subject_id: &str, what: &str, value: i64) -> NewObservation {
    NewObservation {
        scope,
        subject_kind: "instance".into(),
        subject_id: subject_id.into(),
        what: what.into(),
        value: json!({ "version": 1, "value": value }),
        at_us: NOW_US,
    }
}

pub async fn the_latest_observation_counts(bench: &Bench) {
    let store = bench.store().await;
    for (owner, subject, what, value) in [
        ("lilas", "lilas", "memory", 6),
        ("lilas", "lilas", "memory", 8),
        ("lilas", "lilas", "disk", 1),
        ("mairie", "mairie", "memory", 4),
    ] {
        store.observe(&observation(client(owner), subject, what, value)).await.unwrap();
    }
    let seen = store.latest_observation(&client("lilas"), "instance", "lilas", "memory").await.unwrap().unwrap();
    assert_eq!((seen.sequence, &seen.seen), (2, &observation(client("lilas"), "lilas", "memory", 8)));
    let foreign = store.latest_observation(&client("lilas"), "instance", "mairie", "memory").await.unwrap();
    assert_eq!(foreign, None);
    assert_eq!(store.latest_observation(&Scope::Staff, "site", "lilas", "memory").await.unwrap(), None);

    let all = store.latest_observations(&Scope::Staff, "instance", "memory").await.unwrap();
    let values: Vec<_> = all.iter().map(|one| (one.seen.subject_id.as_str(), &one.seen.value["value"])).collect();
    assert_eq!(values, [("lilas", &json!(8)), ("mairie", &json!(4))]);
    let own = store.latest_observations(&client("mairie"), "instance", "memory").await.unwrap();
    assert_eq!(own, all[1..]);
}

pub async fn old_observations_are_dropped(bench: &Bench) {
    let url = bench.url().await;
    let store = accolades::store::Store::open(&url).await.unwrap();
    let total = STORE_OBSERVATIONS_KEPT + 5;
    for value in 1..=total {
        store.observe(&observation(Scope::Staff, "lilas", "memory", value)).await.unwrap();
    }
    store.observe(&observation(Scope::Staff, "lilas", "disk", 1)).await.unwrap();
    let kept = texts(&url, "SELECT value FROM observations WHERE what = 'memory'").await;
    assert_eq!(kept.len() as i64, STORE_OBSERVATIONS_KEPT);
    let latest = store.latest_observation(&Scope::Staff, "instance", "lilas", "memory").await.unwrap().unwrap();
    assert_eq!((latest.sequence, &latest.seen.value["value"]), (total, &json!(total)));
    assert!(store.latest_observation(&Scope::Staff, "instance", "lilas", "disk").await.unwrap().is_some());
}

pub fn pin(key: &str) -> HostKeyPin {
    HostKeyPin { subject: "instance/lilas".into(), key: key.into(), source: "guest-agent".into(), at_us: NOW_US }
}

pub async fn another_host_key_is_a_conflict(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.host_key("instance/lilas").await.unwrap(), None);
    let first = pin("ssh-ed25519 AAAA1");
    assert_eq!(store.pin_host_key(&first).await.unwrap(), PinOutcome::Pinned(first.clone()));
    let later = HostKeyPin { at_us: NOW_US + 1, ..first.clone() };
    assert_eq!(store.pin_host_key(&later).await.unwrap(), PinOutcome::Pinned(first.clone()));
    let other = pin("ssh-ed25519 AAAA2");
    assert_eq!(store.pin_host_key(&other).await.unwrap(), PinOutcome::Conflict(first.clone()));
    assert_eq!(store.host_key("instance/lilas").await.unwrap(), Some(first));
    store.replace_host_key(&other).await.unwrap();
    assert_eq!(store.host_key("instance/lilas").await.unwrap(), Some(other));
}

pub fn departure(client: &str, person: &str) -> NewDeparture {
    NewDeparture {
        client: client.parse().unwrap(),
        person: person.parse().unwrap(),
        instance: "ilot".parse().unwrap(),
        ended_on: "2026-10-31".parse().unwrap(),
        data_kept_until: "2026-11-30".parse().unwrap(),
        at_us: NOW_US,
    }
}

pub async fn departures_are_kept_and_marked(bench: &Bench) {
    let store = bench.store().await;
    let (ana, bob) = (departure("lilas", "ana"), departure("mairie", "bob"));
    store.record_departure(&bob).await.unwrap();
    store.record_departure(&ana).await.unwrap();
    let longer = NewDeparture { data_kept_until: "2026-12-31".parse().unwrap(), at_us: NOW_US + 1, ..ana.clone() };
    store.record_departure(&longer).await.unwrap();
    let kept = store.departures(&client("lilas")).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].seat, NewDeparture { at_us: NOW_US, ..longer.clone() });

    store.mark_deleted(&ana, NOW_US + 7).await.unwrap();
    store.mark_deleted(&ana, NOW_US + 8).await.unwrap();
    store.record_departure(&ana).await.unwrap();
    let all = store.departures(&Scope::Staff).await.unwrap();
    let marks: Vec<_> = all.iter().map(|one| (one.seat.person.as_str(), one.deleted_at_us)).collect();
    assert_eq!(marks, [("ana", Some(NOW_US + 7)), ("bob", None)]);
    assert_eq!(all[0].seat.data_kept_until, longer.data_kept_until, "what was deleted is not kept for longer");

    let returned = NewDeparture { ended_on: "2027-03-31".parse().unwrap(), ..ana };
    store.record_departure(&returned).await.unwrap();
    assert_eq!(store.departures(&client("lilas")).await.unwrap().len(), 2, "somebody who left twice");
}
