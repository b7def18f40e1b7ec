//! Section 15: the API of the backup server.

use super::*;

#[test]
fn pbs_s15_refusals_are_plain_text_although_they_call_themselves_json() {
    let mut lab = Lab::new();
    assert_eq!(lab.ask(OPS, "GET", "/config/prune/gone", &[]), (400, "no such prune 'gone'".to_owned()));
    let (status, text) = lab.ask(NODE, "GET", "/admin/datastore/coop/snapshots", &[]);
    assert_eq!(status, 403);
    assert_eq!(text, "permission check failed - missing Datastore.Audit|Datastore.Backup on /datastore/coop");
    assert_eq!(lab.ask("site@pbs!node=node-secret", "GET", "/version", &[]).0, 401);
    assert_eq!(lab.ask(OPS, "GET", "/tape/media", &[]).0, 501);
    assert_eq!(lab.ask(OPS, "GET", "/nothere", &[]).0, 404);
}

#[test]
fn pbs_s15_missing_rights_look_like_emptiness() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "of root").expect("stored");
    assert_eq!(
        lab.ask(NODE, "GET", "/admin/datastore/coop/groups", &[("ns", "clients")]),
        (200, "{\"data\":[]}".to_owned())
    );
    let usage = node_side::status(lab.around(), &lab.node()).expect("it answers");
    assert_eq!((usage.total, usage.free), (0, 0));
    let (_, tasks) = lab.ask(NODE, "GET", "/nodes/localhost/tasks", &[]);
    assert_eq!(serde_json::from_str::<Value>(&tasks).expect("JSON")["total"], 0);
}

#[test]
fn pbs_s15_rights_count_only_after_up_to_five_seconds() {
    let mut lab = Lab::new();
    for holder in ["site@pbs", "site@pbs!node"] {
        lab.ok("PUT", "/access/acl", &[("path", "/datastore/coop"), ("role", "DatastoreAudit"), ("auth-id", holder)]);
    }
    let ask = |lab: &mut Lab| lab.ask(NODE, "GET", "/admin/datastore/coop/groups", &[]).0;
    assert_eq!(ask(&mut lab), 403);
    lab.pass(6);
    assert_eq!(ask(&mut lab), 200);
}

#[test]
fn pbs_s15_a_namespace_with_protected_snapshots_loses_the_others_although_the_answer_is_a_refusal() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "one").expect("stored");
    lab.backup(&login, NOW_S + 60, "two").expect("stored");
    node_side::set_protection(lab.around(), &login, &GroupId::vm(101), NOW_S, true).expect("protected");
    let params = [("ns", "clients"), ("delete-groups", "true")];
    let (status, text) = lab.ask(OPS, "DELETE", "/admin/datastore/coop/namespace", &params);
    assert_eq!((status, text.as_str()), (400, "group only partially deleted due to protected snapshots"));
    assert_eq!(lab.states("coop", "clients").len(), 1);
}

#[test]
fn pbs_s15_only_the_owner_appends_and_another_token_does_not_until_the_owner_is_changed() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "of root's token").expect("stored");
    let node = lab.node();
    let refused = lab.backup(&node, NOW_S + 60, "of the node").expect_err("another owner");
    assert_eq!(refused.in_client(), "backup owner check failed (site@pbs!node != root@pam!ops)");
    let params = [("ns", "clients"), ("backup-type", "vm"), ("backup-id", "101"), ("new-owner", "site@pbs!node")];
    lab.ok("POST", "/admin/datastore/coop/change-owner", &params);
    assert!(lab.backup(&node, NOW_S + 60, "of the node").is_ok());
    // Even Admin cannot append now.
    assert!(lab.backup(&lab.login("coop", "clients"), NOW_S + 120, "x").is_err());
}

#[test]
fn pbs_s15_a_verify_with_defaults_skips_damage_and_ends_ok() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    assert_eq!(lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]).0, "OK");
    let digest = lab.flip("coop", "clients", NOW_S);
    let (exit, log) = lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    assert!(exit == "OK" && log.contains("(recently verified)"), "{log}");
    let (exit, _) = lab.task("/admin/datastore/coop/verify", &FULL);
    assert_eq!(exit, "verification failed - please check the log for details");
    assert_eq!(lab.states("coop", "clients"), [json!("failed")]);
    assert_eq!(lab.disk("coop", &Deed::ListChunk { digest: digest.clone() }), json!([format!("{digest}.0.bad")]));
    // And a job with defaults is OK although a snapshot is known to be damaged.
    assert_eq!(lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]).0, "OK");
    lab.pass(2 * 86_400);
    let (exit, _) = lab.task("/admin/datastore/coop/verify", &[("ns", "clients"), ("outdated-after", "1")]);
    assert_ne!(exit, "OK");
}

