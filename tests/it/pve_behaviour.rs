//! One test per sentence of the Proxmox behaviour sheet that the lab's protocol, rights and pools cover. The number
//! after `s` is the section.

use accolades::lab::pve::access::Access;
use accolades::lab::pve::message::{Form, RawAnswer, RawRequest, listed};
use accolades::lab::pve::{server, wire};
use accolades::lab::world::World;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::pve_fixture::{self, SITE};

const BOSS: &str = "PVEAPIToken=root@pam!boss=<secret:boss>";
const APP: &str = "PVEAPIToken=coop@pve!app=<secret:app>";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn request(method: &str, target: &str, authorization: &str) -> RawRequest {
    RawRequest {
        method: method.to_owned(),
        target: format!("/api2/json{target}"),
        headers: vec![("Authorization".to_owned(), pve_fixture::with_secrets(authorization))],
        body: Vec::new(),
    }
}

fn with_body(mut request: RawRequest, content_type: &str, body: &str) -> RawRequest {
    request.headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    request.headers.push(("Content-Length".to_owned(), body.len().to_string()));
    request.body = body.as_bytes().to_vec();
    request
}

fn form(method: &str, target: &str, body: &str) -> RawRequest {
    with_body(request(method, target, BOSS), FORM, body)
}

/// What the method would get, or the answer to a request that does not reach it.
fn verified(request: &RawRequest) -> Result<Value, RawAnswer> {
    let admitted = pve_fixture::admit(&pve_fixture::recorded_world(), request)?;
    Ok(Value::Object(admitted.call.params))
}

fn refused(request: &RawRequest) -> RawAnswer {
    verified(request).expect_err("the request is refused")
}

fn ask(world: &mut World, request: &RawRequest) -> (RawAnswer, Value) {
    let answer = server::answer(world, SITE, request);
    let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer, body)
}

fn errors(answer: &RawAnswer) -> Value {
    serde_json::from_slice::<Value>(&answer.body).expect("a JSON body")["errors"].clone()
}

/// What a connection answers to these bytes.
fn exchange(bytes: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let world = std::cell::RefCell::new(pve_fixture::recorded_world());
    let respond = async |request: RawRequest| Some(server::answer(&mut world.borrow_mut(), SITE, &request));
    runtime.block_on(async {
        let (mut client, stream) = tokio::io::duplex(1024 * 1024);
        let talk = async {
            client.write_all(pve_fixture::with_secrets(bytes).as_bytes()).await.expect("the pipe takes it");
            client.shutdown().await.expect("the pipe can be shut");
            let mut received = String::new();
            client.read_to_string(&mut received).await.expect("text comes back");
            received
        };
        let (served, received) = tokio::join!(wire::serve(stream, respond), talk);
        served.expect("the connection holds");
        received
    })
}

#[test]
fn pve_s1_a_request_line_of_another_major_version_gets_506() {
    assert!(
        exchange("GET /api2/json/version HTTP/2.0\r\n\r\n").contains(" 506 http protocol version 2.0 not supported")
    );
}

#[test]
fn pve_s1_delete_with_a_body_is_refused_501() {
    let body = with_body(request("DELETE", "/nodes/pve1/qemu/101", BOSS), FORM, "purge=1");
    let answer = refused(&body);
    assert_eq!((answer.status, answer.reason.as_str()), (501, "Unexpected content for method 'DELETE'"));
    let query = verified(&request("DELETE", "/nodes/pve1/qemu/101?purge=1", BOSS)).expect("the query is the way");
    assert_eq!(query["purge"], "1");
}

#[test]
fn pve_s1_other_body_types_get_506() {
    let xml = with_body(request("POST", "/nodes/pve1/vzdump", BOSS), "application/xml", "<a/>");
    assert_eq!(refused(&xml).status, 506);
    assert!(verified(&form("POST", "/nodes/pve1/vzdump", "vmid=101")).is_ok());
}

#[test]
fn pve_s1_chunked_bodies_and_large_ones_get_501() {
    let mut chunked = request("POST", "/nodes/pve1/vzdump", BOSS);
    chunked.headers.push(("Transfer-Encoding".to_owned(), "chunked".to_owned()));
    assert_eq!(refused(&chunked).reason, "chunked transfer encoding not supported");
    let mut large = request("POST", "/nodes/pve1/vzdump", BOSS);
    large.headers.push(("Content-Length".to_owned(), (512 * 1024 + 1).to_string()));
    assert_eq!((refused(&large).status, refused(&large).reason.as_str()), (501, "for data too large"));
}

