//! Verifications that end well, or whose marks say what nobody read here.

use accolades::domain::backup::health::{Place, Word};
use serde_json::json;

use super::{COPIES, DAY_S, FOUND_DAMAGE, GRANGE, HOUR_S, House, MOULIN, STORE, named, says};

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_the_mark_of_a_verification_travels_with_a_sync() {
    let house = House::new(201).await;
    house.arrives(HOUR_S, "of tonight");
    assert_eq!(house.marks(GRANGE, STORE), [json!("ok")], "it was read on arrival");
    assert_eq!(house.copies().0, "OK");
    assert_eq!(house.marks(MOULIN, COPIES), [json!("ok")], "never read there");
    let third = house.place(Place::Third).await;
    named(&third, "verified-elsewhere", "ignore-verified=false");
    assert_eq!(third.last_good.expect("a copy").verified_at, None);
    // A verification with defaults skips it and ends well: that changes nothing.
    assert_eq!(house.task(MOULIN, "/admin/datastore/copies/verify", &[("max-depth", "7")]).0, "OK");
    named(&house.place(Place::Third).await, "verified-elsewhere", "ignore-verified=false");
    assert_eq!(house.reads_all(MOULIN, COPIES), "OK");
    let third = house.place(Place::Third).await;
    assert!(!says(&third, "verified-elsewhere") && third.last_good.expect("a copy").verified_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_sync_covers_the_damage_that_a_verification_found() {
    let house = House::new(202).await;
    let time = house.arrives(HOUR_S, "of tonight");
    assert_eq!(house.copies().0, "OK");
    house.rots(MOULIN, COPIES, time);
    assert_eq!(house.task(MOULIN, "/admin/verify/verify-copies/run", &[]).0, FOUND_DAMAGE);
    let third = house.place(Place::Third).await;
    assert_eq!(third.word, Word::Failed, "{third:#?}");
    named(&third, "snapshot-damaged", "without skipping");

    // Somebody took `resync-corrupt` off the job: the mark of the source covers the damage, which stays.
    house.ask(MOULIN, "PUT", "/config/sync/pull-grange", &[("resync-corrupt", "false")]);
    assert_eq!(house.copies().0, "OK");
    assert_eq!(house.marks(MOULIN, COPIES), [json!("ok")]);
    let third = house.place(Place::Third).await;
    let told = named(&third, "verification-failed", "directly after");
    assert!(told.sentence.contains(FOUND_DAMAGE), "{}", told.sentence);

    // The mend: the job as it should be, then a full verification with the pull directly after it.
    house.rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(house.copies().0, "OK");
    assert_eq!(
        house.task(MOULIN, "/admin/verify/verify-copies/run", &[]).0,
        FOUND_DAMAGE,
        "it was covered, not mended"
    );
    assert!(house.copies().1.contains("due to corruption"));
    assert_eq!(house.task(MOULIN, "/admin/verify/verify-copies/run", &[]).0, "OK");
    let third = house.place(Place::Third).await;
    assert!(!says(&third, "verification-failed") && !says(&third, "snapshot-damaged"), "{third:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_verify_job_ends_ok_although_a_snapshot_is_known_to_be_damaged() {
    let house = House::new(203).await;
    let time = house.arrives(HOUR_S, "of tonight");
    house.rots(GRANGE, STORE, time);
    assert_eq!(house.reads_all(GRANGE, STORE), FOUND_DAMAGE);
    assert_eq!(house.task(GRANGE, "/admin/verify/verify-communs/run", &[]).0, "OK");
    let remote = house.place(Place::Remote).await;
    assert_eq!((remote.word, remote.kept), (Word::Failed, 0), "{remote:#?}");
    named(&remote, "snapshot-damaged", "take a new backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_verify_job_looks_where_nothing_is() {
    let house = House::new(204).await;
    house.ask(GRANGE, "PUT", "/config/datastore/communs", &[("verify-new", "false")]);
    // Somebody thought of another namespace.
    house.ask(GRANGE, "POST", "/admin/datastore/communs/namespace", &[("name", "essais")]);
    house.ask(GRANGE, "PUT", "/config/verify/verify-communs", &[("ns", "essais")]);
    house.arrives(60 * DAY_S, "old");
    house.arrives(HOUR_S, "of tonight");
    assert_eq!(house.task(GRANGE, "/admin/verify/verify-communs/run", &[]).0, "OK");
    let remote = house.place(Place::Remote).await;
    let told = named(&remote, "verification-skips", "accolades backup-server prepare grange`");
    assert!(told.sentence.contains("never"), "{}", told.sentence);
    house.rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(house.task(GRANGE, "/admin/verify/verify-communs/run", &[]).0, "OK");
    let remote = house.place(Place::Remote).await;
    assert!(!says(&remote, "verification-skips"), "{remote:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn false_ok_a_backup_uses_a_damaged_piece_again() {
    let house = House::new(205).await;
    let first = house.arrives(DAY_S, "the same");
    assert_eq!(house.marks(GRANGE, STORE), [json!("ok")]);
    house.rots(GRANGE, STORE, first);
    // The node hears that all is well: nothing had to be sent.
    house.arrives(HOUR_S, "the same");
    assert_eq!(house.marks(GRANGE, STORE), [json!("ok"), json!("failed")], "the older one shares the piece");
    let remote = house.place(Place::Remote).await;
    assert_eq!(remote.word, Word::Failed, "{remote:#?}");
    named(&remote, "snapshot-damaged", "verify the whole group once more");
    // As the mend says: now the older one is known, too, and a new backup brings the piece again.
    assert_eq!(house.reads_all(GRANGE, STORE), FOUND_DAMAGE);
    assert_eq!(house.marks(GRANGE, STORE), [json!("failed"), json!("failed")]);
    house.arrives(0, "the same");
    let remote = house.place(Place::Remote).await;
    assert_eq!((remote.word, remote.kept), (Word::Unproven, 1), "{remote:#?}");
}
