//! Section 16: what the recorded sessions added.

use super::*;

#[test]
fn pbs_s16_the_state_of_verification_travels_with_a_sync_and_covers_damage_at_the_target() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    lab.mirrored(&[]);
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")], "never read there");
    lab.flip("mirror", "", NOW_S);
    lab.task("/admin/datastore/mirror/verify", &[("ignore-verified", "false")]);
    assert_eq!(lab.states("mirror", ""), [json!("failed")]);
    // An ordinary sync says `ok` again, and `resync-corrupt` then sees nothing to mend.
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")]);
    lab.ok("PUT", "/config/sync/off-site", &[("resync-corrupt", "true")]);
    lab.sync();
    assert!(lab.restore(&lab.login("mirror", ""), NOW_S, None).is_err());
    // Directly after a full verification it heals.
    lab.task("/admin/datastore/mirror/verify", &[("ignore-verified", "false")]);
    assert!(lab.sync().1.contains("due to corruption"));
    assert!(lab.restore(&lab.login("mirror", ""), NOW_S, None).is_ok());
}

#[test]
fn pbs_s16_a_backup_that_uses_a_damaged_chunk_again_succeeds_and_heals_only_after_a_failed_verify() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "same").expect("stored");
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    lab.flip("coop", "clients", NOW_S);
    let again = lab.backup(&login, NOW_S + DAY_S, "same").expect("exit status 0");
    assert_eq!(again.sent_bytes(), 0);
    let broken = lab.restore(&login, NOW_S + DAY_S, None).expect_err("damaged");
    assert!(broken.in_client().contains("wrong CRC checksum"), "{broken:?}");
    assert_eq!(lab.states("coop", "clients"), [json!("ok"), Value::Null]);
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    assert_eq!(lab.states("coop", "clients"), [json!("ok"), json!("failed")], "the older one shares the lost chunk");
    let healing = lab.backup(&login, NOW_S + 2 * DAY_S, "same").expect("stored");
    assert!(healing.sent_bytes() > 0);
    assert_eq!(lab.task("/admin/datastore/coop/verify", &FULL).0, "OK");
    assert!(lab.restore(&login, NOW_S, None).is_ok());
}

#[test]
fn pbs_s16_a_pull_with_backup_rights_only_ends_ok_with_no_groups() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.remote("here", "site@pbs!node", "node-secret");
    lab.mirrored(&[("remote", "here"), ("max-depth", "0")]);
    let (exit, log) = lab.sync();
    assert!(exit == "OK" && log.contains("Found 0 groups to sync"), "{exit}: {log}");
    for holder in ["site@pbs", "site@pbs!node"] {
        let role = [("path", "/datastore/coop/clients"), ("role", "DatastoreReader"), ("auth-id", holder)];
        lab.ok("PUT", "/access/acl", &role);
    }
    lab.pass(6);
    assert!(lab.sync().1.contains("Found 1 groups to sync"));
}

#[test]
fn pbs_s16_remove_vanished_with_depth_deletes_the_namespace_of_another_job() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.mirrored(&[("remove-vanished", "true"), ("max-depth", "0")]);
    lab.ok("POST", "/admin/datastore/mirror/namespace", &[("name", "other-job")]);
    assert_eq!(lab.sync().0, "OK");
    let namespaces = |lab: &mut Lab| lab.ok("GET", "/admin/datastore/mirror/namespace", &[]).as_array().map(Vec::len);
    assert_eq!(namespaces(&mut lab), Some(2));
    lab.ok("PUT", "/config/sync/off-site", &[("max-depth", "2")]);
    assert!(lab.sync().1.contains("Removed namespace other-job"));
    assert_eq!(namespaces(&mut lab), Some(1));
}

#[test]
fn pbs_s16_a_snapshot_from_the_future_blocks_all_later_backups_of_its_group() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S + 400 * DAY_S, "a clock ahead").expect("accepted");
    let refused = lab.backup(&login, NOW_S + DAY_S, "tomorrow").expect_err("older");
    assert_eq!(refused.in_client(), "backup timestamp is older than last backup.");
    node_side::forget(lab.around(), &login, &GroupId::vm(101), NOW_S + 400 * DAY_S).expect("removed");
    assert!(lab.backup(&login, NOW_S + DAY_S, "tomorrow").is_ok());
}

