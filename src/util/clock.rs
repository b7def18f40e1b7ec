//! The injected clock. Nothing else in the program asks what time it is.
//!
//! Two clocks exist: the machine's, and that of a lab, whose time moves only when somebody waits or asks (or, where the
//! lab is told to, follows the wall's clock faster than it runs).
//! `ACCOLADES_CLOCK=http://127.0.0.1:PORT/clock` selects the second; `accolades lab serve` prints the address.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// The environment variable that names a lab's clock.
pub const CLOCK_VARIABLE: &str = "ACCOLADES_CLOCK";

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The clock of this machine.
    System,
    /// The clock of a lab, reached over its control address.
    Lab(LabClock),
}

/// A lab's clock: waiting moves the simulated time forward at once, or the lab says how long to wait for it.
#[derive(Clone, Debug)]
pub struct LabClock {
    http: reqwest::Client,
    url: String,
}

/// The lab's clock did not answer.
#[derive(Debug, thiserror::Error)]
#[error(
    "the lab's clock at `{url}` did not answer\n\nis `accolades lab serve` still running? unset {CLOCK_VARIABLE} to use this machine's clock"
)]
pub struct ClockError {
    url: String,
    #[source]
    source: reqwest::Error,
}

#[derive(serde::Deserialize)]
struct Reading {
    now_us: i64,
    /// Real microseconds until the sleep asked for has passed.
    #[serde(default)]
    wait_us: u64,
}

impl Clock {
    /// The clock that the environment asks for: a lab's when [`CLOCK_VARIABLE`] is set.
    pub fn from_environment() -> Clock {
        match std::env::var(CLOCK_VARIABLE) {
            Ok(url) if !url.is_empty() => Clock::lab(url),
            _ => Clock::System,
        }
    }

    /// A lab's clock at this control address (`http://127.0.0.1:PORT/clock`).
    pub fn lab(url: impl Into<String>) -> Clock {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(trusting_nobody())
            .no_proxy()
            .timeout(crate::util::limits::CLOCK_TIMEOUT)
            .build()
            .expect("these settings always make a client");
        Clock::Lab(LabClock { http, url: url.into() })
    }

    /// The present instant.
    ///
    /// # Errors
    /// Only a lab's clock can fail: when nobody answers at its address.
    pub async fn now(&self) -> Result<Timestamp, ClockError> {
        match self {
            Clock::System => Ok(Timestamp::now()),
            Clock::Lab(lab) => Ok(lab.ask(lab.http.get(&lab.url)).await?.now()),
        }
    }

    /// Waits. On a lab's clock the simulated time passes at once, or as fast as the lab lets it.
    ///
    /// # Errors
    /// As [`Clock::now`].
    pub async fn sleep(&self, duration: Duration) -> Result<(), ClockError> {
        match self {
            Clock::System => {
                tokio::time::sleep(duration).await;
                Ok(())
            }
            Clock::Lab(lab) => {
                let body = serde_json::json!({ "sleep_us": duration.as_micros() as u64 });
                let reading = lab.ask(lab.http.post(&lab.url).json(&body)).await?;
                tokio::time::sleep(Duration::from_micros(reading.wait_us)).await;
                Ok(())
            }
        }
    }
}

/// A lab's clock speaks plain HTTP; the client wants TLS settings all the same, and would look for a provider of
/// cryptography that the whole process shares.
fn trusting_nobody() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the default protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

impl LabClock {
    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Reading, ClockError> {
        let failed = |source| ClockError { url: self.url.clone(), source };
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        answer.json().await.map_err(failed)
    }
}

impl Reading {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now_us).unwrap_or(Timestamp::MAX)
    }
}
