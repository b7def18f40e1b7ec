//! What a backup server and its jobs say, and hide.

use super::*;

fn there(view: &mut InstanceView) -> &mut ServerSeen {
    &mut view.places[0].server.seen.as_mut().expect("seen").value
}

#[test]
fn a_renewed_token_that_no_longer_owns_the_group_is_named() {
    let mut view = remote();
    view.places[0].listing = listing(vec![snapshot(30 * HOUR)]);
    let reason = "ERROR: backup owner check failed (lilas@pbs!new != lilas@pbs!old)";
    node_of(&mut view).tasks = vec![task(6 * HOUR, failed("job errors"), Some("pbs-lilas"), reason)];
    assert_eq!(verdict(&view), ("failed", vec!["owner-lost"]));

    let mut told_by_server = remote();
    let mut server = server(vec![verified(30 * HOUR, 20 * HOUR, "grange")]);
    server.owner = Some("lilas@pbs!old".to_owned());
    told_by_server.places[0].server = seen(server, 600);
    assert_eq!(verdict(&told_by_server), ("late", vec!["owner-lost", "run-missed"]));
}

#[test]
fn a_server_that_answers_is_believed_while_the_site_is_away() {
    let mut view = remote();
    view.node = obstacle(ObstacleKind::Silent, "nobody answers");
    view.places[0].listing = obstacle(ObstacleKind::Silent, "nobody answers");
    let snapshots = (0..7).map(|nights| verified(6 * HOUR + nights * DAY - 60, 3 * HOUR, "grange")).collect();
    view.places[0].server = seen(server(snapshots), 600);
    assert_eq!(verdict(&view), ("ok", vec![]));
}

#[test]
fn a_sync_that_stopped_at_a_corrupt_old_snapshot_shows_in_the_age_at_the_target() {
    let old = vec![verified(3 * DAY, 2 * DAY, "ailleurs")];
    let view = third("sync failed with some errors.", old.clone());
    assert_eq!(verdict(&view), ("late", vec!["sync-stopped"]));
    let silent = third("OK", old);
    assert_eq!(verdict(&silent), ("late", vec!["sync-stopped"]), "a pull that says OK is not believed either");
}

#[test]
fn a_verification_that_travelled_with_a_sync_does_not_count() {
    let view = third("OK", vec![verified(6 * HOUR - 60, 3 * HOUR, "grange")]);
    assert_eq!(verdict(&view), ("ok", vec!["verified-elsewhere"]));
    assert_eq!(health(&view).places[0].last_good.as_ref().expect("one").verified_at, None);
    let own = third("OK", vec![verified(6 * HOUR - 60, 3 * HOUR, "ailleurs")]);
    assert_eq!(verdict(&own), ("ok", vec![]));
    assert_eq!(health(&own).places[0].last_good.as_ref().expect("one").verified_at, Some(ago(3 * HOUR)));
}

#[test]
fn a_verification_job_that_skips_says_nothing_about_today() {
    let mut view = remote();
    let snapshots = vec![verified(6 * HOUR - 60, 60 * DAY, "grange"), verified(70 * DAY, 60 * DAY, "grange")];
    view.places[0].server = seen(server(snapshots.clone()), 600);
    assert_eq!(verdict(&view), ("ok", vec!["verification-skips"]));
    let mut without = server(snapshots);
    without.verify = None;
    view.places[0].server = seen(without, 600);
    assert_eq!(verdict(&view), ("ok", vec!["not-verified"]));
}

#[test]
fn a_verification_job_that_ends_ok_does_not_hide_a_failed_snapshot() {
    let mut view = remote();
    let mut damaged = verified(6 * HOUR - 60, 3 * HOUR, "grange");
    damaged.verification.as_mut().expect("verified").ok = false;
    view.places[0].server = seen(server(vec![damaged, verified(30 * HOUR, 3 * HOUR, "grange")]), 600);
    assert_eq!(verdict(&view), ("failed", vec!["snapshot-damaged", "run-missed"]));
    assert_eq!(health(&view).places[0].last_good.as_ref().expect("the older one").at, ago(30 * HOUR));
}

#[test]
fn an_old_damaged_snapshot_is_named_and_the_fresh_one_counts() {
    let mut view = remote();
    let mut damaged = snapshot(40 * HOUR);
    damaged.verification = Some(Verification { ok: false, at: None, host: None });
    view.places[0].listing = listing(vec![damaged, snapshot(6 * HOUR - 60)]);
    assert_eq!(verdict(&view), ("ok", vec!["snapshot-damaged"]));
}

#[test]
fn a_snapshot_from_the_future_is_not_the_newest_backup() {
    let mut view = remote();
    view.places[0].listing = listing(vec![snapshot(-3 * DAY), snapshot(30 * HOUR)]);
    let (word, names) = verdict(&view);
    assert_eq!((word, names.contains(&"snapshot-from-the-future")), ("late", true), "{names:?}");
}

