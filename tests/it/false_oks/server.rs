//! What else looks healthy on a backup server and is not.

use accolades::domain::backup::health::{Place, Word};
use accolades::lab::pbs::disk::Deed;
use accolades::lab::pbs::node_side;
use accolades::lab::pbs::state::{CryptMode, GroupId};

use super::{DAY_S, GRANGE, HOUR_S, House, NS, STORE, named, says};

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_missing_namespace_leaves_the_storage_active() {
    let house = House::new(221).await;
    house.arrives(HOUR_S, "of tonight");
    house.ask(GRANGE, "DELETE", "/admin/datastore/communs/namespace", &[("ns", NS), ("delete-groups", "true")]);
    let remote = house.place(Place::Remote).await;
    assert!(!says(&remote, "storage-inactive"), "the node sees nothing of it: {remote:#?}");
    assert_eq!(remote.word, Word::Never);
    named(&remote, "namespace-missing", "accolades backup-server prepare grange`");
    house.rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!says(&house.place(Place::Remote).await, "namespace-missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_signed_snapshot_is_shown_as_encrypted() {
    let house = House::new(222).await;
    house.arrives_as(HOUR_S, "readable", CryptMode::SignOnly);
    let remote = house.place(Place::Remote).await;
    named(&remote, "signed-not-encrypted", "remove what was sent in clear");
    house.arrives_as(0, "readable", CryptMode::None);
    named(&house.place(Place::Remote).await, "not-encrypted", "give the storage its encryption key");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_prune_job_without_rules_removes_nothing() {
    let house = House::new(223).await;
    house.arrives(HOUR_S, "of tonight");
    house.server(GRANGE, |server| {
        let job = server.jobs.prune.get_mut("prune-ilot").expect("the job");
        job.options.retain(|name, _| !name.starts_with("keep-"));
    });
    assert_eq!(house.task(GRANGE, "/admin/prune/prune-ilot/run", &[]).0, "WARNINGS: 1");
    let remote = house.place(Place::Remote).await;
    named(&remote, "prune-keeps-everything", "without any it only warns");
    assert!(!says(&remote, "prune-failed"), "it ended with a warning: {remote:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_what_lies_there_and_is_no_backup() {
    let house = House::new(224).await;
    let old = house.arrives(2 * DAY_S, "protected");
    let time = house.arrives(HOUR_S, "of tonight");
    house.server(GRANGE, |server| {
        let groups =
            &mut server.datastores.get_mut(STORE).expect("a datastore").namespaces.get_mut(NS).expect("ours").groups;
        let group = groups.get_mut(&GroupId::vm(1002)).expect("the group");
        group.snapshots.get_mut(&old).expect("a snapshot").protected = true;
    });
    let remote = house.place(Place::Remote).await;
    named(&remote, "snapshots-protected", "pruning passes over");
    assert!(!says(&remote, "snapshot-unfinished"));

    // It loses its index: it stays in the lists, with a size of one.
    let snapshot = node_side::snapshot_name(&GroupId::vm(1002), time);
    house.deed(GRANGE, STORE, &Deed::DeleteManifest { ns: NS.to_owned(), snapshot });
    let remote = house.place(Place::Remote).await;
    named(&remote, "snapshot-unfinished", "cannot be restored");
    assert_eq!(remote.kept, 1, "{remote:#?}");

    // A node whose clock is ahead: that one hides the age of all others and blocks new ones.
    house.arrives(-30 * DAY_S, "of next month");
    let remote = house.place(Place::Remote).await;
    named(&remote, "snapshot-from-the-future", "correct the node's clock");
    assert_eq!(remote.kept, 1, "it does not count: {remote:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_broken_index_is_listed_as_a_backup_and_stops_the_collection() {
    let house = House::new(225).await;
    let time = house.arrives(HOUR_S, "of tonight");
    let snapshot = node_side::snapshot_name(&GroupId::vm(1002), time);
    let archive = "drive-scsi0.img.fidx".to_owned();
    house.deed(GRANGE, STORE, &Deed::BreakIndex { ns: NS.to_owned(), snapshot, archive });
    assert_ne!(house.task(GRANGE, "/admin/datastore/communs/gc", &[]).0, "OK");
    let remote = house.place(Place::Remote).await;
    assert_eq!(remote.kept, 1, "no list tells of it: {remote:#?}");
    named(&remote, "gc-failed", "one broken index stops it");
}
