//! One test per statement of the YunoHost sheet about apps, archives, diagnosis, and the programs inside the apps.

use std::collections::BTreeMap;

use accolades::lab::os::Output;
use accolades::lab::yunohost::diagnosis::allows_certificate;
use accolades::lab::yunohost::dolibarr::http::dolibarr_http;
use accolades::lab::yunohost::dolibarr::sql::sql;
use accolades::lab::yunohost::dolibarr::{DolibarrState, SqlError, SqlResult};
use accolades::lab::yunohost::nextcloud::{nextcloud_http, occ};
use accolades::lab::yunohost::{Yunohost, apps};
use serde_json::{Value, json};

use crate::replay_yunohost::{START, Server};
use crate::yunohost_fixture::{answer, ok, server, server_with};

fn ynh(server: &mut Server) -> &mut Yunohost {
    server.machine.yunohost.as_mut().expect("YunoHost is installed")
}

fn run_occ(server: &mut Server, words: &str) -> Output {
    let people = apps::people_of(ynh(server), "nextcloud");
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let state = ynh(server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    occ(state, &people, &words, START)
}

fn dolibarr(server: &mut Server) -> &mut DolibarrState {
    ynh(server).apps.dolibarr("dolibarr").expect("a Dolibarr")
}

fn run_sql(server: &mut Server, statement: &str) -> Result<SqlResult, SqlError> {
    sql(dolibarr(server), statement, START)
}

fn get(server: &mut Server, path: &str, key: Option<&str>) -> (u16, String) {
    let headers = key.map(|key| ("DOLAPIKEY".to_owned(), key.to_owned())).into_iter().collect();
    dolibarr_http(dolibarr(server), "GET", path, &headers, "")
}

#[test]
fn yunohost_s4_missing_answers_silently_take_defaults() {
    let mut server = server();
    ok(&mut server, "yunohost app install nextcloud");
    assert_eq!(answer(&mut server, "yunohost app setting nextcloud admin"), json!("camille"));
    assert_eq!(answer(&mut server, "yunohost app setting nextcloud domain"), json!("alpage.test"));
}

#[test]
fn yunohost_s4_a_second_install_makes_another_instance() {
    let mut server = server_with(&["nextcloud"]);
    ok(&mut server, "yunohost app install nextcloud --args domain=alpage.test&path=/other");
    assert_eq!(answer(&mut server, "yunohost app setting nextcloud__2 path"), json!("/other"));
    let yunohost = ynh(&mut server);
    assert!(yunohost.apps.nextcloud("nextcloud__2").is_some_and(|state| !state.maintenance));
    assert_eq!(yunohost.apps.at("alpage.test", "/other/status.php"), Some(("nextcloud__2", "/status.php".to_owned())));
}

#[test]
fn yunohost_s4_a_second_install_on_the_same_url_is_refused() {
    let mut server = server_with(&["nextcloud"]);
    let output = server.run("yunohost app install nextcloud --args domain=alpage.test&path=/nextcloud");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.starts_with("ERROR This URL is either unavailable, or conflicts"), "{}", output.stderr);
}

#[test]
fn yunohost_s4_settings_of_an_app_are_a_file() {
    let server = server_with(&["nextcloud"]);
    let text = server.machine.files.read("/etc/yunohost/apps/nextcloud/settings.yml").expect("settings.yml");
    assert!(text.contains("\npath: /nextcloud\n"), "{text}");
    assert!(server.machine.files.exists("/var/www/nextcloud/occ"));
    assert!(server.machine.files.exists("/home/yunohost.app/nextcloud/data"));
}

#[test]
fn yunohost_s10_data_stays_without_purge() {
    let mut server = server_with(&["nextcloud"]);
    ok(&mut server, "yunohost app remove nextcloud");
    assert!(server.machine.files.exists("/home/yunohost.app/nextcloud"));
    assert!(!server.machine.files.exists("/var/www/nextcloud"));
    ok(&mut server, "yunohost app install nextcloud");
    ok(&mut server, "yunohost app remove nextcloud --purge");
    assert!(!server.machine.files.exists("/home/yunohost.app/nextcloud"));
}