#[test]
fn signed_only_is_not_encrypted_although_it_is_shown_so() {
    let mut view = remote();
    let claimed: Vec<Snapshot> = week().into_iter().map(|one| Snapshot { sealing: Sealing::Claimed, ..one }).collect();
    view.places[0].listing = listing(claimed);
    assert_eq!(verdict(&view), ("ok", vec![]), "the node cannot tell");
    let signed = Snapshot { sealing: Sealing::Signed, ..verified(6 * HOUR - 60, 3 * HOUR, "grange") };
    view.places[0].server = seen(server(vec![signed]), 600);
    assert_eq!(verdict(&view), ("ok", vec!["signed-not-encrypted"]));
    let plain = Snapshot { sealing: Sealing::Plain, ..verified(6 * HOUR - 60, 3 * HOUR, "grange") };
    view.places[0].server = seen(server(vec![plain]), 600);
    assert_eq!(verdict(&view), ("ok", vec!["not-encrypted"]));
}

#[test]
fn protected_snapshots_that_block_pruning_are_counted() {
    let mut view = remote();
    let mut snapshots = week();
    snapshots[3].protected = true;
    view.places[0].listing = listing(snapshots);
    assert_eq!(verdict(&view), ("ok", vec!["snapshots-protected"]));
    assert!(health(&view).is_ok(), "somebody may have wanted it");
}

#[test]
fn a_prune_job_without_keep_removes_nothing() {
    let mut view = remote();
    let mut server = server(vec![verified(6 * HOUR - 60, HOUR, "grange")]);
    server.prune.as_mut().expect("a job").keeps_something = false;
    view.places[0].server = seen(server.clone(), 600);
    assert_eq!(verdict(&view), ("ok", vec!["prune-keeps-everything"]));
    server.prune.as_mut().expect("a job").keeps_something = true;
    server.prune.as_mut().expect("a job").job.last = Some(JobEnd { at: ago(HOUR), state: "EIO".to_owned() });
    view.places[0].server = seen(server, 600);
    assert_eq!(verdict(&view), ("ok", vec!["prune-failed"]));
}

#[test]
fn garbage_that_was_never_collected_frees_nothing() {
    let mut view = remote();
    let mut server = server(vec![verified(6 * HOUR - 60, HOUR, "grange")]);
    server.collection = ServerJob::default();
    view.places[0].server = seen(server.clone(), 600);
    assert_eq!(verdict(&view), ("ok", vec!["gc-never-ran"]));
    server.collection.last = Some(JobEnd { at: ago(HOUR), state: "broken index".to_owned() });
    view.places[0].server = seen(server, 600);
    assert_eq!(verdict(&view), ("ok", vec!["gc-failed"]));
}

#[test]
fn a_mark_that_travelled_does_not_count_where_the_server_never_named_itself() {
    let mut view = third("OK", vec![verified(6 * HOUR - 60, 3 * HOUR, "grange")]);
    there(&mut view).host = None;
    assert_eq!(verdict(&view), ("ok", vec!["verified-elsewhere"]));
    assert_eq!(health(&view).places[0].last_good.as_ref().expect("one").verified_at, None);
    // Where nothing is copied to, no mark can have travelled.
    let mut view = remote();
    view.places[0].server =
        seen(ServerSeen { host: None, ..server(vec![verified(6 * HOUR - 60, 3 * HOUR, "grange")]) }, 600);
    assert_eq!(health(&view).places[0].last_good.as_ref().expect("one").verified_at, Some(ago(3 * HOUR)));
}

#[test]
fn damage_that_a_later_sync_covers_is_still_told() {
    let words = "verification failed - please check the log for details";
    let failed = JobEnd { at: ago(3 * HOUR), state: words.to_owned() };
    let failed = Some(ServerJob { schedule: None, last: Some(failed) });
    // What was read here is fine; the newest copy is fine on the source's word only.
    let snapshots = vec![verified(6 * HOUR - 60, 7 * HOUR, "grange"), verified(30 * HOUR, 3 * HOUR, "ailleurs")];
    let mut view = third("OK", snapshots);
    assert_eq!(verdict(&view), ("ok", vec![]));
    there(&mut view).verify = failed.clone();
    assert_eq!(verdict(&view), ("ok", vec!["verification-failed"]));
    assert!(!health(&view).is_ok(), "it is to be mended");
    // As long as the mark is there, it tells which snapshot.
    there(&mut view).snapshots[1].verification.as_mut().expect("verified").ok = false;
    assert_eq!(verdict(&view), ("ok", vec!["snapshot-damaged"]));
    // Where no mark came from elsewhere, somebody else's snapshot is the damaged one.
    let mut view = remote();
    let of_others = ServerSeen { verify: failed, ..server(vec![verified(6 * HOUR - 60, 3 * HOUR, "grange")]) };
    view.places[0].server = seen(of_others, 600);
    assert_eq!(verdict(&view), ("ok", vec!["verification-failed"]));
    assert!(health(&view).is_ok(), "worth knowing, nothing to mend here");
}

#[test]
fn a_namespace_that_is_gone_is_named_although_the_storage_is_active() {
    let mut view = remote();
    view.places[0].listing = obstacle(ObstacleKind::Refused, "400 Bad Request");
    let gone = ServerSeen { namespace_missing: Some("lilas".to_owned()), ..server(Vec::new()) };
    view.places[0].server = seen(gone, 600);
    assert_eq!(verdict(&view), ("never", vec!["namespace-missing", "run-missed"]));
}