#[test]
fn pve_s1_too_many_headers_close_the_connection_without_an_answer() {
    let lines: String = (0..64).map(|number| format!("X-{number}: a\r\n")).collect();
    assert_eq!(exchange(&format!("GET /api2/json/version HTTP/1.1\r\n{lines}\r\n")), "");
    let wide = "a".repeat(8 * 1024);
    assert_eq!(exchange(&format!("GET /api2/json/version HTTP/1.1\r\nX: {wide}\r\n\r\n")), "");
}

#[test]
fn pve_s1_json_with_an_empty_body_gives_500() {
    let empty = with_body(request("POST", "/nodes/pve1/qemu/101/status/start", BOSS), JSON, "");
    assert_eq!(refused(&empty).status, 500);
    assert!(verified(&request("POST", "/nodes/pve1/qemu/101/status/start", BOSS)).is_ok());
}

#[test]
fn pve_s1_json_booleans_become_numbers_and_arrays_lists() {
    let body = r#"{"vmid":[101,102],"remove":false,"storage":"pbs1"}"#;
    let params = verified(&with_body(request("POST", "/nodes/pve1/vzdump", BOSS), JSON, body)).expect("valid");
    assert_eq!(params, json!({ "vmid": "101,102", "remove": "0", "storage": "pbs1", "node": "pve1" }));
}

#[test]
fn pve_s1_a_repeated_form_key_becomes_an_array_and_one_value_is_wrapped() {
    let path = "/nodes/pve1/qemu/101/agent/exec";
    let many = verified(&form("POST", path, "command=sh&command=-c")).expect("valid");
    assert_eq!(many["command"], json!(["sh", "-c"]));
    assert_eq!(verified(&form("POST", path, "command=uptime")).expect("valid")["command"], json!(["uptime"]));
}

#[test]
fn pve_s1_the_query_wins_over_the_body() {
    let params = verified(&form("POST", "/nodes/pve1/vzdump?vmid=999", "vmid=101")).expect("valid");
    assert_eq!(params["vmid"], "999");
}

#[test]
fn pve_s1_a_body_that_contradicts_the_path_gets_400() {
    let answer = refused(&form("PUT", "/nodes/pve1/qemu/101/config", "vmid=102"));
    let expected = "duplicate parameter (already defined in URI) with conflicting values!";
    assert_eq!((answer.status, errors(&answer)), (400, json!({ "vmid": expected })));
}

#[test]
fn pve_s1_booleans_have_more_words_inside_property_strings() {
    assert_eq!(refused(&form("PUT", "/nodes/pve1/qemu/101/config", "onboot=true")).status, 400);
    for word in ["1", "on", "yes", "true"] {
        assert!(verified(&form("PUT", "/nodes/pve1/qemu/101/config", &format!("agent=enabled%3D{word}"))).is_ok());
    }
}

#[test]
fn pve_s1_volume_ids_stand_in_the_path_raw_or_encoded() {
    let volume = "pbs1:backup/vm/101/2026-08-01T02:00:00Z";
    for written in [volume.to_owned(), volume.replace('/', "%2F").replace(':', "%3A")] {
        let target = format!("/nodes/pve1/storage/pbs1/content/{written}");
        assert_eq!(verified(&request("GET", &target, BOSS)).expect("valid")["volume"], volume);
    }
}

#[test]
fn pve_s1_all_bad_parameters_are_listed_at_once() {
    let answer = refused(&form("POST", "/nodes/pve1/qemu", "vmid=99&cores=0&net0=virtio%2Cbogus%3D1"));
    assert_eq!((answer.status, answer.reason.as_str()), (400, "Parameter verification failed."));
    let undeclared = "property is not defined in schema and the schema does not allow additional properties";
    assert_eq!(
        errors(&answer),
        json!({
            "vmid": "invalid format - value does not look like a valid VM ID\n",
            "cores": "value must have a minimum value of 1",
            "net0": format!("invalid format - format error\nnet0.bogus: {undeclared}\n"),
        })
    );
}

#[test]
fn pve_s1_handler_errors_are_in_the_reason_and_in_the_message() {
    let mut world = pve_fixture::recorded_world();
    let (answer, body) = ask(&mut world, &form("POST", "/pools", "poolid=clients"));
    assert_eq!((answer.status, answer.reason.as_str()), (500, "create pool failed: pool 'clients' already exists"));
    assert_eq!(body["message"], "create pool failed: pool 'clients' already exists\n");
}