#[test]
fn yunohost_s3_a_failed_upgrade_exits_0_and_keeps_the_old_version() {
    let mut server = server_with(&["nextcloud"]);
    let package = &mut server.internet.apps.catalog.apps.get_mut("nextcloud").expect("listed").package;
    package.manifest.insert("version".to_owned(), json!("33.0.6~ynh1"));
    package.behaviour.upgrade_error = Some(("Upgrading Nextcloud...".to_owned(), "it failed".to_owned()));
    ok(&mut server, "yunohost tools update apps");
    let output = ok(&mut server, "yunohost app upgrade nextcloud");
    assert!(output.stderr.contains("Failed to upgrade nextcloud"), "{}", output.stderr);
    assert_eq!(answer(&mut server, "yunohost app info nextcloud")["version"], json!("33.0.4~ynh1"));
    assert_eq!(answer(&mut server, "yunohost backup list")["archives"], json!(["nextcloud-pre-upgrade1"]));
}

#[test]
fn yunohost_s3_a_ghost_in_a_backup_is_skipped() {
    let mut server = server_with(&["dolibarr"]);
    let made = answer(&mut server, "yunohost backup create --name nuit --apps dolibarr ghost");
    assert_eq!(made["results"]["apps"], json!({"ghost": "Skipped", "dolibarr": "Success"}));
    assert_eq!(server.run("yunohost backup create --name rien --apps ghost").exit, 1);
}

#[test]
fn yunohost_s10_an_unknown_backup_method_announces_success() {
    let mut server = server_with(&["dolibarr"]);
    let output = ok(&mut server, "yunohost backup create --name nuit --apps dolibarr --methods ghost");
    assert!(output.stdout.contains("SUCCESS Backup created: nuit"));
    assert_eq!(answer(&mut server, "yunohost backup list"), json!({"archives": []}));
}

#[test]
fn yunohost_s4_a_restored_app_has_its_database_and_permissions_back() {
    let mut server = server_with(&["dolibarr"]);
    ok(&mut server, "yunohost user permission remove dolibarr.main visitors");
    run_sql(&mut server, "UPDATE llx_user SET job = 'chef' WHERE login = 'camille'").expect("updated");
    ok(&mut server, "yunohost backup create --name nuit --apps dolibarr");
    ok(&mut server, "yunohost app remove dolibarr");
    assert_eq!(answer(&mut server, "yunohost backup restore nuit")["apps"], json!({"dolibarr": "Success"}));
    let rows = run_sql(&mut server, "SELECT job FROM llx_user WHERE login='camille'").expect("selected").rows;
    assert_eq!(rows, [[Some("chef".to_owned())]]);
    let permissions = answer(&mut server, "yunohost user permission list dolibarr --full");
    assert_eq!(permissions["permissions"]["dolibarr.main"]["allowed"], json!(["all_users"]));
}

#[test]
fn yunohost_s10_a_restore_onto_a_taken_url_leaves_the_app_registered() {
    let mut server = server_with(&["dolibarr"]);
    ok(&mut server, "yunohost backup create --name nuit --apps dolibarr");
    ok(&mut server, "yunohost app remove dolibarr");
    ok(&mut server, "yunohost app install nextcloud --args domain=alpage.test&path=/dolibarr");
    assert_eq!(server.run("yunohost backup restore nuit --apps dolibarr").exit, 1);
    assert!(ynh(&mut server).apps.installed.contains_key("dolibarr"));
}

#[test]
fn yunohost_s4_an_ip_error_blocks_what_needs_the_network() {
    let mut server = server();
    let output = ok(&mut server, "yunohost diagnosis run ip dnsrecords");
    assert!(output.stderr.contains("Can't run diagnosis for DNS records"), "{}", output.stderr);
}

