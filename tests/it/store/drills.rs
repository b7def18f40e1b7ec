//! Records of drills and restored machines.

use accolades::domain::backup::drill::{
    Check, CheckKind, NonceCheck, Origin, RECORD_VERSION, Record, TriedBackup, Verdict, Versions, check_chain,
    not_proven,
};
use accolades::domain::ids::{ClientId, VmId};
use accolades::store::{NewRestore, Purpose, RestoreState, Scope, StoreError};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, execute};

fn client(id: &str) -> Scope {
    Scope::Client(id.parse().unwrap())
}

/// What the only client of an instance may see of a record: all of it.
fn whole(record: &Record) -> Vec<(ClientId, Record)> {
    vec![("lilas".parse().unwrap(), record.clone())]
}

pub fn record(id: &str, instance: &str, from: Origin, verdict: Verdict, previous: Option<String>) -> Record {
    Record {
        version: RECORD_VERSION,
        id: id.to_owned(),
        instance: instance.parse().unwrap(),
        clients: vec!["lilas".parse().unwrap()],
        from,
        site: "friche".parse().unwrap(),
        node: "pve2".to_owned(),
        place: None,
        backup: Some(TriedBackup { volume: "x".to_owned(), at_us: NOW_US - 1, size_bytes: 9, encrypted: false }),
        vmid: Some(VmId(1999)),
        by: "Anaïs".to_owned(),
        began_at_us: NOW_US,
        ended_at_us: NOW_US + i64::try_from(id.len()).unwrap(),
        phases: Vec::new(),
        checks: Vec::new(),
        nonce: NonceCheck::default(),
        destroyed: Some(true),
        last_proven_at_us: None,
        verdict,
        not_proven: not_proven(false, false),
        versions: Versions::default(),
        previous,
    }
}

pub async fn records_of_drills_are_chained_and_never_change(bench: &Bench) {
    let url = bench.url().await;
    let store = accolades::store::Store::open(&url).await.unwrap();
    let failed = || Verdict::Failed { why: "no".to_owned() };
    let first = record("d", "lilas", Origin::Local, Verdict::Proven, None);
    let kept = store.keep_drill(&first, &whole(&first)).await.unwrap();
    assert_eq!((kept.number, kept.hash.as_str()), (1, first.hash().as_str()));
    let other = record("o", "ilot", Origin::Local, Verdict::Proven, None);
    assert_eq!(store.keep_drill(&other, &[]).await.unwrap().number, 1, "each instance has a chain of its own");

    // Whoever does not name the last one was overtaken.
    let stray = record("dd", "lilas", Origin::Local, failed(), None);
    assert!(matches!(store.keep_drill(&stray, &whole(&stray)).await, Err(StoreError::Conflict { .. })));
    let second = record("dd", "lilas", Origin::Local, failed(), store.last_drill_hash(&first.instance).await.unwrap());
    assert_eq!(store.keep_drill(&second, &whole(&second)).await.unwrap().number, 2);

    let drills = store.drills(&client("lilas"), &first.instance).await.unwrap();
    assert_eq!(drills.iter().map(|kept| &kept.record).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(check_chain(drills.iter().map(|kept| (&kept.record, kept.hash.as_str()))), Ok(()));
    assert_eq!(store.drills(&client("mairie"), &first.instance).await.unwrap(), [], "nobody else's");
    for scope in [Scope::Staff, client("lilas")] {
        let recent = store.drills_since(&scope, &first.instance, i64::MAX).await.unwrap();
        let numbers: Vec<i64> = recent.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [1], "the last proof is never too old");
    }
    assert_eq!(store.all_drills(&Scope::Staff).await.unwrap().len(), 3);

    let known = store.known_of_drills(&Scope::Staff, &first.instance, Origin::Local).await.unwrap();
    assert_eq!((known.proven_at_us, known.tried_at_us), (Some(NOW_US + 1), Some(NOW_US + 2)));
    let remote = store.known_of_drills(&Scope::Staff, &first.instance, Origin::Remote).await.unwrap();
    assert_eq!((remote.proven_at_us, remote.tried_at_us), (None, None));

    for change in [
        "UPDATE drills SET verdict = 'proven'",
        "DELETE FROM drills",
        "UPDATE drill_shares SET verdict = 'proven'",
        "DELETE FROM drill_shares",
    ] {
        let refusal = execute(&url, change).await.expect_err(change);
        assert!(refusal.to_string().contains("append-only"), "{refusal}");
    }
}

