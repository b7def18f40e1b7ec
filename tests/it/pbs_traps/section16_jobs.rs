//! Section 16: what jobs do that ends well and did not do what its name says, and what is made without complaint.

use super::*;

#[test]
fn pbs_s16_verifying_what_is_not_there_ends_ok() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    for missing in [
        vec![("ns", "clients"), ("backup-type", "vm"), ("backup-id", "999")],
        vec![("ns", "clients"), ("backup-type", "vm"), ("backup-id", "101"), ("backup-time", "1")],
    ] {
        assert_eq!(lab.task("/admin/datastore/coop/verify", &missing).0, "OK", "{missing:?}");
    }
    assert_eq!(lab.states("coop", "clients"), [Value::Null], "nothing was read");
}

#[test]
fn pbs_s16_a_default_verify_job_ends_ok_although_a_snapshot_is_known_to_be_damaged() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.flip("coop", "clients", NOW_S);
    assert_ne!(lab.task("/admin/datastore/coop/verify", &FULL).0, "OK");
    lab.ok("POST", "/config/verify", &[("id", "usual"), ("store", "coop"), ("schedule", "daily")]);
    assert_eq!(lab.task("/admin/verify/usual/run", &[]).0, "OK");
    assert_eq!(lab.states("coop", "clients"), [json!("failed")]);
}

#[test]
fn pbs_s16_what_leads_nowhere_is_made_without_complaint() {
    let mut lab = Lab::new();
    let verify = |id, store, ns| vec![("id", id), ("store", store), ("schedule", "daily"), ("ns", ns)];
    let sync = |id, more: &[(&'static str, &'static str)]| {
        [&[("id", id), ("store", "coop"), ("remote-store", "elsewhere")][..], more].concat()
    };
    for (path, params) in [
        ("/access/users/gone@pbs/token/t", vec![]),
        ("/config/verify", verify("v-store", "none", "clients")),
        ("/config/verify", verify("v-ns", "coop", "nowhere")),
        ("/config/sync", sync("s-remote", &[("remote", "none")])),
        ("/config/sync", sync("s-owner", &[("owner", "gone@pbs")])),
    ] {
        let (status, text) = lab.ask(OPS, "POST", path, &params);
        assert_eq!(status, 200, "{path} {params:?}: {text}");
    }
}

#[test]
fn pbs_s16_a_snapshot_that_was_removed_at_the_target_does_not_come_again() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S - DAY_S, "old").expect("stored");
    lab.backup(&login, NOW_S, "new").expect("stored");
    lab.mirrored(&[]);
    assert_eq!(lab.sync().0, "OK");
    node_side::forget(lab.around(), &lab.login("mirror", ""), &GroupId::vm(101), NOW_S - DAY_S).expect("removed");
    let (exit, log) = lab.sync();
    assert!(exit == "OK" && log.contains("no new data to pull"), "{exit}: {log}");
    assert_eq!(lab.states("mirror", "").len(), 1);
}

#[test]
fn pbs_s16_no_new_data_is_said_although_a_snapshot_was_copied() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S - DAY_S, "same").expect("stored");
    lab.mirrored(&[]);
    assert_eq!(lab.sync().0, "OK");
    lab.backup(&login, NOW_S, "same").expect("stored");
    let (exit, log) = lab.sync();
    assert!(exit == "OK" && log.contains("no new data to pull"), "{exit}: {log}");
    assert_eq!(lab.states("mirror", "").len(), 2, "all of its chunks were there");
}

#[test]
fn pbs_s16_encrypted_only_leaves_empty_groups() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "plain").expect("stored");
    lab.mirrored(&[("encrypted-only", "true")]);
    assert_eq!(lab.sync().0, "OK");
    let servers = lab.servers.borrow();
    let groups = &servers.0[ADDRESS].datastores["mirror"].namespaces[""].groups;
    assert!(groups[&GroupId::vm(101)].snapshots.is_empty(), "a group without any snapshot");
}

#[test]
fn pbs_s16_a_pull_owns_its_groups_and_fails_at_somebody_elses() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.remote("here", "root@pam!ops", "ops-secret");
    lab.mirrored(&[("remote", "here")]);
    assert_eq!(lab.sync().0, "OK");
    let owner = |lab: &mut Lab| lab.ok("GET", "/admin/datastore/mirror/groups", &[])[0]["owner"].clone();
    assert_eq!(owner(&mut lab), "root@pam");
    let theirs = [("backup-type", "vm"), ("backup-id", "101"), ("new-owner", "site@pbs!node")];
    lab.ok("POST", "/admin/datastore/mirror/change-owner", &theirs);
    let shown = lab.servers.borrow().0[ADDRESS].fingerprint.clone();
    let login = Login { fingerprint: Some(&shown), ..lab.login("coop", "clients") };
    lab.backup(&login, NOW_S + DAY_S, "two").expect("stored");
    let (exit, log) = lab.sync();
    assert_eq!(exit, "sync failed with some errors.");
    assert!(log.contains("owner check failed (root@pam != site@pbs!node)"), "{log}");
    assert_eq!(lab.states("mirror", "").len(), 1, "the newer one did not come");
}

