//! Following tasks, on a clock that passes only when somebody waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolades::pve::{TaskVerdict, Upid, WaitError, wait_task};
use accolades::util::clock::Clock;
use accolades::util::limits;
use serde_json::json;
use tokio::net::TcpListener;

use super::node::{Gauge, Node, Reply, Request, serve};

const TASK: &str = "UPID:pve1:0003A5F1:0186A2B3C:68C0FFEE:qmcreate:1042:root@pam!app:";

fn task() -> Upid {
    TASK.parse().unwrap()
}

fn running() -> Reply {
    Reply::data(json!({ "status": "running", "upid": TASK }))
}

fn stopped(exit: &str) -> Reply {
    Reply::data(json!({ "status": "stopped", "exitstatus": exit, "upid": TASK }))
}

/// A clock as a lab has it; the total of what was waited is kept beside it.
async fn clock() -> (Clock, Arc<Mutex<i64>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = Clock::lab(format!("http://{}/clock", listener.local_addr().unwrap()));
    let waited_us = Arc::new(Mutex::new(0_i64));
    let total = Arc::clone(&waited_us);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let total = Arc::clone(&total);
            tokio::spawn(async move {
                let tick = |request: Request| {
                    let sleep: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
                    let mut total = total.lock().unwrap();
                    *total += sleep["sleep_us"].as_i64().unwrap_or(0);
                    Reply::status("200 OK", &json!({ "now_us": 1_800_000_000_000_000 + *total }).to_string())
                };
                serve(stream, &Gauge::default(), tick).await;
            });
        }
    });
    (clock, waited_us)
}

#[tokio::test]
async fn pve_a_task_is_followed_to_its_end() {
    let node = Node::start(vec![running(), running(), stopped("OK")]).await;
    let (clock, waited_us) = clock().await;
    let end = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap();
    assert_eq!((end.verdict, end.log_tail.len()), (TaskVerdict::Ok, 0));
    assert_eq!(*waited_us.lock().unwrap(), 1_000_000);
    let target = &node.requests()[0].target;
    assert!(target.ends_with(
        "/tasks/UPID%3Apve1%3A0003A5F1%3A0186A2B3C%3A68C0FFEE%3Aqmcreate%3A1042%3Aroot%40pam%21app%3A/status"
    ));
}

#[tokio::test]
async fn pve_a_failed_task_brings_the_end_of_its_log() {
    let line = |number: u64| json!({ "n": number, "t": format!("line {number}") });
    let first: Vec<_> = (1..=20).map(line).collect();
    let last: Vec<_> = (31..=50).map(line).collect();
    let replies = vec![stopped("clone failed: no space"), Reply::part(json!(first), 50), Reply::part(json!(last), 50)];
    let node = Node::start(replies).await;
    let (clock, _) = clock().await;
    let end = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap();
    assert_eq!(end.verdict, TaskVerdict::Failed("clone failed: no space".to_owned()));
    assert_eq!((end.log_tail.len(), end.log_tail[19].as_str()), (20, "line 50"));
    assert!(node.requests()[2].target.ends_with("/log?start=30&limit=20"));
}

#[tokio::test]
async fn pve_a_verdict_stands_without_its_log() {
    let gone = Reply::status("500 no such file", "");
    let node = Node::start(vec![stopped("unexpected status"), gone]).await;
    let (clock, _) = clock().await;
    let end = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap();
    assert_eq!(end.verdict, TaskVerdict::Unknown("unexpected status".to_owned()));
    assert!(end.log_tail.is_empty());
}

#[tokio::test]
async fn pve_a_task_that_does_not_end_is_given_up_at_the_deadline() {
    let node = Node::start(vec![running()]).await;
    let (clock, waited_us) = clock().await;
    let deadline = Duration::from_secs(1800);
    let error = wait_task(&node.client(), &task(), &clock, deadline).await.unwrap_err();
    assert!(matches!(error, WaitError::Deadline { after, .. } if after == deadline), "{error}");
    assert_eq!(*waited_us.lock().unwrap(), 1_800_000_000, "not a moment longer");
    // Half an hour is asked about six hundred times, not every half second.
    assert!(node.requests().len() < 600, "{} requests", node.requests().len());
}

#[tokio::test]
async fn pve_a_short_outage_does_not_end_the_waiting() {
    let outage = Reply::status("596 Connection timed out", "");
    let node = Node::start(vec![
        running(),
        outage.clone(),
        outage.clone(),
        running(),
        stopped("WARNINGS: 2"),
        Reply::part(json!([]), 0),
    ])
    .await;
    let (clock, _) = clock().await;
    let end = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap();
    assert_eq!(end.verdict, TaskVerdict::Warnings(2));

    let node = Node::start(vec![outage]).await;
    let error = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap_err();
    assert!(matches!(error, WaitError::Node { .. }), "{error}");
    assert_eq!(node.requests().len(), limits::PVE_TASK_LOOKS_FAILED_MAX as usize);
}

#[tokio::test]
async fn pve_a_forgotten_task_is_said_at_once() {
    let body =
        json!({ "data": null, "message": "Parameter verification failed.\n", "errors": { "upid": "no such task\n" } });
    let node = Node::start(vec![Reply::status("400 Parameter verification failed.", &body.to_string())]).await;
    let (clock, _) = clock().await;
    let error = wait_task(&node.client(), &task(), &clock, Duration::from_secs(600)).await.unwrap_err();
    assert!(matches!(&error, WaitError::Node { source, .. } if source.is_absent_task()), "{error}");
    assert_eq!(node.requests().len(), 1);
}
