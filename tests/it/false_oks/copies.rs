//! Copies that do not come although the pull is content, and pulls that stop at something old.

use accolades::domain::backup::health::{Place, Word};
use accolades::domain::backup::names;
use accolades::domain::ids::BackupServerId;

use super::{DAY_S, GRANGE, HOUR_S, House, MOULIN, STORE, named, says};

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_pull_that_may_not_read_ends_ok_with_no_groups() {
    let house = House::new(211).await;
    house.arrives(HOUR_S, "of tonight");
    let moulin = BackupServerId::new(MOULIN).expect("an id");
    let (user, token) = (names::pull_user(&moulin), names::pull_auth_id(&moulin));
    house.server(GRANGE, |server| {
        for entry in server.access.entries.iter_mut().filter(|one| one.who == user || one.who == token) {
            assert_eq!(entry.role, "DatastoreReader");
            "DatastoreBackup".clone_into(&mut entry.role);
        }
    });
    house.pass(10);
    let (exit, log) = house.copies();
    assert!(exit == "OK" && log.contains("Found 0 groups to sync"), "{exit}: {log}");
    let third = house.place(Place::Third).await;
    assert_eq!(third.word, Word::Never, "{third:#?}");
    named(&third, "sync-stopped", "`Found 0 groups` means that the pull may not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_sync_stops_at_a_corrupt_old_snapshot() {
    let house = House::new(212).await;
    house.ask(GRANGE, "PUT", "/config/datastore/communs", &[("verify-new", "false")]);
    let old = house.arrives(DAY_S, "old");
    house.arrives(HOUR_S, "of tonight");
    house.rots(GRANGE, STORE, old);
    // Somebody changed the job: it does not pass over what was never verified any more.
    house.ask(MOULIN, "PUT", "/config/sync/pull-grange", &[("verified-only", "false")]);
    assert_eq!(house.copies().0, "sync failed with some errors.");
    let remote = house.place(Place::Remote).await;
    assert_eq!(remote.kept, 2, "at the source nothing is known of it: {remote:#?}");
    let third = house.place(Place::Third).await;
    assert_eq!((third.word, third.kept), (Word::Never, 0), "the intact newer one did not come: {third:#?}");
    let told = named(&third, "sync-stopped", "pull with `verified-only`");
    assert!(told.sentence.contains("sync failed with some errors."), "{}", told.sentence);

    // As the mend says: the group is verified at the source, and the job is set up again.
    house.reads_all(GRANGE, STORE);
    house.rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(house.copies().0, "OK");
    let third = house.place(Place::Third).await;
    assert!(third.kept == 1 && !says(&third, "sync-stopped"), "{third:#?}");
    named(&house.place(Place::Remote).await, "snapshot-damaged", "remove the damaged snapshot");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_pull_that_is_content_brings_nothing_any_more() {
    let house = House::new(213).await;
    house.arrives(HOUR_S, "of tonight");
    assert_eq!(house.copies().0, "OK");
    // From now on nothing that arrives is verified: a pull of verified snapshots passes over all of it, and is content.
    house.ask(GRANGE, "PUT", "/config/datastore/communs", &[("verify-new", "false")]);
    house.ask(GRANGE, "POST", "/admin/datastore/communs/namespace", &[("name", "essais")]);
    house.ask(GRANGE, "PUT", "/config/verify/verify-communs", &[("ns", "essais")]);
    for _ in 0..3 {
        house.pass(DAY_S.unsigned_abs());
        house.arrives(HOUR_S, "of another night");
    }
    assert_eq!(house.copies().0, "OK");
    let third = house.place(Place::Third).await;
    assert_eq!((third.word, third.kept), (Word::Late, 1), "{third:#?}");
    named(&third, "sync-stopped", "verify the group at the source");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_pull_that_removes_what_vanished_is_put_right_before_it_loses_copies() {
    let house = House::new(214).await;
    house.arrives(HOUR_S, "of tonight");
    assert_eq!(house.copies().0, "OK");
    house.ask(MOULIN, "PUT", "/config/sync/pull-grange", &[("remove-vanished", "true")]);
    house.ask(GRANGE, "DELETE", "/admin/datastore/communs/namespace", &[("ns", "ilot"), ("delete-groups", "true")]);
    house.rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(house.copies().0, "OK");
    let third = house.place(Place::Third).await;
    assert_eq!(third.kept, 1, "the copy is all that is left: {third:#?}");
}
