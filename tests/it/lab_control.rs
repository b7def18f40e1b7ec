//! The lab's control address: its clock at both kinds of time, and snapshots of any size.

use std::num::NonZeroU32;
use std::time::Duration;

use accolades::lab::net::serve::{Ports, Served, serve};
use accolades::lab::net::topology::Topology;
use accolades::lab::world::{Moment, World};
use accolades::util::clock::Clock;

/// How many times as fast as the wall's a paced lab's time runs here.
const PACE: NonZeroU32 = NonZeroU32::new(1000).expect("not zero");

async fn served() -> Served {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::new(1);
    world.now = Moment(1_800_000_000_000_000);
    serve(world, Topology::default(), "", Ports::default()).await.expect("the lab starts")
}

fn client() -> reqwest::Client {
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().expect("a client")
}

#[tokio::test]
async fn lab_control_without_a_pace_time_moves_by_waits_alone() {
    let lab = served().await;
    let clock = Clock::lab(&lab.endpoints.clock);
    let before = clock.now().await.expect("the clock answers");
    assert_eq!(clock.now().await.expect("the clock answers"), before);
    clock.sleep(Duration::from_secs(3600)).await.expect("the clock answers");
    let passed = clock.now().await.expect("the clock answers").duration_since(before);
    assert_eq!(passed.as_secs(), 3600, "at once");
}

#[tokio::test]
async fn lab_control_with_a_pace_time_moves_by_itself_and_a_wait_is_a_wait() {
    let lab = served().await;
    let http = client();
    let url = format!("{}/pace", lab.endpoints.control);
    let answer = http.put(&url).json(&PACE).send().await.expect("the lab answers");
    assert!(answer.status().is_success(), "{answer:?}");
    let clock = Clock::lab(&lab.endpoints.clock);
    let before = clock.now().await.expect("the clock answers");
    // Ends by itself: a minute of the lab is 60 ms.
    while clock.now().await.expect("the clock answers").duration_since(before).as_secs() < 60 {}

    let began = clock.now().await.expect("the clock answers");
    clock.sleep(Duration::from_secs(30)).await.expect("the clock answers");
    let passed = clock.now().await.expect("the clock answers").duration_since(began);
    assert!(passed.as_secs() >= 30, "{passed:?}");

    // The wait itself moves nothing: it is told, and whoever asked waits.
    let asked = http.post(&lab.endpoints.clock).json(&serde_json::json!({ "sleep_us": 3_600_000_000_u64 }));
    let reading: serde_json::Value = asked.send().await.expect("the lab answers").json().await.expect("JSON");
    assert_eq!(reading["wait_us"], 3_600_000);

    http.put(&url).json(&None::<NonZeroU32>).send().await.expect("the lab answers");
    let stopped = clock.now().await.expect("the clock answers");
    assert_eq!(clock.now().await.expect("the clock answers"), stopped, "moved by requests and waits again");
}

#[tokio::test]
async fn lab_control_a_large_snapshot_comes_back() {
    // Twice what axum takes when nobody says more.
    const BYTES: usize = 4 * 1024 * 1024;
    let lab = served().await;
    let url = format!("{}/snapshot", lab.endpoints.control);
    lab.lab.lock().world.internet.dns.insert(("large.example".into(), "TXT".into()), vec!["x".repeat(BYTES)]);
    let http = client();
    let snapshot = http.get(&url).send().await.expect("the lab answers").bytes().await.expect("a body");
    assert!(snapshot.len() > BYTES);
    let digest = lab.lab.lock().world.digest();
    lab.lab.lock().world.internet.dns.clear();
    assert_ne!(lab.lab.lock().world.digest(), digest);
    let put = http.put(&url).header("content-type", "application/json").body(snapshot);
    let answer = put.send().await.expect("the lab answers");
    assert!(answer.status().is_success(), "{answer:?}");
    assert_eq!(lab.lab.lock().world.digest(), digest);
}
