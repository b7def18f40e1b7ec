//! Claims of jobs: begun by who holds the lease, ended by who began.

use accolades::domain::jobs::Outcome;
use accolades::store::{Acquired, Begun, JobAttempt, JobEnd, JobKey, Lease, NewJobOrder, Scope, Store, StoreError};
use serde_json::json;

use super::NOW_US;
use super::bench::{Bench, execute};

const MINUTE_US: i64 = 60_000_000;
const ATTEMPTS_MAX: u32 = 3;

pub fn job(kind: &str, subject: &str, due_at_us: i64) -> JobKey {
    JobKey { kind: kind.into(), subject: subject.into(), due_at_us }
}

async fn lease(store: &Store, holder: &str, now_us: i64) -> Lease {
    match store.acquire_lease("job/sweep/", holder, now_us, now_us + MINUTE_US).await.unwrap() {
        Acquired::Lease(lease) => lease,
        Acquired::HeldBy(lease) => panic!("held: {lease:?}"),
    }
}

async fn begin(store: &Store, lease: &Lease, job: &JobKey, now_us: i64) -> Option<JobAttempt> {
    match store.begin_job(lease, job, now_us, ATTEMPTS_MAX).await.unwrap() {
        Begun::Attempt(attempt) => Some(attempt),
        Begun::Nothing => None,
    }
}

fn end(outcome: Outcome, at_us: i64, retry_at_us: Option<i64>) -> JobEnd {
    JobEnd { outcome, at_us, words: "à dire".into(), retry_at_us }
}

pub async fn a_job_is_done_once(bench: &Bench) {
    let store = bench.store().await;
    let sweep = job("sweep", "", NOW_US);
    let held = lease(&store, "one", NOW_US).await;
    let attempt = begin(&store, &held, &sweep, NOW_US).await.unwrap();
    assert_eq!((attempt.attempt, attempt.end.as_ref()), (1, None));
    let done = end(Outcome::Done, NOW_US + 5, None);
    store.end_job(&attempt, &done).await.unwrap();
    assert!(matches!(store.end_job(&attempt, &done).await, Err(StoreError::Conflict { .. })), "once");
    assert_eq!(begin(&store, &held, &sweep, NOW_US + 6).await, None, "done is done");
    assert_eq!(begin(&store, &held, &job("sweep", "", NOW_US - 9), NOW_US + 6).await, None, "an earlier one, too");
    assert!(
        begin(&store, &held, &job("sweep", "", NOW_US + 7), NOW_US + 7).await.is_some(),
        "the next moment is another"
    );
    let kept = store.last_job_attempt("sweep", "").await.unwrap().unwrap();
    assert_eq!((kept.job.due_at_us, kept.end), (NOW_US + 7, None));
    let all = store.job_attempts(9).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].end.as_ref(), Some(&done));
}

pub async fn a_failed_job_is_tried_again_in_its_time(bench: &Bench) {
    let store = bench.store().await;
    let sweep = job("sweep", "", NOW_US);
    let held = lease(&store, "one", NOW_US).await;
    for attempt in 1..=ATTEMPTS_MAX {
        let now_us = NOW_US + i64::from(attempt) * 10;
        let begun = begin(&store, &held, &sweep, now_us).await.unwrap();
        assert_eq!(begun.attempt, attempt);
        store.end_job(&begun, &end(Outcome::Failed, now_us, Some(now_us + 10))).await.unwrap();
        assert_eq!(begin(&store, &held, &sweep, now_us + 9).await, None, "it rests first");
    }
    assert_eq!(begin(&store, &held, &sweep, NOW_US + MINUTE_US).await, None, "tried often enough");
    let refused = job("sweep", "", NOW_US + 1);
    let begun = begin(&store, &held, &refused, NOW_US + MINUTE_US).await.unwrap();
    store.end_job(&begun, &end(Outcome::Refused, NOW_US + MINUTE_US, None)).await.unwrap();
    assert_eq!(begin(&store, &held, &refused, NOW_US + 2 * MINUTE_US).await, None, "a person decides first");
}