#[test]
fn pbs_s16_a_backup_token_may_protect_its_own_snapshots_but_removes_none() {
    let mut lab = Lab::new();
    let node = lab.node();
    lab.backup(&node, NOW_S, "one").expect("stored");
    let group = GroupId::vm(101);
    assert!(node_side::set_protection(lab.around(), &node, &group, NOW_S, true).is_ok());
    let refused = node_side::forget(lab.around(), &node, &group, NOW_S).expect_err("no right");
    assert_eq!(
        refused.in_client(),
        "permission check failed - missing Datastore.Modify|Datastore.Prune on /datastore/coop/clients"
    );
    let refused = node_side::prune(lab.around(), &node, &group, &Default::default(), false).expect_err("no right");
    assert_eq!(refused.in_plugin(), "403 Forbidden");
}

#[test]
fn pbs_s16_a_prune_job_without_rules_says_remove_and_removes_nothing() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.ok("POST", "/config/prune", &[("id", "none"), ("store", "coop"), ("schedule", "daily")]);
    let (exit, log) = lab.task("/admin/prune/none/run", &[]);
    assert_eq!(exit, "WARNINGS: 1");
    assert!(log.contains("remove vm/101/"), "{log}");
    assert_eq!(lab.states("coop", "clients").len(), 1);
}

#[test]
fn pbs_s16_garbage_collection_frees_after_a_day_and_warns_of_a_missing_chunk_and_stops_at_a_broken_index() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "one").expect("stored");
    lab.backup(&login, NOW_S + 60, "two").expect("stored");
    node_side::forget(lab.around(), &login, &GroupId::vm(101), NOW_S).expect("removed");
    let (exit, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(exit == "OK" && log.contains("Removed chunks: 0") && log.contains("Pending removals"), "{log}");
    lab.pass(86_400 + 600);
    let (_, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(log.contains("Removed chunks: 1"), "{log}");
    let digest = lab.flip("coop", "clients", NOW_S + 60);
    lab.disk("coop", &Deed::DeleteChunk { digest });
    let (exit, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(exit == "WARNINGS: 1" && log.contains("unable to access non-existent chunk"), "{log}");
    let snapshot = node_side::snapshot_name(&GroupId::vm(101), NOW_S + 60);
    let archive = "drive-scsi0.img.fidx".to_owned();
    lab.disk("coop", &Deed::BreakIndex { ns: "clients".to_owned(), snapshot, archive });
    assert!(lab.task("/admin/datastore/coop/gc", &[]).0.starts_with("can't open index"));
}

#[test]
fn pbs_s16_encrypted_data_need_the_key_and_the_server_verifies_them_without() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    let (key, other) = (EncryptionKey::new([1; 32]), EncryptionKey::new([2; 32]));
    lab.backup_with(&login, NOW_S, "secret of the guest", Some(&key)).expect("stored");
    assert!(!lab.lies_in_clear("secret of the guest"));
    assert!(lab.restore(&login, NOW_S, None).expect_err("no key").in_client().starts_with("missing key - "));
    assert!(lab.restore(&login, NOW_S, Some(&other)).expect_err("another").in_client().starts_with("wrong key - "));
    let restored = lab.restore(&login, NOW_S, Some(&key)).expect("restored");
    assert!(String::from_utf8_lossy(&restored.content[4 * MIB..]).starts_with("secret of the guest"));
    assert_eq!(lab.task("/admin/datastore/coop/verify", &FULL).0, "OK");
}

#[test]
fn pbs_s16_jobs_run_by_themselves_in_the_servers_own_zone() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.ok("PUT", "/nodes/localhost/time", &[("timezone", "Europe/Paris")]);
    lab.ok("POST", "/config/verify", &[("id", "nightly"), ("store", "coop"), ("schedule", "02:30")]);
    let next = lab.ok("GET", "/admin/verify", &[])[0]["next-run"].as_i64().expect("a moment");
    // Half past two in Paris is half past one in UTC.
    assert_eq!(next.rem_euclid(DAY_S), 90 * 60);
    lab.pass(86_400);
    let job = lab.ok("GET", "/admin/verify", &[])[0].clone();
    assert_eq!(job["last-run-state"], "OK");
    assert_eq!(job["next-run"].as_i64(), Some(next + DAY_S));
    assert_eq!(lab.states("coop", "clients"), [json!("ok")]);
}