#[test]
fn pbs_s15_a_sync_stops_at_a_damaged_oldest_snapshot_and_newer_ones_do_not_come() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S - DAY_S, "old").expect("stored");
    lab.backup(&login, NOW_S, "new").expect("stored");
    lab.flip("coop", "clients", NOW_S - DAY_S);
    lab.mirrored(&[]);
    let (exit, log) = lab.sync();
    assert_eq!(exit, "sync failed with some errors.");
    assert!(log.contains("Data blob has wrong CRC checksum."), "{log}");
    assert!(lab.states("mirror", "").is_empty());
    // Verified snapshots only: it gets past.
    lab.task("/admin/datastore/coop/verify", &FULL);
    lab.ok("PUT", "/config/sync/off-site", &[("verified-only", "true")]);
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")]);
}

#[test]
fn pbs_s9d_a_node_hears_what_the_storage_plugin_says() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    let good = lab.login("coop", "clients");
    let failed = |login: Login<'_>| node_side::snapshots(lab.around(), &login, None).expect_err("it fails").in_plugin();
    assert_eq!(failed(Login { fingerprint: Some("cc:dd"), ..good }), "fingerprint 'AA:BB' not verified, abort!");
    assert_eq!(failed(Login { fingerprint: None, ..good }), "fingerprint 'AA:BB' not verified, abort!");
    assert_eq!(failed(Login { port: 8998, ..good }), "500 Can't connect to pbs.example:8998 (Connection refused)");
    assert_eq!(failed(Login { secret: "wrong", ..good }), "401 Unauthorized");
    assert_eq!(failed(Login { namespace: "nowhere", ..good }), "400 Bad Request");
    assert_eq!(failed(Login { namespace: "", ..lab.node() }), "403 Forbidden");
    // Neither activation nor the size look at the namespace.
    assert!(node_side::status(lab.around(), &Login { namespace: "nowhere", ..good }).is_ok());
    let manifest =
        Deed::DeleteManifest { ns: "clients".to_owned(), snapshot: node_side::snapshot_name(&GroupId::vm(101), NOW_S) };
    lab.disk("coop", &manifest);
    assert_eq!(node_side::snapshots(lab.around(), &good, None).expect("listed")[0].size_bytes, None);
}