#[test]
fn yunohost_s4_certificates_need_good_records_and_web() {
    let mut server = server();
    ok(&mut server, "yunohost domain add lilas.example");
    assert_eq!(allows_certificate(ynh(&mut server), "lilas.example"), None);
    server.internet.validators_reachable = true;
    ok(&mut server, "yunohost diagnosis run ip dnsrecords web --force");
    assert_eq!(allows_certificate(ynh(&mut server), "lilas.example"), Some(false));
    let address = "198.51.100.7".to_owned();
    server.internet.dns.insert(("lilas.example".to_owned(), "A".to_owned()), vec![address.clone()]);
    ynh(&mut server).diagnosis.outside.ipv4 = Some(address);
    ok(&mut server, "yunohost diagnosis run ip dnsrecords web --force");
    assert_eq!(allows_certificate(ynh(&mut server), "lilas.example"), Some(false), "port 80 is not let through");
    ynh(&mut server).diagnosis.outside.forwarded_ports = vec![80, 443];
    ok(&mut server, "yunohost diagnosis run ip dnsrecords web --force");
    assert_eq!(allows_certificate(ynh(&mut server), "lilas.example"), Some(true));
}

#[test]
fn yunohost_s10_issues_are_ignored_only_while_reported() {
    let mut server = server();
    let filter = "yunohost diagnosis ignore --filter mail test=outgoing_port_25 ipversion=4";
    assert_eq!(server.run(filter).exit, 1);
    server.internet.validators_reachable = true;
    ok(&mut server, "yunohost diagnosis run ip mail --force");
    ok(&mut server, filter);
    let mail = answer(&mut server, "yunohost diagnosis show mail --full");
    assert_eq!(mail["reports"][0]["items"][0]["ignored"], json!(true));
}

#[test]
fn yunohost_s8_nextcloud_status_is_public_and_tells_maintenance() {
    let mut server = server_with(&["nextcloud"]);
    ok(&mut server, "yunohost app config set nextcloud main.maintenance.maintenance_mode -v yes");
    let state = ynh(&mut server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    let (status, body) = nextcloud_http(state, "GET", "/status.php", &BTreeMap::new());
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["maintenance"], &body["versionstring"]), (200, &json!(true), &json!("33.0.4")));
    assert_eq!(nextcloud_http(state, "GET", "/login", &BTreeMap::new()).0, 503);
}