#[test]
fn pve_s1_an_unknown_path_is_501() {
    let answer = refused(&request("GET", "/x", BOSS));
    assert_eq!((answer.status, answer.reason.as_str()), (501, "Method 'GET /x' not implemented"));
}

#[test]
fn pve_s1_a_refusal_of_rights_names_path_and_privilege() {
    let answer = refused(&request("GET", "/nodes/pve1/qemu/105/config", APP));
    assert_eq!((answer.status, answer.reason.as_str()), (403, "Permission check failed (/vms/105, VM.Audit)"));
}

#[test]
fn pve_s1_401_comes_after_three_seconds_with_an_empty_body() {
    let answer = refused(&request("GET", "/version", ""));
    assert_eq!((answer.status, answer.reason.as_str(), answer.body.len()), (401, "No ticket", 0));
    assert_eq!(answer.delay_us, 3_000_000);
}

#[test]
fn pve_s1_a_failed_login_is_401_without_detail() {
    let mut world = pve_fixture::recorded_world();
    for body in ["username=coop%40pve&password=wrong", "username=nobody%40pve&password=wrong"] {
        let (answer, _) = ask(&mut world, &with_body(request("POST", "/access/ticket", ""), FORM, body));
        assert_eq!((answer.status, answer.reason.as_str()), (401, "authentication failure"));
        assert_eq!(answer.delay_us, 3_000_000);
    }
}

#[test]
fn pve_s1_an_error_closes_the_connection_and_success_keeps_it() {
    let good = format!("GET /api2/json/version HTTP/1.1\r\nAuthorization: {BOSS}\r\n\r\n");
    let bad = format!("GET /api2/json/nothere HTTP/1.1\r\nAuthorization: {BOSS}\r\n\r\n");
    assert_eq!(exchange(&format!("{good}{good}")).matches("HTTP/1.1 200 OK").count(), 2);
    let after_error = exchange(&format!("{bad}{good}"));
    assert!(after_error.contains("Connection: close") && !after_error.contains("200 OK"), "{after_error}");
}

#[test]
fn pve_s1_a_connection_serves_a_hundred_requests() {
    let good = format!("GET /api2/json/version HTTP/1.1\r\nAuthorization: {BOSS}\r\n\r\n");
    assert_eq!(exchange(&good.repeat(120)).matches("HTTP/1.1 200 OK").count(), 100);
}

#[test]
fn pve_s1_lists_that_are_read_in_part_say_their_total_beside_the_data() {
    let answer = Form::Json.success(listed(vec![json!({ "n": 1 }), json!({ "n": 2 })], 9));
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(body, json!({ "data": [{ "n": 1 }, { "n": 2 }], "total": 9 }));
}

#[test]
fn pve_s1_extjs_answers_200_whatever_happens() {
    let mut wrong = request("GET", "/nothere", BOSS);
    wrong.target = "/api2/extjs/nothere".to_owned();
    let answer = refused(&wrong);
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((answer.status, &body["success"], &body["status"]), (200, &json!(0), &json!(501)));
}

#[test]
fn pve_s2_a_cookie_takes_precedence_over_the_token() {
    let mut both = request("GET", "/version", BOSS);
    both.headers.push(("Cookie".to_owned(), "PVEAuthCookie=PVE%3Aroot%40pam%3A00000000%3A%3Axx".to_owned()));
    assert_eq!(refused(&both).reason, "Authentication failed!");
}

#[test]
fn pve_s2_some_methods_want_a_ticket() {
    let body = with_body(request("PUT", "/access/password", APP), FORM, "userid=coop%40pve&password=abcdefgh");
    let answer = refused(&body);
    assert_eq!(answer.status, 403);
    assert!(answer.reason.contains("URI '/access/password' not available with API token, need proper ticket."));
}

#[test]
fn pve_s2_a_separated_token_has_only_what_both_have() {
    let mut world = pve_fixture::recorded_world();
    let (_, body) = ask(&mut world, &request("GET", "/access/permissions?path=/vms/105", APP));
    assert_eq!(body["data"], json!({ "/vms/105": {} }), "the user has rights there, the token has none");
    let access = &mut world.sites.get_mut(SITE).expect("the site").pve.access;
    access.grant("/vms/105", "coop@pve!app", "PVEAuditor");
    let (_, body) = ask(&mut world, &request("GET", "/access/permissions?path=/vms/105", APP));
    assert_eq!(body["data"]["/vms/105"], json!({ "VM.Audit": 1, "VM.GuestAgent.Audit": 1 }));
    access_of(&mut world).grant("/vms/106", "coop@pve!app", "PVEAuditor");
    let (_, body) = ask(&mut world, &request("GET", "/access/permissions?path=/vms/106", APP));
    assert_eq!(body["data"]["/vms/106"], json!({}), "the token has rights there, the user has none");
}