#[test]
fn pbs_s15_several_wrong_parameters_are_told_one_per_line() {
    let mut lab = Lab::new();
    let one = lab.ask(OPS, "POST", "/config/prune", &[("id", "one"), ("store", "coop"), ("schedule", "mon-fri 1:00")]);
    assert!(one.0 == 400 && one.1.starts_with("parameter verification failed - 'schedule': "), "{one:?}");
    let (status, text) = lab.ask(OPS, "POST", "/config/prune", &[("id", "x y"), ("store", "coop"), ("schedule", "no")]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((status, lines[0], lines.len()), (400, "parameter verification failed:", 3), "{text}");
    assert!(lines[1].starts_with("- 'id': ") && lines[2].starts_with("- 'schedule': "), "{text}");
}

#[test]
fn pbs_s15_a_wrong_login_waits_three_seconds_and_does_not_say_what_is_wrong() {
    let mut lab = Lab::new();
    for token in ["site@pbs!node:wrong", "site@pbs!gone:node-secret", "nobody@pbs!node:node-secret"] {
        let answer = lab.answer(token, "GET", "/access/permissions", &[]);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(
            (answer.status, text.as_str(), answer.delay_us),
            (401, "authentication failed", 3_000_000),
            "{token}"
        );
    }
}

#[test]
fn pbs_s15_a_task_that_never_existed_is_unknown_with_a_good_status() {
    let mut lab = Lab::new();
    let upid = "UPID:pbs:000003A5:0186A2B3:00000004:68C0FFEE:verify:coop:root@pam:";
    let status = lab.ok("GET", &format!("/nodes/localhost/tasks/{upid}/status"), &[]);
    assert_eq!((&status["status"], &status["exitstatus"]), (&json!("stopped"), &json!("unknown")));
}

#[test]
fn pbs_s15_a_namespace_is_made_again_and_removed_again_without_complaint() {
    let mut lab = Lab::new();
    let made = [("parent", "clients"), ("name", "lilas")];
    for _ in 0..2 {
        assert_eq!(lab.ask(OPS, "POST", "/admin/datastore/coop/namespace", &made).0, 200);
    }
    for _ in 0..2 {
        let gone = [("ns", "clients/lilas"), ("delete-groups", "true")];
        assert_eq!(lab.ask(OPS, "DELETE", "/admin/datastore/coop/namespace", &gone).0, 200);
    }
    assert_eq!(lab.ask(OPS, "DELETE", "/config/datastore/none", &[]).0, 404, "a datastore is told from that");
}

#[test]
fn pbs_s15_an_unknown_namespace_is_refused_and_an_unknown_group_is_merely_empty() {
    let mut lab = Lab::new();
    let (status, text) = lab.ask(OPS, "GET", "/admin/datastore/coop/snapshots", &[("ns", "nowhere")]);
    assert!(status == 400 && text.contains("ENOENT"), "{status} {text}");
    let group = [("ns", "clients"), ("backup-type", "vm"), ("backup-id", "999")];
    assert_eq!(lab.ok("GET", "/admin/datastore/coop/snapshots", &group), json!([]));
}

#[test]
fn pbs_s15_a_datastore_appears_only_when_its_task_is_done() {
    let mut lab = Lab::new();
    let names = |lab: &mut Lab| {
        let list = lab.ok("GET", "/admin/datastore", &[]);
        list.as_array().expect("a list").iter().map(|one| one["store"].clone()).collect::<Vec<_>>()
    };
    let upid = lab.ok("POST", "/config/datastore", &[("name", "cave"), ("path", "/mnt/datastore/cave")]);
    assert!(upid.as_str().is_some_and(|upid| upid.contains(":create-datastore:")), "{upid}");
    assert_eq!(names(&mut lab), [json!("coop")]);
    lab.pass(120);
    assert_eq!(names(&mut lab), [json!("cave"), json!("coop")]);
}

#[test]
fn pbs_s15_jobs_that_push_are_listed_only_for_who_asks_for_them() {
    let mut lab = Lab::new();
    lab.mirrored(&[]);
    lab.remote("there", "site@pbs!node", "node-secret");
    let push = [
        ("id", "away"),
        ("store", "coop"),
        ("remote", "there"),
        ("remote-store", "mirror"),
        ("sync-direction", "push"),
    ];
    lab.ok("POST", "/config/sync", &push);
    for list in ["/config/sync", "/admin/sync"] {
        let count = |lab: &mut Lab, asked: &[(&str, &str)]| lab.ok("GET", list, asked).as_array().map(Vec::len);
        assert_eq!(count(&mut lab, &[]), Some(1), "{list}");
        assert_eq!(count(&mut lab, &[("sync-direction", "push")]), Some(1), "{list}");
        assert_eq!(count(&mut lab, &[("sync-direction", "all")]), Some(2), "{list}");
    }
}

#[test]
fn pbs_s15_pruning_is_shown_first_and_protected_snapshots_do_not_count() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    let times = [NOW_S - 2 * DAY_S, NOW_S - DAY_S, NOW_S];
    for time in times {
        lab.backup(&login, time, "x").expect("stored");
    }
    node_side::set_protection(lab.around(), &login, &GroupId::vm(101), NOW_S, true).expect("protected");
    let prune = |lab: &mut Lab, more: &[(&str, &str)]| {
        let mut params = vec![("ns", "clients"), ("backup-type", "vm"), ("backup-id", "101")];
        params.extend_from_slice(more);
        let mut list = lab.ok("POST", "/admin/datastore/coop/prune", &params).as_array().expect("a list").clone();
        list.sort_by_key(|one| one["backup-time"].as_i64());
        list.iter().map(|one| one["keep"] == true).collect::<Vec<_>>()
    };
    let all = [true; 3];
    assert_eq!(prune(&mut lab, &[("dry-run", "true")]), all, "without a rule everything is kept");
    // The protected one is kept beside the one that the rule keeps.
    assert_eq!(prune(&mut lab, &[("dry-run", "true"), ("keep-last", "1")]), [false, true, true]);
    assert_eq!(lab.states("coop", "clients").len(), 3, "it was only shown");
    prune(&mut lab, &[("keep-last", "1")]);
    assert_eq!(lab.states("coop", "clients").len(), 2);
}

#[test]
fn pbs_s15_jobs_remember_their_last_run_and_take_a_digest() {
    let mut lab = Lab::new();
    lab.ok("POST", "/config/verify", &[("id", "weekly"), ("store", "coop"), ("schedule", "sat 5:00")]);
    let state = |lab: &mut Lab| lab.ok("GET", "/admin/verify", &[])[0].clone();
    let before = state(&mut lab);
    assert!(before["last-run-state"].is_null() && before["next-run"].is_i64(), "{before}");
    assert_eq!(lab.task("/admin/verify/weekly/run", &[]).0, "OK");
    let after = state(&mut lab);
    assert!(after["last-run-state"] == "OK" && after["last-run-upid"].is_string(), "{after}");
    let stale = [("schedule", "sun 5:00"), ("digest", &"0".repeat(64))];
    let (status, text) = lab.ask(OPS, "PUT", "/config/verify/weekly", &stale);
    assert!(status == 400 && text.contains("detected modified configuration"), "{status} {text}");
}

#[test]
fn pbs_s15_a_restore_of_a_damaged_image_stops() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "one").expect("stored");
    lab.flip("coop", "clients", NOW_S);
    let stopped = lab.restore(&login, NOW_S, None).expect_err("a piece is bad");
    assert!(stopped.in_client().contains("wrong CRC checksum"), "{stopped:?}");
}
