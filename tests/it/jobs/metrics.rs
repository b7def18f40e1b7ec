//! Figures for Prometheus: what they say, and that the documentation lists them all.

use std::collections::BTreeSet;
use std::time::Duration;

use accolades::domain::jobs::Outcome;
use accolades::metrics::{Listener, Metrics};
use accolades::store::{Acquired, Begun, JobEnd, JobKey, Store};
use tokio::sync::watch;

use crate::rehearsal::{RELAY_PASSWORD, Rehearsal};
use crate::sweep::sweep;
use crate::technician::{DISK_SERIAL, Technician};

/// The names of the figures in a text, without the parts of histograms and counters.
fn names(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// An attempt that began and ended just now.
async fn a_job_on_record(store: &Store, kind: &str, outcome: Outcome, now_us: i64) {
    let asked = store.acquire_lease(&format!("job/{kind}/"), "one", now_us, now_us + 1).await.expect("writable");
    let Acquired::Lease(lease) = asked else { panic!("{asked:?}") };
    let job = JobKey { kind: kind.to_owned(), subject: String::new(), due_at_us: now_us };
    let begun = store.begin_job(&lease, &job, now_us, 1).await.expect("writable");
    let Begun::Attempt(attempt) = begun else { panic!("{begun:?}") };
    let end = JobEnd { outcome, at_us: now_us, words: String::new(), retry_at_us: None };
    store.end_job(&attempt, &end).await.expect("writable");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_figures_tell_what_is_on_record_and_are_all_documented() {
    let technician = Technician::new(5).await;
    technician.must(&["inventory", "accept"], "").await;
    technician.must(&["secret", "set", "relay"], RELAY_PASSWORD).await;
    technician.prepare_server(&[]).await;
    technician.must(&["site", "prepare", "friche", "--format", DISK_SERIAL], "").await;
    technician.must(&["apply", "ilot"], "").await;
    technician.must(&["backup", "run", "ilot"], "").await;
    technician.must(&["drill", "ilot"], "").await;
    technician.must(&["watch", "--once"], "").await;

    let store = Store::open(&technician.store()).await.expect("a store");
    let clock = accolades::util::clock::Clock::lab(&technician.served.endpoints.clock);
    let now_us = clock.now().await.expect("the lab's clock").as_microsecond();
    a_job_on_record(&store, "sweep", Outcome::Done, now_us).await;
    a_job_on_record(&store, "drills", Outcome::Failed, now_us).await;
    let metrics = Metrics::shared();
    metrics.http_answered("/", 200, Duration::from_millis(3));
    metrics.job_ended("sweep", Outcome::Done, 2_500_000);
    let (stop, stopped) = watch::channel(false);
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = listener.address();
    let serving = tokio::spawn(listener.serve(metrics, store, clock, stopped));
    let answer = reqwest::get(format!("http://{address}/metrics")).await.expect("it answers");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    let text = answer.text().await.expect("a text");
    stop.send(true).expect("it listens");
    serving.await.expect("it ends when it is told to");

    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in [
        "accolades_inventory_members{kind=\"client\"} 1",
        "accolades_site_answers{site=\"friche\"} 1",
        "accolades_drills_due{due=\"overdue\"} 0",
        "accolades_runs_unfinished 0",
        "accolades_http_requests_total{route=\"/\",status=\"200\"} 1",
        "accolades_http_request_duration_seconds_bucket{le=\"0.005\",route=\"/\"} 1",
        "accolades_job_failing{kind=\"sweep\"} 0",
        "accolades_job_failing{kind=\"drills\"} 1",
        "accolades_job_attempts_total{kind=\"sweep\",outcome=\"done\"} 1",
        "accolades_job_duration_seconds_sum{kind=\"sweep\"} 2.5",
    ] {
        assert!(text.lines().any(|one| one == line), "`{line}` is missing in\n{text}");
    }
    let value = |start: &str| -> f64 {
        let line =
            text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no `{start}` in\n{text}"));
        line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    };
    let local = "{instance=\"ilot\",place=\"local\"}";
    let age = value(&format!("accolades_backup_age_seconds{local}"));
    assert!((0.0..86_400.0).contains(&age), "{age} s: it was made just now");
    assert!(value(&format!("accolades_backup_size_bytes{local}")) > 0.0);
    let proof = value(&format!("accolades_backup_proof_age_seconds{local}"));
    assert!((0.0..86_400.0).contains(&proof), "{proof} s: it was restored just now");

    let documented = std::fs::read_to_string("docs/metrics.md").expect("the reference");
    let documented: BTreeSet<String> =
        documented.split('`').filter(|word| word.starts_with("accolades_")).map(str::to_owned).collect();
    assert_eq!(names(&text), documented, "docs/metrics.md lists every figure, and no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_figures_of_a_silent_site_grow_old_and_are_not_invented() {
    let rehearsal = Rehearsal::new(6).await;
    sweep(&rehearsal).await;
    let store = &rehearsal.engine.store;
    let text = Metrics::default().text(store, &rehearsal.engine.clock).await.expect("figures");
    assert!(!text.contains("accolades_backup_age_seconds{"), "nothing was ever seen:\n{text}");
    assert!(text.contains("accolades_backup_ok{instance="), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("accolades_backup_ok{") && line.ends_with(" 1")), "{text}");
}