pub async fn a_client_of_an_island_sees_its_share_of_a_drill(bench: &Bench) {
    let store = bench.store().await;
    let answers = |address: &str, found: &str| {
        Check::equal(CheckKind::Nextcloud { address: address.to_owned() }, "answers", found)
    };
    let why = "Nextcloud at `cloud.voyer.example/nextcloud`: expected answers, found HTTP 503".to_owned();
    let record = Record {
        clients: vec!["lilas".parse().unwrap(), "voyer".parse().unwrap()],
        checks: vec![
            Check::equal(CheckKind::CloudInitAsleep, "asleep", "asleep"),
            answers("cloud.lilas.example/nextcloud", "answers"),
            answers("cloud.voyer.example/nextcloud", "HTTP 503"),
        ],
        ..record("d", "ilot", Origin::Remote, Verdict::Failed { why }, None)
    };
    let share = |id: &str| {
        let client: ClientId = id.parse().unwrap();
        let share = record.share_of(&client, |address| address.contains(id));
        (client, share)
    };
    let kept = store.keep_drill(&record, &[share("lilas"), share("voyer")]).await.unwrap();
    assert_eq!(store.drills(&Scope::Staff, &record.instance).await.unwrap(), [kept]);

    for (own, other) in [("lilas", "voyer"), ("voyer", "lilas")] {
        for drills in
            [store.drills(&client(own), &record.instance).await.unwrap(), store.all_drills(&client(own)).await.unwrap()]
        {
            let [seen] = drills.as_slice() else { panic!("{drills:#?}") };
            assert_eq!((seen.number, &seen.hash), (1, &record.hash()), "under the hash of the whole");
            let text = seen.record.canonical();
            assert!(text.contains(&format!("cloud.{own}.example")) && !text.contains(other), "{text}");
            assert_eq!(seen.record.verdict.as_str(), "failed");
        }
        let known = store.known_of_drills(&client(own), &record.instance, Origin::Remote).await.unwrap();
        assert_eq!((known.proven_at_us, known.tried_at_us), (None, Some(record.ended_at_us)));
    }
    assert_eq!(store.all_drills(&client("mairie")).await.unwrap(), []);
    let known = store.known_of_drills(&client("mairie"), &record.instance, Origin::Remote).await.unwrap();
    assert_eq!((known.proven_at_us, known.tried_at_us), (None, None));
}

pub fn machine(id: &str, vmid: u32) -> NewRestore {
    NewRestore {
        id: id.to_owned(),
        purpose: Purpose::Drill,
        scope: client("lilas"),
        instance: "lilas".parse().unwrap(),
        site: "friche".parse().unwrap(),
        vmid: VmId(vmid),
        detail: json!({ "version": 1, "volume": "x" }),
        at_us: NOW_US,
    }
}

pub async fn a_restored_machine_is_on_record_until_its_end(bench: &Bench) {
    let url = bench.url().await;
    let store = accolades::store::Store::open(&url).await.unwrap();
    store.begin_restore(&machine("a", 1999)).await.unwrap();
    for again in [machine("a", 1998), machine("b", 1999)] {
        assert!(matches!(store.begin_restore(&again).await, Err(StoreError::Conflict { .. })), "{}", again.id);
    }
    store.begin_restore(&machine("c", 1998)).await.unwrap();
    store.set_restore_task("a", "UPID:x").await.unwrap();

    let open = store.open_restores(&client("lilas")).await.unwrap();
    let seen: Vec<_> = open.iter().map(|row| (row.new.id.as_str(), row.task.as_deref())).collect();
    assert_eq!(seen, [("a", Some("UPID:x")), ("c", None)]);
    assert_eq!((&open[0].new, open[0].state), (&machine("a", 1999), RestoreState::Begun));
    assert_eq!(store.open_restores(&client("mairie")).await.unwrap(), []);

    let detail = json!({ "version": 1, "gone": true });
    let (begun, gone) = (RestoreState::Begun, RestoreState::Gone);
    store.move_restore("a", begun, gone, &detail, NOW_US + 5).await.unwrap();
    assert!(matches!(store.move_restore("a", begun, gone, &detail, NOW_US).await, Err(StoreError::Conflict { .. })));
    assert!(matches!(store.set_restore_task("a", "UPID:y").await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.open_restores(&Scope::Staff).await.unwrap().len(), 1);

    // The id is free again, and what was there stays on record.
    store.begin_restore(&machine("b", 1999)).await.unwrap();
    let all = store.restores(&Scope::Staff, &"lilas".parse().unwrap()).await.unwrap();
    let states: Vec<_> = all.iter().map(|row| (row.new.id.as_str(), row.state, row.state.is_over())).collect();
    assert_eq!(states, [("a", gone, true), ("b", begun, false), ("c", begun, false)]);
    assert_eq!((&all[0].new.detail, all[0].changed_at_us), (&detail, NOW_US + 5));
    assert!(execute(&url, "DELETE FROM restores").await.is_err(), "never removed");
}
