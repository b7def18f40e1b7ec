//! The adapter for backup servers against a hand-written server: what goes over the wire, and what answers come to.

use std::sync::Arc;

use accolades::pbs::{Account, Client, GroupName, JobKind, PbsError, Server, TaskVerdict, Upid, wait_task};
use accolades::ssh::Route;
use accolades::util::clock::Clock;
use accolades::util::redact::Redactor;
use accolades::util::remote::{Retry, Sent};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::time::Duration;

use crate::pve::node::{Identity, Node, Reply, Request};

const TOKEN: &str = "accolades-monitor@pbs!look";
const SECRET: &str = "12345678-aaaa-bbbb-cccc-1234567890ab";
const PASSWORD: &str = "a password with blanks & signs";

fn client_as(node: &Node, account: &str, secret: &str, redactor: Arc<Redactor>) -> Client {
    let server = Server {
        name: "grange".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: node.port,
        pin: node.fingerprint,
        route: Route::Direct,
    };
    let account = Account::new(account, SecretString::from(secret)).expect("an account");
    Client::new(server, account, redactor)
}

fn client(node: &Node) -> Client {
    client_as(node, TOKEN, SECRET, Arc::default())
}

/// Errors of a backup server are plain text, whatever its content type says.
fn refusal(status: &str, text: &str) -> Reply {
    Reply::status(status, text)
}

fn called(request: &Request) -> (&str, &str) {
    (&request.method, request.target.strip_prefix("/api2/json").expect("below the API"))
}

#[tokio::test]
async fn pbs_a_token_goes_along_with_a_colon() {
    let node = Node::start(vec![Reply::data(json!({ "version": "4.2", "release": "3", "repoid": "x" }))]).await;
    assert_eq!(client(&node).version().await.expect("it answers").major(), Some(4));
    let [request] = node.requests().try_into().expect("one request");
    assert_eq!(request.header("authorization"), Some(format!("PBSAPIToken={TOKEN}:{SECRET}").as_str()));
}

#[tokio::test]
async fn pbs_a_password_is_given_once_for_a_ticket_and_the_csrf_token_goes_with_writes_only() {
    let ticket = json!({ "ticket": "PBS:root@pam:65::x/y==", "CSRFPreventionToken": "65:abc", "username": "root@pam" });
    let node = Node::start(vec![Reply::data(ticket), Reply::data(json!([])), Reply::data(json!(null))]).await;
    let client = client_as(&node, "root@pam", PASSWORD, Arc::default());
    client.users().await.expect("read");
    client.create_user("accolades-friche@pbs", "accolades: backups of friche").await.expect("created");
    let [login, read, write] = node.requests().try_into().expect("three requests");
    assert_eq!(called(&login), ("POST", "/access/ticket"));
    assert!(login.body.contains("username=root%40pam") && !login.body.contains(PASSWORD), "{}", login.body);
    assert_eq!(read.header("cookie"), Some("PBSAuthCookie=PBS%3Aroot%40pam%3A65%3A%3Ax%2Fy%3D%3D"));
    assert_eq!((read.header("csrfpreventiontoken"), write.header("csrfpreventiontoken")), (None, Some("65:abc")));
}

#[tokio::test]
async fn pbs_a_ticket_that_ended_is_renewed_once() {
    let ticket =
        |name: &str| Reply::data(json!({ "ticket": name, "CSRFPreventionToken": "c", "username": "root@pam" }));
    let replies = vec![
        ticket("first"),
        refusal("401 Unauthorized", "authentication failed"),
        ticket("second"),
        Reply::data(json!([])),
    ];
    let node = Node::start(replies).await;
    client_as(&node, "root@pam", PASSWORD, Arc::default()).users().await.expect("read with the second");
    let cookies: Vec<_> = node.requests().iter().filter_map(|one| one.header("cookie").map(str::to_owned)).collect();
    assert_eq!(cookies, ["PBSAuthCookie=first", "PBSAuthCookie=second"]);
    let node = Node::start(vec![refusal("401 Unauthorized", "permission check failed.")]).await;
    let error = client_as(&node, "root@pam", PASSWORD, Arc::default()).users().await.expect_err("a wrong password");
    assert!(matches!(error, PbsError::Unauthorised { .. }), "{error}");
}

#[tokio::test]
async fn pbs_plain_text_errors_are_read_and_never_quote_a_secret() {
    let redactor = Arc::new(Redactor::default());
    let text = format!("parameter verification failed - 'name': {SECRET} does not match");
    let node = Node::start(vec![refusal("400 Bad Request", &text)]).await;
    let error = client_as(&node, TOKEN, SECRET, redactor).create_namespace("coop", "ilot").await.expect_err("refused");
    assert!(error.to_string().contains("'name': [secret]"), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
}

#[tokio::test]
async fn pbs_a_lost_answer_to_a_write_may_have_acted() {
    let node = Node::start(vec![Reply::Cut]).await;
    let error = client(&node).create_user("a@pbs", "").await.expect_err("cut");
    assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::Now));
    let node = Node::start(vec![Reply::Cut, Reply::data(json!([]))]).await;
    assert!(client(&node).users().await.expect("read again").is_empty());
}