fn access_of(world: &mut World) -> &mut Access {
    &mut world.sites.get_mut(SITE).expect("the site").pve.access
}

#[test]
fn pve_s2_a_root_token_is_not_root() {
    let admitted =
        pve_fixture::admit(&pve_fixture::recorded_world(), &request("GET", "/version", BOSS)).expect("valid");
    assert!(!admitted.call.caller.is_root());
    assert_eq!(admitted.call.caller.full_id(), "root@pam!boss");
}

#[test]
fn pve_s2_a_new_token_is_shown_once_and_not_made_twice() {
    let mut world = pve_fixture::recorded_world();
    let create = form("POST", "/access/users/coop@pve/token/everyday", "privsep=1&comment=plan");
    let (answer, body) = ask(&mut world, &create);
    assert_eq!((answer.status, &body["data"]["full-tokenid"]), (200, &json!("coop@pve!everyday")));
    let value = body["data"]["value"].as_str().expect("a secret").to_owned();
    assert_eq!(body["data"]["info"]["privsep"], json!(1));
    let own = format!("PVEAPIToken=coop@pve!everyday={value}");
    assert_eq!(ask(&mut world, &request("GET", "/version", &own)).0.status, 200);
    let (_, shown) = ask(&mut world, &request("GET", "/access/users/coop@pve/token/everyday", BOSS));
    assert_eq!(shown["data"].get("value"), None);
    let (again, _) = ask(&mut world, &create);
    assert_eq!((again.status, errors(&again)), (400, json!({ "tokenid": "Token already exists." })));
}

#[test]
fn pve_s2_regenerating_a_token_returns_a_new_value() {
    let mut world = pve_fixture::recorded_world();
    let (_, body) = ask(&mut world, &form("PUT", "/access/users/coop@pve/token/app", "regenerate=1"));
    let value = body["data"]["value"].as_str().expect("a secret").to_owned();
    assert_eq!(ask(&mut world, &request("GET", "/version", APP)).0.reason, "Authentication failed!");
    let renewed = format!("PVEAPIToken=coop@pve!app={value}");
    assert_eq!(ask(&mut world, &request("GET", "/version", &renewed)).0.status, 200);
}

#[test]
fn pve_s2_an_expired_token_gives_a_plain_401() {
    let old = refused(&request("GET", "/version", "PVEAPIToken=coop@pve!old=<secret:old>"));
    assert_eq!((old.status, old.reason.as_str(), old.body.len()), (401, "Authentication failed!", 0));
}

#[test]
fn pve_s2_a_ticket_lives_two_hours_and_writes_need_its_csrf_token() {
    let mut world = pve_fixture::recorded_world();
    let login = with_body(request("POST", "/access/ticket", ""), FORM, "username=root%40pam&password=root-password");
    let (_, body) = ask(&mut world, &login);
    let text = |key: &str| body["data"][key].as_str().expect("a text").to_owned();
    assert_eq!(text("username"), "root@pam");
    let cookie = format!(
        "PVEAuthCookie={}",
        percent_encoding::utf8_percent_encode(&text("ticket"), percent_encoding::NON_ALPHANUMERIC)
    );
    let by_ticket = |method: &str, csrf: Option<&str>| {
        let mut request = with_body(request(method, "/pools", ""), FORM, "");
        request.headers.push(("Cookie".to_owned(), cookie.clone()));
        request.headers.extend(csrf.map(|csrf| ("CSRFPreventionToken".to_owned(), csrf.to_owned())));
        request.target.push_str("?poolid=clients");
        request
    };
    assert_eq!(ask(&mut world, &by_ticket("GET", None)).0.status, 200);
    let wrong = ask(&mut world, &by_ticket("PUT", Some("wrong"))).0;
    assert_eq!((wrong.status, wrong.reason.as_str()), (401, "Permission denied - invalid csrf token"));
    assert_eq!(ask(&mut world, &by_ticket("PUT", Some(&text("CSRFPreventionToken")))).0.status, 200);
    world.now = world.now.plus_us(2 * 3600 * 1_000_000 + 1_000_000);
    assert_eq!(ask(&mut world, &by_ticket("GET", None)).0.status, 401);
}

