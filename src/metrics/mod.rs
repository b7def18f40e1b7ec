//! Figures for Prometheus: what this process did (HTTP, jobs), and how the fleet stands, from what is on record.
//!
//! Names carry their units (`_seconds`, `_bytes`); `docs/metrics.md` lists them all, and a test compares it with what is
//! told here. No label says anything about a person.

mod fleet;
mod serve;

use std::sync::Arc;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub use serve::{CannotListen, Listener};

use crate::domain::jobs::Outcome;
use crate::engine::EngineError;
use crate::store::Store;
use crate::util::clock::Clock;

/// Every name begins with this.
const PREFIX: &str = "accolades";

/// Upper bounds of the times that answers take, in seconds.
const HTTP_BUCKETS_SECONDS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

/// Upper bounds of the times that jobs take, in seconds: a sweep takes seconds, an onboarding a quarter of an hour, a night of
/// restore tests hours.
const JOB_BUCKETS_SECONDS: [f64; 8] = [1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 28800.0];

const MICROSECONDS_PER_SECOND: f64 = 1e6;

/// Names and values of labels.
type Labels = Vec<(&'static str, String)>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// What this process counts.
pub struct Metrics {
    registry: Registry,
    http_requests: Family<Labels, Counter>,
    http_seconds: Histograms,
    job_attempts: Family<Labels, Counter>,
    job_seconds: Histograms,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix(PREFIX);
        let http_requests = Family::<Labels, Counter>::default();
        let http_seconds = Histograms::new_with_constructor(|| Histogram::new(HTTP_BUCKETS_SECONDS));
        let job_attempts = Family::<Labels, Counter>::default();
        let job_seconds = Histograms::new_with_constructor(|| Histogram::new(JOB_BUCKETS_SECONDS));
        let build = Family::<Labels, Gauge>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        registry.register("build", "The version of the program, always 1", build);
        registry.register(
            "http_requests",
            "Requests that the portal answered, by route and status",
            http_requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time that the portal took to answer, by route",
            Unit::Seconds,
            http_seconds.clone(),
        );
        registry.register(
            "job_attempts",
            "Attempts at jobs that ended in this process, by kind and outcome",
            job_attempts.clone(),
        );
        registry.register_with_unit(
            "job_duration",
            "Time that attempts at jobs took in this process, by kind",
            Unit::Seconds,
            job_seconds.clone(),
        );
        Metrics { registry, http_requests, http_seconds, job_attempts, job_seconds }
    }
}

impl Metrics {
    /// Counts an answer of the portal. `route` is the route's pattern, never the address that was asked for: an id in it
    /// would make a figure of its own.
    pub fn http_answered(&self, route: &str, status: u16, took: std::time::Duration) {
        let labels = vec![("route", route.to_owned()), ("status", status.to_string())];
        self.http_requests.get_or_create(&labels).inc();
        self.http_seconds.get_or_create(&vec![("route", route.to_owned())]).observe(took.as_secs_f64());
    }

    /// Counts the end of an attempt at a job.
    pub fn job_ended(&self, kind: &'static str, outcome: Outcome, took_us: i64) {
        let kind = || ("kind", kind.to_owned());
        self.job_attempts.get_or_create(&vec![kind(), ("outcome", outcome.word().to_owned())]).inc();
        self.job_seconds.get_or_create(&vec![kind()]).observe(seconds(took_us));
    }

    /// Everything, as Prometheus reads it (OpenMetrics text).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn text(&self, store: &Store, clock: &Clock) -> Result<String, EngineError> {
        let fleet = fleet::read(store, clock.now().await?).await?;
        let mut text = String::new();
        let written = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &fleet))
            .and_then(|()| encode_eof(&mut text));
        written.map_err(|_| EngineError::Unexpected("figures cannot be written as text".to_owned()))?;
        Ok(text)
    }

    /// For the parts of a process that count.
    pub fn shared() -> Arc<Metrics> {
        Arc::new(Metrics::default())
    }
}

fn seconds(us: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a time in microseconds is far below 2^52")]
    let us = us as f64;
    us / MICROSECONDS_PER_SECOND
}