#[tokio::test]
async fn pbs_another_certificate_is_not_talked_to() {
    let node = Node::start(vec![Reply::data(json!([]))]).await;
    let server = Server {
        name: "grange".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: node.port,
        pin: Identity::named("127.0.0.1").fingerprint(),
        route: Route::Direct,
    };
    let account = Account::new(TOKEN, SecretString::from(SECRET)).expect("an account");
    let error = Client::new(server, account, Arc::default()).users().await.expect_err("another one");
    assert!(matches!(error, PbsError::Untrusted { .. }), "{error}");
    assert!(node.requests().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn pbs_namespaces_are_made_level_by_level() {
    let node = Node::start(vec![Reply::data(json!("x"))]).await;
    client(&node).create_namespace("coop", "communs/ilot").await.expect("made");
    let bodies: Vec<String> = node.requests().into_iter().map(|one| one.body).collect();
    assert_eq!(bodies, ["name=communs", "name=ilot&parent=communs"]);
}

#[tokio::test]
async fn pbs_a_token_is_shown_once_under_two_names() {
    let node = Node::start(vec![
        Reply::data(json!({ "tokenid": "a@pbs!backup", "value": "first-value" })),
        Reply::data(json!({ "secret": "second-value" })),
    ])
    .await;
    let client = client(&node);
    assert_eq!(client.create_token("a@pbs", "backup").await.expect("made").expose_secret(), "first-value");
    assert_eq!(client.regenerate_token("a@pbs", "backup").await.expect("renewed").expose_secret(), "second-value");
    assert_eq!(called(&node.requests()[1]), ("PUT", "/access/users/a%40pbs/token/backup"));
}

#[tokio::test]
async fn pbs_snapshots_say_whether_their_data_are_encrypted_and_verified() {
    let file = |name: &str, mode: &str| json!({ "filename": name, "crypt-mode": mode, "size": 12 });
    let upid = r"UPID:x:000003A5:0186A2B3:00000004:68C0FFEE:verify:coop\x3ailot:root@pam:";
    let node = Node::start(vec![Reply::data(json!([
        { "backup-type": "vm", "backup-id": "1002", "backup-time": 1_795_000_000, "size": 12_583_381, "protected": false,
          "owner": "accolades-friche@pbs!backup", "fingerprint": "0e:ab", "comment": "nightly",
          "verification": { "state": "ok", "upid": upid },
          "files": [file("drive-scsi0.img.fidx", "encrypt"), file("index.json.blob", "sign-only")] },
        { "backup-type": "vm", "backup-id": "1002", "backup-time": 1_795_086_400, "protected": true,
          "files": [file("drive-scsi0.img.fidx", "none"), file("index.json.blob", "none")] },
    ]))])
    .await;
    let snapshots = client(&node).snapshots("coop", "communs/ilot", Some(("vm", "1002"))).await.expect("read");
    assert_eq!(snapshots.iter().map(accolades::pbs::Snapshot::is_encrypted).collect::<Vec<_>>(), [true, false]);
    assert_eq!(snapshots[0].verification.as_ref().map(|one| one.state.as_str()), Some("ok"));
    assert!(snapshots[1].verification.is_none() && snapshots[1].size.is_none() && snapshots[1].protected);
    let target = node.requests()[0].target.clone();
    assert_eq!(target, "/api2/json/admin/datastore/coop/snapshots?ns=communs%2Filot&backup-type=vm&backup-id=1002");
}

#[tokio::test]
async fn pbs_who_may_not_give_a_group_away_is_no_failed_login() {
    let words = "a@pbs!b does not have permission to change owner of backup group 'vm/101' to c@pbs";
    let node = Node::start(vec![refusal("401 Unauthorized", words)]).await;
    let group = GroupName { namespace: "ilot", backup_type: "vm", backup_id: "101" };
    let error = client(&node).change_owner("coop", group, "c@pbs").await.expect_err("refused");
    assert!(matches!(error, PbsError::Refused { status: 401, .. }), "{error}");
}

#[tokio::test]
async fn pbs_jobs_are_changed_with_what_goes() {
    let node = Node::start(vec![Reply::data(json!(null))]).await;
    let options = json!({ "id": "prune-ilot", "keep-daily": 7, "max-depth": 0 });
    let options = options.as_object().expect("an object").clone();
    client(&node).update_job(JobKind::Prune, "prune-ilot", &options, &["keep-last"]).await.expect("changed");
    let [request] = node.requests().try_into().expect("one");
    assert_eq!(called(&request), ("PUT", "/config/prune/prune-ilot"));
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body, json!({ "keep-daily": 7, "max-depth": 0, "delete": ["keep-last"] }));
}

#[tokio::test]
async fn pbs_a_task_that_never_was_is_unknown_and_not_ok() {
    let upid: Upid = r"UPID:x:000003A5:0186A2B3:00000004:68C0FFEE:verify:coop:root@pam:".parse().expect("a name");
    let node = Node::start(vec![
        Reply::data(json!({ "status": "stopped", "exitstatus": "unknown" })),
        Reply::data(json!([{ "n": 1, "t": "no such task" }])),
    ])
    .await;
    let end = wait_task(&client(&node), &upid, &Clock::System, Duration::from_secs(60)).await.expect("an end");
    assert!(matches!(end.verdict, TaskVerdict::Unknown(_)), "{end:?}");
    let target = node.requests()[0].target.clone();
    assert!(target.starts_with("/api2/json/nodes/localhost/tasks/UPID%3A"), "{target}");
}