#[test]
fn pve_s2_a_valid_ticket_renews_itself_as_password() {
    let mut world = pve_fixture::recorded_world();
    let ticket = access_of(&mut world).make_ticket("coop@pve", 1_795_000_000);
    let encoded = percent_encoding::utf8_percent_encode(&ticket, percent_encoding::NON_ALPHANUMERIC);
    let body = format!("username=coop%40pve&password={encoded}");
    let (answer, _) = ask(&mut world, &with_body(request("POST", "/access/ticket", ""), FORM, &body));
    assert_eq!(answer.status, 200);
}

#[test]
fn pve_s11_adding_a_pool_member_twice_is_500() {
    let mut world = pve_fixture::recorded_world();
    let (answer, _) = ask(&mut world, &form("PUT", "/pools", "poolid=clients&vms=101"));
    assert_eq!(answer.status, 500);
    assert!(answer.reason.ends_with("VM 101 is already a pool member"), "{}", answer.reason);
}

#[test]
fn pve_s11_a_member_moves_only_when_allowed_to() {
    let mut world = pve_fixture::recorded_world();
    assert_eq!(ask(&mut world, &form("PUT", "/pools", "poolid=drills&vms=101")).0.status, 500);
    assert_eq!(ask(&mut world, &form("PUT", "/pools", "poolid=drills&vms=101&allow-move=1")).0.status, 200);
    assert_eq!(access_of(&mut world).pool_of(101), Some("drills"));
    assert_eq!(ask(&mut world, &form("PUT", "/pools", "poolid=drills&vms=101&delete=1")).0.status, 200);
    assert_eq!(access_of(&mut world).pool_of(101), None);
}

#[test]
fn pve_s11_pools_nest() {
    let mut world = pve_fixture::recorded_world();
    assert_eq!(ask(&mut world, &form("POST", "/pools", "poolid=clients%2Flilas")).0.status, 200);
    assert_eq!(refused(&form("POST", "/pools", "poolid=a%2Fb%2Fc%2Fd")).status, 400);
}

#[test]
fn pve_s11_changing_permissions_is_idempotent_and_refuses_unknown_roles() {
    let mut world = pve_fixture::recorded_world();
    let grant = form("PUT", "/access/acl", "path=%2Fvms%2F101&roles=PVEAuditor&users=coop%40pve");
    for _ in 0..2 {
        let (answer, body) = ask(&mut world, &grant);
        assert_eq!((answer.status, &body["data"]), (200, &Value::Null));
    }
    let unknown = form("PUT", "/access/acl", "path=%2Fvms%2F101&roles=Nothing&users=coop%40pve");
    let (answer, _) = ask(&mut world, &unknown);
    assert_eq!((answer.status, answer.reason.as_str()), (500, "ACL update failed: role 'Nothing' does not exist"));
    let nobody = form("PUT", "/access/acl", "path=%2Fvms%2F101&roles=PVEAuditor&users=nobody%40pve");
    assert_eq!(ask(&mut world, &nobody).0.status, 500);
}

#[test]
fn pve_s11_the_access_list_shows_what_one_may_change() {
    let mut world = pve_fixture::recorded_world();
    let (_, all) = ask(&mut world, &request("GET", "/access/acl", BOSS));
    assert_eq!(all["data"].as_array().map(Vec::len), Some(13));
    let (_, own) = ask(&mut world, &request("GET", "/access/acl", APP));
    assert_eq!(own["data"], json!([]));
}

#[test]
fn pve_s11_a_role_with_an_unknown_privilege_is_400() {
    let answer = refused(&form("POST", "/access/roles", "roleid=Mine&privs=VM.Audit%2CVM.Monitor"));
    assert_eq!(errors(&answer), json!({ "privs": "invalid format - invalid privilege 'VM.Monitor'\n" }));
}

#[test]
fn pve_s11_built_in_roles_cannot_be_changed() {
    let mut world = pve_fixture::recorded_world();
    let (answer, _) = ask(&mut world, &form("PUT", "/access/roles/PVEAuditor", "privs=VM.Audit"));
    assert_eq!((answer.status, answer.reason.as_str()), (500, "auto-generated role 'PVEAuditor' cannot be modified"));
}

