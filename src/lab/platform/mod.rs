//! A simulated approved platform (plateforme agréée): the flow and directory services of XP Z12-013 1.3.0 over real TLS.
//!
//! Written from the published descriptions. It checks what they demand of a request and answers as they say. What it makes
//! simpler: it does not open PDFs (the number of a document is its file's name), it integrates when it is told to, and its
//! time goes on by a second with each request.

mod cdar;
mod directory;
mod flows;
mod form;
mod refusal;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::net::TcpListener;

pub use directory::Line;
pub use flows::Flow;

/// What happens to the next deposit instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is taken, and the connection ends before the answer.
    LostAnswer,
    /// The connection ends before it is taken.
    Cut,
    /// The platform answers this status code and does nothing.
    Status(u16),
}

/// A platform that runs.
#[derive(Clone)]
pub struct Platform {
    state: Arc<Mutex<State>>,
    port: u16,
    fingerprint: String,
}

/// What the platform knows.
struct State {
    /// The token that opens it.
    token: String,
    now: Timestamp,
    flows: Vec<Flow>,
    lines: Vec<Line>,
    fault: Option<Fault>,
    requests: u64,
}

impl Platform {
    /// Starts one on this machine that `token` opens, at a moment. It ends with the runtime.
    ///
    /// # Errors
    /// When no port is free, or the provider of cryptography refuses.
    pub async fn start(token: &str, now: Timestamp) -> std::io::Result<Platform> {
        let certificate = crate::net::keys::node_certificate("platform").map_err(std::io::Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state =
            State { token: token.to_owned(), now, flows: Vec::new(), lines: Vec::new(), fault: None, requests: 0 };
        let fingerprint = certificate.fingerprint.clone();
        let platform = Platform { state: Arc::new(Mutex::new(state)), port, fingerprint };
        let acceptor = server::acceptor(&certificate).map_err(std::io::Error::other)?;
        tokio::spawn(server::listen(platform.clone(), listener, acceptor));
        Ok(platform)
    }

    /// Address of the flow service.
    pub fn flow_service(&self) -> String {
        format!("https://127.0.0.1:{}/flow-service", self.port)
    }

    /// Address of the directory service.
    pub fn directory_service(&self) -> String {
        format!("https://127.0.0.1:{}/directory-service", self.port)
    }

    /// Where tokens are given for `coop` and the token as its secret.
    pub fn token_service(&self) -> String {
        format!("https://127.0.0.1:{}/token", self.port)
    }

    /// SHA-256 of its certificate.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What happens to the next deposit.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Every flow, in the order of arrival.
    pub fn flows(&self) -> Vec<Flow> {
        self.lock().flows.clone()
    }

    /// How many requests came.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Integrates what is pending: each invoice becomes "filed" (200), which is told by a status.
    pub fn integrate(&self) {
        self.lock().integrate();
    }

    /// Refuses what is pending for a reason.
    pub fn refuse_pending(&self, code: &str, message: &str) {
        self.lock().refuse_pending(code, message);
    }

    /// Says a status of a document, as its buyer's platform would.
    pub fn say(&self, number: &str, code: u16, reason: Option<&str>) {
        self.lock().say(number, code, reason);
    }

    /// A file that is no status arrives as one.
    pub fn say_nonsense(&self, bytes: &[u8]) {
        self.lock().arrive("nonsense.xml", bytes.to_vec());
    }

    /// Adds a line to the directory.
    pub fn list(&self, line: Line) {
        self.lock().lines.push(line);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tick(&mut self) -> Timestamp {
        self.now = Timestamp::from_second(self.now.as_second() + 1).unwrap_or(Timestamp::MAX);
        self.now
    }
}