#[test]
fn pbs_s16_the_tokens_user_appends_and_moves_ownership_among_his_tokens_and_the_token_does_not() {
    let mut lab = Lab::new();
    {
        let mut servers = lab.servers.borrow_mut();
        let access = &mut servers.0.get_mut(ADDRESS).expect("a server").access;
        access.add_user("site@pbs", Some("site-password"));
        access.add_token("site@pbs!second", "second-secret");
        access.grant("/datastore/coop/clients", "site@pbs!second", "DatastoreBackup");
    }
    lab.pass(6);
    lab.backup(&lab.node(), NOW_S, "of the token").expect("stored");
    let user = Login { auth_id: "site@pbs", secret: "site-password", ..lab.node() };
    assert!(lab.backup(&user, NOW_S + 60, "of its user").is_ok());
    let move_to =
        |new: &'static str| [("ns", "clients"), ("backup-type", "vm"), ("backup-id", "101"), ("new-owner", new)];
    let path = "/admin/datastore/coop/change-owner";
    let (status, text) = lab.ask(NODE, "POST", path, &move_to("site@pbs!second"));
    assert!(status == 401 && text.contains("does not have permission to change owner"), "{status} {text}");
    // He comes with a ticket, as a person does.
    let ticket = lab.ticket("site@pbs", "site-password");
    assert_eq!(lab.ask_as(&ticket, "POST", path, &move_to("site@pbs!second")).0, 200);
    let second = Login { auth_id: "site@pbs!second", secret: "second-secret", ..lab.node() };
    assert!(lab.backup(&second, NOW_S + 120, "of the second").is_ok());
}

#[test]
fn pbs_s16_a_failed_scan_of_a_remote_is_an_error_of_the_server() {
    let mut lab = Lab::new();
    lab.remote("wrong", "root@pam!ops", "not-the-secret");
    let (status, text) = lab.ask(OPS, "GET", "/config/remote/wrong/scan", &[]);
    assert_eq!((status, text.as_str()), (500, "failed to scan remote 'wrong' - authentication failed"));
}

#[test]
fn pbs_s16_forms_take_several_words_for_yes_and_a_parameter_only_once() {
    let mut lab = Lab::new();
    for (at, yes) in ["yes", "on", "1", "true"].into_iter().enumerate() {
        let id = format!("job-{at}");
        let job = [("id", id.as_str()), ("store", "coop"), ("schedule", "daily"), ("ignore-verified", yes)];
        lab.ok("POST", "/config/verify", &job);
        assert_eq!(lab.ok("GET", &format!("/config/verify/{id}"), &[])["ignore-verified"], true, "{yes}");
    }
    let twice = [("ns", "clients"), ("ns", "clients")];
    assert_eq!(lab.ask(OPS, "GET", "/admin/datastore/coop/groups", &twice).0, 400);
}

#[test]
fn pbs_s16_full_restores_of_plain_and_encrypted_backups_give_the_same_bytes() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    let key = EncryptionKey::new([3; 32]);
    lab.backup(&login, NOW_S, "the same guest").expect("stored");
    lab.backup_with(&login, NOW_S + 60, "the same guest", Some(&key)).expect("stored");
    let plain = lab.restore(&login, NOW_S, None).expect("restored");
    let opened = lab.restore(&login, NOW_S + 60, Some(&key)).expect("restored");
    assert!(plain.content == opened.content, "they differ");
}

#[test]
fn pbs_s16_a_signed_snapshot_looks_encrypted_to_a_node_although_its_data_are_plain() {
    let lab = Lab::new();
    let login = lab.login("coop", "clients");
    let (group, key) = (GroupId::vm(101), EncryptionKey::new([4; 32]));
    let upload = Upload { group: &group, time: NOW_S, key: Some(&key), mode: CryptMode::SignOnly };
    let archives = [Archive::disk("drive-scsi0.img.fidx", b"readable".to_vec(), 4 * MIB as u64)];
    node_side::upload(lab.around(), &login, &upload, &archives).expect("stored");
    let listed = node_side::snapshots(lab.around(), &login, None).expect("listed");
    assert!(listed[0].fingerprint.is_some(), "{listed:?}");
    assert!(lab.lies_in_clear("readable"), "whoever has the disk reads it");
}