#[test]
fn pve_s11_permissions_on_a_pool_hold_for_its_members() {
    let world = pve_fixture::recorded_world();
    let on = |vmid: u32| pve_fixture::admit(&world, &request("GET", &format!("/nodes/pve1/qemu/{vmid}/config"), APP));
    assert!(on(101).is_ok());
    assert_eq!(on(103).expect_err("not a member").status, 403);
}

#[test]
fn pve_s16_the_order_of_checks_is_login_path_conflict_rights_parameters() {
    let nobody = refused(&request("GET", "/nothere", ""));
    assert_eq!(nobody.status, 401);
    let conflict = with_body(request("PUT", "/nodes/pve1/qemu/105/config", APP), FORM, "vmid=101&cores=x");
    assert_eq!(errors(&refused(&conflict)).as_object().map(|all| all.contains_key("vmid")), Some(true));
    let no_right = with_body(request("PUT", "/nodes/pve1/qemu/105/config", APP), FORM, "cores=x");
    assert_eq!(refused(&no_right).status, 403);
    let bad = with_body(request("PUT", "/nodes/pve1/qemu/101/config", APP), FORM, "cores=x");
    assert_eq!(refused(&bad).status, 400);
}

#[test]
fn pve_s16_a_null_body_counts_as_empty_and_an_array_is_500() {
    let start = |body: &str| with_body(request("POST", "/nodes/pve1/qemu/101/status/start", BOSS), JSON, body);
    assert!(verified(&start("null")).is_ok());
    assert_eq!(refused(&start("[]")).status, 500);
}

#[test]
fn pve_s16_a_semicolon_separates_form_fields() {
    let params = verified(&form("POST", "/nodes/pve1/vzdump", "vmid=101;storage=pbs1")).expect("valid");
    assert_eq!(params["storage"], "pbs1");
}

#[test]
fn pve_s9b_schedules_are_analyzed_on_the_clock_of_the_node() {
    let mut world = pve_fixture::recorded_world();
    let target = "/cluster/jobs/schedule-analyze?schedule=02%3A30&starttime=1795000000&iterations=1";
    let (_, body) = ask(&mut world, &request("GET", target, BOSS));
    assert_eq!(body["data"], json!([{ "timestamp": 1_795_055_400, "utc": "Thu Nov 19 02:30:00 2026" }]));
    world.sites.get_mut(SITE).expect("the site").node.files.write("/etc/timezone", "Europe/Paris\n");
    let (_, body) = ask(&mut world, &request("GET", target, BOSS));
    assert_eq!(body["data"], json!([{ "timestamp": 1_795_051_800, "utc": "Thu Nov 19 01:30:00 2026" }]));
    let (_, body) = ask(&mut world, &request("GET", "/nodes/pve1/time", BOSS));
    let expected = json!({ "timezone": "Europe/Paris", "time": 1_795_000_000, "localtime": 1_795_003_600 });
    assert_eq!(body["data"], expected);
}

#[test]
fn pve_s9b_a_job_for_another_node_is_kept_here_while_what_is_asked_of_that_node_fails() {
    let mut world = pve_fixture::recorded_world();
    let job = form("POST", "/cluster/backup", "id=elsewhere&schedule=02%3A30&storage=local&all=1&node=pve9");
    let (answer, body) = ask(&mut world, &job);
    assert_eq!((answer.status, &body["data"]), (200, &Value::Null), "{body}");
    let moved = form("PUT", "/cluster/backup/elsewhere", "node=pve8");
    assert_eq!(ask(&mut world, &moved).0.status, 200);
    let (_, body) = ask(&mut world, &request("GET", "/cluster/backup/elsewhere", BOSS));
    assert_eq!(body["data"]["node"], "pve8");
    let (answer, _) = ask(&mut world, &request("GET", "/nodes/pve9/status", BOSS));
    assert_eq!(answer.status, 500);
    assert!(answer.reason.starts_with("hostname lookup 'pve9' failed"), "{}", answer.reason);
}

#[test]
fn pve_s9b_a_schedule_that_is_none_is_refused_with_the_parsers_words() {
    let answer = refused(&request("GET", "/cluster/jobs/schedule-analyze?schedule=mon-fri%2002:30", BOSS));
    let text = "invalid format - invalid calendar event 'mon-fri 02:30' - unable to parse calendar event at '-fri 02:30' - Nom(Eof)\n\n";
    assert_eq!(errors(&answer), json!({ "schedule": text }));
}