#[test]
fn yunohost_s4_a_single_value_goes_to_one_option_of_an_apps_panel() {
    let mut server = server_with(&["nextcloud"]);
    for key in ["", " main", " main.maintenance", " nothing.here"] {
        let output = server.run(&format!("yunohost app config set nextcloud{key} -v yes"));
        assert_eq!(output.exit, 1, "{key}");
        assert!(output.stderr.contains("You can't set a single value on an entire config section."), "{output:?}");
    }
    let state = ynh(&mut server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    assert!(!state.maintenance);
}

#[test]
fn yunohost_s7_nextcloud_knows_the_directory_and_hands_files_over() {
    let mut server = server_with(&["nextcloud"]);
    ok(&mut server, "yunohost user create alice -F Alice~Amar -d alpage.test -p Abcdefgh1x");
    let users: Value = serde_json::from_str(&run_occ(&mut server, "user:list --output=json").stdout).expect("JSON");
    assert_eq!(users, json!({"alice": "Alice Amar", "camille": "Camille Dupont"}));
    let state = ynh(&mut server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    state.put_file("alice", "plan.pdf", 1_000);
    assert_eq!(run_occ(&mut server, "files:transfer-ownership alice ghost").exit, 1);
    assert_eq!(run_occ(&mut server, "files:transfer-ownership alice camille").exit, 0);
    let state = ynh(&mut server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    assert!(!state.files.contains_key("alice"));
    assert!(state.files["camille"].keys().all(|path| path.ends_with("/plan.pdf")), "{:?}", state.files);
}

#[test]
fn yunohost_s8_server_figures_need_the_token() {
    let mut server = server_with(&["nextcloud"]);
    assert_eq!(run_occ(&mut server, "config:app:set serverinfo token --value geheim").exit, 0);
    assert_eq!(run_occ(&mut server, "config:app:get serverinfo token").stdout, "geheim\n");
    let state = ynh(&mut server).apps.nextcloud("nextcloud").expect("a Nextcloud");
    let path = "/ocs/v2.php/apps/serverinfo/api/v1/info?format=json";
    assert_eq!(nextcloud_http(state, "GET", path, &BTreeMap::new()).0, 401);
    let headers = BTreeMap::from([("NC-Token".to_owned(), "geheim".to_owned())]);
    assert_eq!(nextcloud_http(state, "GET", path, &headers).0, 200);
}

#[test]
fn yunohost_s7_dolibarr_takes_users_over_and_never_removes_them() {
    let mut server = server_with(&["dolibarr"]);
    ok(&mut server, "yunohost user create alice -F Alice~Amar -d alpage.test -p Abcdefgh1x");
    ok(&mut server, "yunohost user delete alice");
    let logins = run_sql(&mut server, "SELECT login, admin FROM llx_user ORDER BY rowid").expect("selected").rows;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(logins, [[text("camille"), text("1")], [text("alice"), text("0")]]);
    let rights = run_sql(&mut server, "SELECT COUNT(*) FROM llx_user_rights").expect("counted").rows;
    assert_eq!(rights, [[text("0")]]);
}

#[test]
fn yunohost_s8_a_plain_key_written_by_sql_is_accepted() {
    let mut server = server_with(&["dolibarr"]);
    assert_eq!(get(&mut server, "/api/index.php/status", None).0, 501, "only modLdap is on");
    dolibarr(&mut server).switch_module("modApi", true);
    assert_eq!(get(&mut server, "/api/index.php/status", None).0, 401);
    run_sql(&mut server, "UPDATE llx_user SET api_key='cle123' WHERE login='camille'").expect("updated");
    assert_eq!(get(&mut server, "/api/index.php/status", Some("other")).0, 401);
    let (status, body) = get(&mut server, "/api/index.php/status", Some("cle123"));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["success"]["dolibarr_version"]), (200, &json!("22.0.4")));
}

#[test]
fn yunohost_s8_modules_are_switched_over_the_interface() {
    let mut server = server_with(&["dolibarr"]);
    dolibarr(&mut server).switch_module("modApi", true);
    run_sql(&mut server, "UPDATE llx_user SET api_key='cle123' WHERE login='camille'").expect("updated");
    let headers = BTreeMap::from([("Authorization".to_owned(), "Bearer cle123".to_owned())]);
    let path = "/api/index.php/setup/modules/modFacture/enable";
    assert_eq!(dolibarr_http(dolibarr(&mut server), "PUT", path, &headers, "").0, 200);
    let rows =
        run_sql(&mut server, "SELECT value FROM llx_const WHERE name = 'MAIN_MODULE_FACTURE'").expect("rows").rows;
    assert_eq!(rows, [[Some("1".to_owned())]]);
    let (_, body) = get(&mut server, "/api/index.php/setup/modules", Some("cle123"));
    assert!(body.contains("\"facture\""), "{body}");
}

#[test]
fn dolibarr_sql_knows_the_forms_that_administration_needs() {
    let mut server = server_with(&["dolibarr"]);
    let mut affected = |statement: &str| run_sql(&mut server, statement).expect(statement).affected;
    assert_eq!(affected("INSERT INTO llx_const (name, value, entity) VALUES ('A', '1', 1), ('B', 'it''s', 1);"), 2);
    assert_eq!(affected("INSERT IGNORE INTO llx_const (name, value, entity) VALUES ('A', '2', 1)"), 0);
    assert_eq!(
        affected(
            "INSERT INTO llx_const (name,value,entity) VALUES ('A','3',1) ON DUPLICATE KEY UPDATE value=VALUES(value)"
        ),
        2
    );
    assert_eq!(affected("REPLACE INTO llx_const (name, value, entity) VALUES ('A', '4', 1)"), 2);
    assert_eq!(affected("UPDATE llx_const SET value='4' WHERE name='A' AND entity=1"), 0);
    assert_eq!(affected("DELETE FROM llx_const WHERE name IN ('A', 'B')"), 2);
}

#[test]
fn dolibarr_sql_refuses_in_mariadbs_words() {
    let mut server = server_with(&["dolibarr"]);
    let mut refusal = |statement: &str| run_sql(&mut server, statement).expect_err(statement).to_string();
    assert!(refusal("DROP TABLE llx_user").starts_with("ERROR 1064 (42000) at line 1: You have an error in your SQL"));
    assert_eq!(
        refusal("SELECT a FROM llx_ghost"),
        "ERROR 1146 (42S02) at line 1: Table 'dolibarr.llx_ghost' doesn't exist"
    );
    assert_eq!(
        refusal("SELECT ghost FROM llx_user"),
        "ERROR 1054 (42S22) at line 1: Unknown column 'ghost' in 'SELECT'"
    );
    let twice = "INSERT INTO llx_user (login, entity) VALUES ('camille', 0)";
    assert!(refusal(twice).starts_with("ERROR 1062 (23000) at line 1: Duplicate entry"));
}

#[test]
fn yunohost_s10_an_app_setting_that_is_missing_is_empty() {
    let mut server = server_with(&["nextcloud"]);
    let output = ok(&mut server, "yunohost app setting nextcloud ghost");
    assert_eq!(output.stdout.trim(), "");
}

#[test]
fn yunohost_s10_taking_visitors_from_dolibarr_leaves_its_interface_open() {
    let mut server = server_with(&["dolibarr"]);
    ok(&mut server, "yunohost user permission remove dolibarr.main visitors");
    let shown = answer(&mut server, "yunohost user permission list");
    let allowed = |permission: &str| {
        let list = shown["permissions"][permission]["allowed"].as_array().cloned().unwrap_or_default();
        list.iter().any(|one| one == "visitors")
    };
    assert!(!allowed("dolibarr.main"));
    assert!(allowed("dolibarr.api") && allowed("dolibarr.public"));
}

#[test]
fn yunohost_s10_copies_are_never_listed_among_the_archives() {
    let mut server = server();
    ok(&mut server, "yunohost backup create --name kept --system conf_ynh_settings --methods copy -o /home/copy");
    assert_eq!(answer(&mut server, "yunohost backup list"), json!({ "archives": [] }));
}

#[test]
fn yunohost_s3_a_diagnosis_ends_with_0_whatever_it_could_not_do() {
    let mut server = server();
    server.internet.validators_reachable = false;
    ok(&mut server, "yunohost diagnosis run ip web --force");
}

#[test]
fn yunohost_s7_dolibarr_takes_over_whom_its_filter_lets_through() {
    let mut server = server_with(&["dolibarr"]);
    let filter = "&(objectClass=posixAccount)(permission=cn=dolibarr.main,ou=permission,dc=yunohost,dc=org)";
    run_sql(&mut server, &format!("UPDATE llx_const SET value = '{filter}' WHERE name = 'LDAP_FILTER_CONNECTION';"))
        .expect("the package put it there");
    ok(&mut server, "yunohost user group create mairie");
    ok(&mut server, "yunohost user permission add dolibarr.main mairie");
    ok(&mut server, "yunohost user permission remove dolibarr.main all_users visitors");
    ok(&mut server, "yunohost user create luc -F Luc~Martin -d alpage.test -p Reblochon-2026-Savoie");
    let knows = |server: &mut Server, login: &str| {
        let rows = run_sql(server, &format!("SELECT login FROM llx_user WHERE login = '{login}'")).expect("a table");
        format!("{rows:?}").contains(login)
    };
    assert!(!knows(&mut server, "luc"), "a new account is in no group when the hook runs");
    ok(&mut server, "yunohost user group add mairie luc");
    apps::synchronise_dolibarr(ynh(&mut server), "dolibarr").expect("a Dolibarr").expect("a filter that it knows");
    assert!(knows(&mut server, "luc"));
}
