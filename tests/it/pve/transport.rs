//! Certificates, lost answers, limits, tunnels.

use accolades::domain::ids::VmId;
use accolades::pve::{Endpoint, PveError};
use accolades::ssh::{Route, SshError};
use accolades::util::limits;
use accolades::util::remote::{Retry, Sent};
use futures_util::future::join_all;
use serde_json::json;

use super::node::{Identity, Node, Reply, SECRET, TOKEN, client};
use crate::ssh::sshd::Sshd;

fn version() -> Reply {
    Reply::data(json!({ "version": "9.2.11", "release": "9.2", "repoid": "x" }))
}

#[tokio::test]
async fn pve_sends_what_proxmox_reads() {
    let replies = vec![version(), Reply::data(json!(null)), Reply::data(json!(null)), Reply::data(json!(null))];
    let node = Node::start(replies).await;
    let client = node.client();
    client.version().await.unwrap();
    client.create_pool("client-a", "l'été & co").await.unwrap();
    client.regenerate_cloudinit(VmId(1042)).await.unwrap();
    client.delete_firewall_rule(VmId(1042), 3).await.unwrap();

    let [get, post, put, delete] = node.requests().try_into().unwrap();
    assert_eq!((get.method.as_str(), get.target.as_str()), ("GET", "/api2/json/version"));
    assert_eq!(get.header("authorization"), Some(format!("PVEAPIToken={TOKEN}={SECRET}").as_str()));
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(post.body, "poolid=client-a&comment=l%27%C3%A9t%C3%A9%20%26%20co");
    // Nothing to say: no content type, but a length.
    assert_eq!((put.method.as_str(), put.body.as_str()), ("PUT", ""));
    assert_eq!((put.header("content-type"), put.header("content-length")), (None, Some("0")));
    assert_eq!((delete.method.as_str(), delete.header("content-length")), ("DELETE", None));
    for request in [get, post, put, delete] {
        assert_eq!(request.header("transfer-encoding"), None, "{} is not chunked", request.method);
    }
}

#[tokio::test]
async fn pve_another_certificate_shows_both_fingerprints() {
    let node = Node::start(vec![version()]).await;
    let other = Identity::named("127.0.0.1").fingerprint();
    let error = client(Endpoint { pin: other, ..node.endpoint() }).version().await.unwrap_err();
    assert!(matches!(error, PveError::Untrusted { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(&other.to_string()) && text.contains(&node.fingerprint.to_string()), "{text}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
    assert!(node.requests().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn pve_the_pin_may_be_that_of_the_authority() {
    let node = Node::start(vec![version()]).await;
    let pinned = Endpoint { pin: node.authority_fingerprint, ..node.endpoint() };
    client(pinned).version().await.unwrap();
    // The same authority vouches for another machine here.
    let node = Node::start_as(Identity::named("elsewhere.example"), vec![version()]).await;
    let pinned = Endpoint { pin: node.authority_fingerprint, ..node.endpoint() };
    let error = client(pinned).version().await.unwrap_err();
    assert!(matches!(error, PveError::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn pve_a_lost_answer_to_a_write_is_not_sent_again() {
    for cut in [Reply::Cut, Reply::HalfAnswer] {
        let node = Node::start(vec![cut, Reply::data(json!(null))]).await;
        let error = node.client().create_pool("a", "").await.unwrap_err();
        assert!(matches!(error, PveError::LostAnswer { .. }), "{error}");
        assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::Now));
        assert_eq!(node.requests().len(), 1);
    }
}

#[tokio::test]
async fn pve_a_lost_answer_to_a_read_is_asked_for_once_more() {
    let node = Node::start(vec![Reply::Cut, version()]).await;
    assert_eq!(node.client().version().await.unwrap().numbers(), Some((9, 2)));
    assert_eq!(node.requests().len(), 2);
    let node = Node::start(vec![Reply::Cut]).await;
    let error = node.client().version().await.unwrap_err();
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Now), "{error}");
    assert_eq!(node.requests().len(), 2);
}

#[tokio::test]
async fn pve_nobody_there_is_unreachable() {
    let node = Node::start(vec![version()]).await;
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = client(Endpoint { port, ..node.endpoint() }).create_pool("a", "").await.unwrap_err();
    assert!(matches!(error, PveError::Unreachable { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::After));
}

#[tokio::test]
async fn pve_an_endless_answer_is_refused() {
    let huge = format!("{{\"data\":\"{}\"}}", "x".repeat(limits::PVE_BODY_BYTES_MAX));
    let node = Node::start(vec![Reply::status("200 OK", &huge)]).await;
    let error = node.client().version().await.unwrap_err();
    assert!(matches!(&error, PveError::Malformed { why, .. } if why.contains("longer than")), "{error}");
}

#[tokio::test]
async fn pve_requests_to_one_node_are_limited() {
    let node = Node::start(vec![version()]).await;
    let client = node.client();
    let outcomes = join_all((0..40).map(|_| client.version())).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!((node.requests().len(), node.peak()), (40, limits::PVE_REQUESTS_PER_NODE_MAX));
}

#[tokio::test]
async fn pve_a_node_behind_a_jump_host_is_reached_through_it() {
    let sshd = Sshd::start();
    let node = Node::start(vec![version()]).await;
    let route = Route::Jump(sshd.jump_host(Route::Direct));
    let client = client(Endpoint { route, ..node.endpoint() });
    let outcomes = join_all((0..20).map(|_| client.version())).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(node.requests().len(), 20);
}

#[tokio::test]
async fn pve_the_jump_host_s_refusal_is_in_the_error() {
    let sshd = Sshd::start_with("AllowTcpForwarding no");
    let node = Node::start(vec![version()]).await;
    let route = Route::Jump(sshd.jump_host(Route::Direct));
    let error = client(Endpoint { route, ..node.endpoint() }).version().await.unwrap_err();
    assert!(matches!(error, PveError::Unreachable { .. }), "{error}");
    assert!(matches!(error.jump_failure(), Some(SshError::BeyondJump { .. })), "{error:?}");
    assert_eq!(error.sent(), Sent::No);
}
