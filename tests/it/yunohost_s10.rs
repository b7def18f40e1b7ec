//! One test per sentence of section 10 of the YunoHost sheet that the neighbouring files do not hold: what the
//! recordings of the real program added to the sheet or corrected in it.

use std::collections::BTreeMap;

use accolades::lab::os::Output;
use serde_json::{Value, json};

use crate::replay_yunohost::Server;
use crate::yunohost_fixture::{answer, ok, server, server_with};

/// The catalogue offers this version from now on, and the server knows.
fn offer(server: &mut Server, app: &str, version: &str) {
    let listed = server.internet.apps.catalog.apps.get_mut(app).expect("listed");
    listed.package.manifest.insert("version".to_owned(), json!(version));
    ok(server, "yunohost tools update apps");
}

fn as_user(server: &mut Server, words: &str) -> Output {
    let argv = words.split_whitespace().map(str::to_owned).collect();
    server.exec("camille", argv, BTreeMap::new(), String::new())
}

#[test]
fn yunohost_s10_upgrading_several_apps_answers_in_json_only_when_several_were_candidates() {
    let mut server = server_with(&["nextcloud", "dolibarr"]);
    offer(&mut server, "nextcloud", "33.0.6~ynh1");
    let one = ok(&mut server, "yunohost app upgrade nextcloud dolibarr --output-as json");
    assert!(!one.stdout.contains('{'), "one candidate only: {}", one.stdout);
    offer(&mut server, "nextcloud", "33.0.7~ynh1");
    offer(&mut server, "dolibarr", "22.0.5~ynh1");
    let several = answer(&mut server, "yunohost app upgrade nextcloud dolibarr");
    let mut success: Vec<&str> =
        several["success"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    success.sort_unstable();
    assert_eq!(success, ["dolibarr", "nextcloud"]);
    assert_eq!(several.as_object().expect("an object").len(), 1, "empty keys are left out: {several}");
}

#[test]
fn yunohost_s10_an_upgrade_with_nothing_to_do_exits_1_with_a_name_and_0_without() {
    let mut server = server_with(&["nextcloud"]);
    assert_eq!(server.run("yunohost app upgrade nextcloud").exit, 1);
    assert_eq!(server.run("yunohost app upgrade").exit, 0);
}

#[test]
fn yunohost_s10_a_command_that_returns_nothing_may_end_with_a_frame() {
    let mut server = server_with(&["nextcloud"]);
    let listed = server.internet.apps.catalog.apps.get_mut("nextcloud").expect("listed");
    listed.package.behaviour.notice_after_upgrade = Some("Look at the new calendar".to_owned());
    offer(&mut server, "nextcloud", "33.0.6~ynh1");
    let output = ok(&mut server, "yunohost app upgrade nextcloud --output-as json");
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("=====") && last.chars().all(|c| c == '='), "{}", output.stdout);
}

#[test]
fn yunohost_s10_who_is_not_root_is_refused_in_colour() {
    let mut server = server();
    let output = as_user(&mut server, "yunohost user list");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("\u{1b}["), "{:?}", output.stderr);
}

#[test]
fn yunohost_s10_an_upgrade_without_safety_backup_stops_half_way_and_shows_the_old_version() {
    let mut server = server_with(&["nextcloud"]);
    let listed = server.internet.apps.catalog.apps.get_mut("nextcloud").expect("listed");
    listed.package.behaviour.upgrade_error = Some(("Upgrading Nextcloud...".to_owned(), "it failed".to_owned()));
    offer(&mut server, "nextcloud", "33.0.6~ynh1");
    let output = ok(&mut server, "yunohost app upgrade nextcloud --no-safety-backup");
    assert!(output.stderr.contains("Failed to upgrade nextcloud"), "{}", output.stderr);
    assert_eq!(answer(&mut server, "yunohost app info nextcloud")["version"], json!("33.0.4~ynh1"));
    assert_eq!(answer(&mut server, "yunohost backup list")["archives"], json!([]), "nothing to go back to");
}

#[test]
fn yunohost_s10_change_url_onto_another_apps_address_succeeds() {
    let mut server = server_with(&["nextcloud", "dolibarr"]);
    ok(&mut server, "yunohost app change-url dolibarr -d alpage.test -p /nextcloud");
    for app in ["nextcloud", "dolibarr"] {
        assert_eq!(answer(&mut server, &format!("yunohost app setting {app} path")), json!("/nextcloud"), "{app}");
    }
}

#[test]
fn yunohost_s10_an_empty_webadmin_allow_list_breaks_nginx_and_only_error_lines_show_it() {
    let mut server = server();
    let output = ok(&mut server, "yunohost settings set security.webadmin.webadmin_allowlist_enabled -v yes");
    assert!(output.stderr.contains("ERROR"), "{}", output.stderr);
}

#[test]
fn yunohost_s10_a_bad_host_and_unknown_keys_are_accepted() {
    let mut server = server();
    ok(
        &mut server,
        "yunohost settings set email.smtp --args smtp_relay_enabled=yes&smtp_relay_host=bad~host&smtp_relay_user=u&\
         smtp_relay_password=Relais-2026x&no_such_key=1",
    );
    assert_eq!(server.run("yunohost settings get email.smtp.smtp_relay_host").stdout, "bad host\n");
}

#[test]
fn yunohost_s10_an_update_without_network_succeeds_with_the_old_list() {
    let mut server = server_with(&["nextcloud"]);
    offer(&mut server, "nextcloud", "33.0.6~ynh1");
    server.internet.catalog_reachable = false;
    let update = answer(&mut server, "yunohost tools update apps");
    assert_eq!(update["apps"][0]["upgrade"]["new_version"], json!("33.0.6~ynh1"));
}

