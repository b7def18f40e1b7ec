//! What two months leave in a store: backups and services that were seen, a payment, requests, jobs.

use accolades::domain::backup::health::{ListingSeen, NodeSeen, SEEN_VERSION, Sealing, Snapshot, Verification};
use accolades::domain::jobs::Outcome;
use accolades::domain::services::{Power, ServicesSeen};
use accolades::health::services::promised;
use accolades::store::{
    Acquired, Begun, JobEnd, JobKey, Movement, NewLook, NewPayment, NewRequest, RequestKind, Scope,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::{DAY_US, MANAGER, MINUTE_US, NOW_US, OWN, World, id};

fn at(at_us: i64) -> Timestamp {
    Timestamp::from_microsecond(at_us).unwrap()
}

/// Sixty days of backups, services that run, an invoice that was paid.
pub async fn lived(world: &World) {
    let look = |what: &str, seen: Value| NewLook {
        scope: Scope::Client(OWN.parse().unwrap()),
        subject_kind: "instance",
        subject_id: "lilas".to_owned(),
        what: what.to_owned(),
        at_us: NOW_US - 4 * MINUTE_US,
        found: Ok(seen),
    };
    let snapshot = |days: i64, hour: i64| Snapshot {
        id: format!("vm/1001/{days}"),
        at: at(NOW_US - days * DAY_US - hour * 60 * MINUTE_US),
        size_bytes: 41_300_000_000,
        sealing: Sealing::Encrypted,
        verification: Some(Verification { ok: true, at: Some(at(NOW_US - DAY_US)), host: None }),
        protected: false,
    };
    let local = (0..7).chain([14, 21, 28]).filter(|day| *day != 3).map(|day| snapshot(day, 5)).collect();
    let remote = (0..14).chain((14..60).step_by(7)).map(|day| snapshot(day, 4)).collect();
    let listing =
        |snapshots: Vec<Snapshot>| serde_json::to_value(ListingSeen { version: SEEN_VERSION, snapshots }).unwrap();
    let node = NodeSeen {
        version: SEEN_VERSION,
        clock_ahead_s: 0,
        time_zone: "Europe/Paris".to_owned(),
        machine: None,
        places: std::collections::BTreeMap::new(),
        tasks: vec![accolades::domain::backup::health::TaskSeen {
            started_at: at(NOW_US - 3 * DAY_US - 5 * 60 * MINUTE_US),
            end: accolades::domain::backup::health::TaskEnd::Failed("no".to_owned()),
            storage: None,
            reasons: Vec::new(),
        }],
    };
    let own = &world.inventory.clients[&id(OWN)];
    let mut services = ServicesSeen::of_machine(Power::On, None);
    services.reported_at = Some(at(NOW_US - 5 * MINUTE_US));
    for unit in accolades::domain::services::UNITS {
        services.units.insert(unit.to_owned(), "active".to_owned());
    }
    for (app, domain, path) in promised(own) {
        let answer = Some(accolades::domain::services::ANSWERS.to_owned());
        services.apps.push(accolades::domain::services::AppSeen { app, address: format!("{domain}{path}"), answer });
    }
    let looks = [
        look("backup-node", serde_json::to_value(node).unwrap()),
        look("backup-local", listing(local)),
        look("backup-remote", listing(remote)),
        look("services", serde_json::to_value(services).unwrap()),
    ];
    world.store.record_looks(&looks).await.unwrap();
    let number = world.invoice_of(OWN).await;
    let gross = world.store.invoice(&Scope::Staff, &number).await.unwrap().unwrap().gross;
    let payment = NewPayment {
        client: OWN.parse().unwrap(),
        number: Some(number),
        movement: Movement::Payment,
        cents: gross,
        moved_on: "2026-11-20".parse().unwrap(),
        means: "transfer".to_owned(),
        reference: "VIR".to_owned(),
        reverses: None,
        by: "ana".to_owned(),
        at_us: NOW_US - 20 * DAY_US,
    };
    world.store.record_payment(&payment).await.unwrap();
}

/// A request for help, one for a seat and one for the end of a seat.
pub async fn asked(world: &World) {
    let seat = json!({ "version": 1, "first_name": "Zoé", "last_name": "O'Neil", "from": "2027-01-04", "remark": "" });
    let end =
        json!({ "version": 1, "person": "samir", "name": "Samir Haddad", "until": "2026-12-31", "remark": "Il part" });
    let help = json!({ "version": 1, "subject": "L’imprimante", "text": "Elle ne répond plus\ndepuis ce matin." });
    let kinds = [(RequestKind::Help, help), (RequestKind::SeatAdd, seat), (RequestKind::SeatEnd, end)];
    for (number, (kind, detail)) in kinds.into_iter().enumerate() {
        let form = format!("abc{number}");
        let (client, by) = (id(OWN), format!("contact:{MANAGER}"));
        let at_us = NOW_US - DAY_US;
        world.store.ask(&NewRequest { client, kind, form, detail, by, at_us }).await.unwrap();
    }
}

/// Jobs that ended in every way.
pub async fn worked(world: &World) {
    let ends = [
        ("sweep", Outcome::Done, ""),
        ("drills", Outcome::Failed, "no place has room for a copy\n\nfree some space"),
        ("mail", Outcome::Done, ""),
    ];
    for (number, (kind, outcome, words)) in (0..).zip(ends) {
        let at_us = NOW_US - (10 - number) * MINUTE_US;
        let asked = world.store.acquire_lease(&format!("job/{kind}/"), "one", at_us, at_us + 1).await.unwrap();
        let Acquired::Lease(lease) = asked else { panic!("{asked:?}") };
        let job = JobKey { kind: kind.to_owned(), subject: String::new(), due_at_us: at_us };
        let begun = world.store.begin_job(&lease, &job, at_us, 1).await.unwrap();
        let Begun::Attempt(attempt) = begun else { panic!("{begun:?}") };
        let end = JobEnd { outcome, at_us, words: words.to_owned(), retry_at_us: None };
        world.store.end_job(&attempt, &end).await.unwrap();
    }
}