pub async fn a_dead_process_is_followed_and_can_end_nothing(bench: &Bench) {
    let store = bench.store().await;
    let sweep = job("sweep", "", NOW_US);
    let held = lease(&store, "one", NOW_US).await;
    let dead = begin(&store, &held, &sweep, NOW_US).await.unwrap();
    // Its claim expires unrenewed.
    let later_us = NOW_US + MINUTE_US;
    let heir = lease(&store, "two", later_us).await;
    assert!(matches!(store.begin_job(&held, &sweep, later_us, ATTEMPTS_MAX).await, Err(StoreError::Conflict { .. })));
    let second = begin(&store, &heir, &sweep, later_us).await.unwrap();
    assert_eq!((second.attempt, second.holder.as_str()), (2, "two"));
    let done = end(Outcome::Done, later_us + 1, None);
    assert!(
        matches!(store.end_job(&dead, &done).await, Err(StoreError::Conflict { .. })),
        "it was only slow: too late"
    );
    store.end_job(&second, &done).await.unwrap();
    let outcomes: Vec<Outcome> =
        store.job_attempts(9).await.unwrap().iter().map(|one| one.end.as_ref().unwrap().outcome).collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::CutShort]);

    // One that dies each time is not followed for ever.
    let poison = job("sweep", "", NOW_US + 1);
    for _ in 0..ATTEMPTS_MAX {
        assert!(begin(&store, &heir, &poison, later_us).await.is_some());
    }
    assert_eq!(begin(&store, &heir, &poison, later_us).await, None);
    let last = store.last_job_attempt("sweep", "").await.unwrap().unwrap();
    assert_eq!((last.attempt, last.end.unwrap().outcome), (ATTEMPTS_MAX, Outcome::CutShort));
}

pub fn order(id: &str, scope: Scope) -> NewJobOrder {
    let content = json!({ "version": 1, "plan": "7f3a", "instances": ["lilas"] });
    NewJobOrder { id: id.into(), kind: "sweep".into(), scope, content, by: "nadia".into(), at_us: NOW_US }
}

pub async fn an_order_is_recorded_once_and_ends_with_its_job(bench: &Bench) {
    let url = bench.url().await;
    let store = Store::open(&url).await.unwrap();
    let lilas = Scope::Client("lilas".parse().unwrap());
    assert!(store.order_job(&order("o1", lilas.clone())).await.unwrap());
    assert!(!store.order_job(&order("o1", lilas.clone())).await.unwrap(), "a form that is sent twice orders once");
    store.order_job(&order("o2", Scope::Staff)).await.unwrap();
    let open = |scope: Scope| {
        let store = store.clone();
        async move {
            let orders = store.open_job_orders(&scope).await.unwrap();
            orders.into_iter().map(|order| order.new.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(open(Scope::Staff).await, ["o1", "o2"]);
    assert_eq!(open(lilas.clone()).await, ["o1"]);
    assert_eq!(store.job_order(&lilas, "o2").await.unwrap(), None);

    let held = lease(&store, "one", NOW_US).await;
    let first = begin(&store, &held, &job("sweep", "o1", NOW_US), NOW_US).await.unwrap();
    store.end_job(&first, &end(Outcome::Failed, NOW_US, Some(NOW_US + 1))).await.unwrap();
    assert_eq!(open(Scope::Staff).await, ["o1", "o2"], "it will be tried again");
    let second = begin(&store, &held, &job("sweep", "o1", NOW_US), NOW_US + 1).await.unwrap();
    store.end_job(&second, &end(Outcome::Done, NOW_US + 2, None)).await.unwrap();
    assert_eq!(open(Scope::Staff).await, ["o2"]);
    let kept = store.job_order(&Scope::Staff, "o1").await.unwrap().unwrap();
    assert_eq!(kept.end, Some((NOW_US + 2, "done".into(), "à dire".into())));
    assert!(execute(&url, "DELETE FROM job_orders").await.is_err(), "who ordered what stays on record");

    // An order whose work kills its process each time ends too.
    let held = lease(&store, "two", NOW_US + MINUTE_US).await;
    for _ in 0..ATTEMPTS_MAX {
        assert!(begin(&store, &held, &job("sweep", "o2", NOW_US), NOW_US + MINUTE_US).await.is_some());
    }
    assert_eq!(begin(&store, &held, &job("sweep", "o2", NOW_US), NOW_US + MINUTE_US).await, None);
    assert_eq!(open(Scope::Staff).await, Vec::<String>::new());
}

pub async fn old_attempts_are_forgotten(bench: &Bench) {
    let store = bench.store().await;
    fill(&store).await;
    assert_eq!(store.forget_job_attempts(NOW_US + 1).await.unwrap(), 0, "nothing ended before that");
    assert_eq!(store.forget_job_attempts(NOW_US + 2).await.unwrap(), 1);
    assert_eq!(store.job_attempts(9).await.unwrap(), []);
}

/// An attempt that ended, and an order.
pub async fn fill(store: &Store) {
    let held = lease(store, "one", NOW_US).await;
    let attempt = begin(store, &held, &job("sweep", "", NOW_US), NOW_US).await.unwrap();
    store.end_job(&attempt, &end(Outcome::Done, NOW_US + 1, None)).await.unwrap();
    store.order_job(&order("o", Scope::Staff)).await.unwrap();
}