#[test]
fn yunohost_s10_an_import_that_deletes_the_last_administrator_crashes_with_the_other_deletions_done() {
    let mut server = server();
    ok(&mut server, "yunohost user create alba -F Alba~Roux -d alpage.test -p Reblochon-2026-Savoie");
    ok(&mut server, "yunohost user create yann -F Yann~Gall -d alpage.test -p Reblochon-2026-Savoie");
    ok(&mut server, "yunohost user group add admins alba");
    ok(&mut server, "yunohost user group remove admins camille");
    let csv = "username;firstname;lastname;password;mail;mailbox-quota;mail-alias;mail-forward;groups\n\
               yann;Yann;Gall;;yann@alpage.test;0;;;\n";
    server.machine.files.write("/root/a.csv", csv);
    let output = server.run("yunohost user import /root/a.csv --delete");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("Traceback"), "{}", output.stderr);
    let users = answer(&mut server, "yunohost user list");
    assert_eq!(users["users"].get("camille"), None, "deleted before the crash: {users}");
    assert!(users["users"].get("alba").is_some(), "the last administrator stays");
}

#[test]
fn yunohost_s10_reading_the_main_domain_and_searching_take_the_lock() {
    for words in ["yunohost --timeout 0 domain main-domain", "yunohost --timeout 0 app search next"] {
        let mut server = server();
        server.machine.files.write("/var/run/moulinette_yunohost.lock", "1");
        let output = server.run(words);
        assert_eq!(output.exit, 1, "{words}");
        assert!(output.stderr.contains("already a YunoHost operation running"), "{words}: {}", output.stderr);
        assert!(output.duration_us < 1_000_000, "`--timeout 0` fails at once");
    }
}

#[test]
fn yunohost_s10_a_value_that_begins_with_a_dash_needs_an_equals_sign() {
    let mut server = server();
    let user = "yunohost user create luc -F Luc~Martin -d alpage.test";
    let apart = server.run(&format!("{user} --password -Reblochon-2026"));
    assert_eq!(apart.exit, 2, "{}", apart.stderr);
    ok(&mut server, &format!("{user} --password=-Reblochon-2026"));
}

#[test]
fn yunohost_s10_an_empty_csv_crashes_and_a_header_alone_does_nothing() {
    let mut server = server();
    server.machine.files.write("/root/a.csv", "");
    let output = server.run("yunohost user import /root/a.csv");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("Traceback"), "{}", output.stderr);
    let header = "username;firstname;lastname;password;mail;mailbox-quota;mail-alias;mail-forward;groups\n";
    server.machine.files.write("/root/a.csv", header);
    assert_eq!(answer(&mut server, "yunohost user import /root/a.csv"), json!({}));
}

#[test]
fn yunohost_s10_a_restore_of_the_core_only_leaves_existing_data() {
    let mut server = server_with(&["nextcloud"]);
    let argv = ["yunohost", "backup", "create", "--name", "coeur", "--apps", "nextcloud"].map(str::to_owned).to_vec();
    let env = BTreeMap::from([("BACKUP_CORE_ONLY".to_owned(), "1".to_owned())]);
    assert_eq!(server.exec("root", argv, env, String::new()).exit, 0);
    let plan = "/home/yunohost.app/nextcloud/data/plan.txt";
    server.machine.files.write(plan, "made after the backup");
    ok(&mut server, "yunohost app remove nextcloud");
    ok(&mut server, "yunohost backup restore coeur");
    assert_eq!(server.machine.files.read(plan), Some("made after the backup"));
}

#[test]
fn yunohost_s10_level_2_installs_without_force_and_is_not_offered_for_upgrade() {
    let mut server = server();
    server.internet.apps.catalog.apps.get_mut("dolibarr").expect("listed").level = 2;
    ok(&mut server, "yunohost tools update apps");
    ok(&mut server, "yunohost app install dolibarr --args domain=alpage.test&path=/dolibarr");
    offer(&mut server, "dolibarr", "22.0.5~ynh1");
    let upgrade = &answer(&mut server, "yunohost app info dolibarr --full")["upgrade"];
    assert_eq!(upgrade["status"], json!("bad_quality"), "below 5 (section 4)");
}

#[test]
fn yunohost_s10_an_installation_does_not_look_at_the_disk_that_the_manifest_asks_for() {
    let mut server = server();
    let package = &mut server.internet.apps.catalog.apps.get_mut("dolibarr").expect("listed").package;
    package.manifest.insert("integration".to_owned(), {
        let mut integration = package.manifest["integration"].clone();
        integration["disk"] = json!("900G");
        integration
    });
    ok(&mut server, "yunohost tools update apps");
    ok(&mut server, "yunohost app install dolibarr --args domain=alpage.test&path=/dolibarr");
}

#[test]
fn yunohost_s3_upgrading_all_apps_exits_0_although_one_failed() {
    let mut server = server_with(&["nextcloud"]);
    let listed = server.internet.apps.catalog.apps.get_mut("nextcloud").expect("listed");
    listed.package.behaviour.upgrade_error = Some(("Upgrading Nextcloud...".to_owned(), "it failed".to_owned()));
    offer(&mut server, "nextcloud", "33.0.6~ynh1");
    ok(&mut server, "yunohost tools upgrade apps");
    let left = answer(&mut server, "yunohost tools update apps --no-refresh");
    assert_eq!(left["apps"][0]["id"], json!("nextcloud"), "what is still to be done tells the truth");
}
