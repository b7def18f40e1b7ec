//! The APIs of nodes and backup servers over TLS, with the faults planned for its requests and the transcript of its answers.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::fault::FaultKind;
use super::keys::NodeCertificate;
use super::transcript::Entry;
use super::{Lab, State};
use crate::pbs;
use crate::pve::message::{RawAnswer, RawRequest};
use crate::pve::params;
use crate::pve::schema::Verb;
use crate::pve::server;
use crate::pve::state::task::{FailNext, Outcome as TaskOutcome};
use crate::pve::wire;

/// How long a request takes in simulated time, its own waiting excluded.
const REQUEST_US: u64 = 20_000;

/// What comes back to a request.
pub enum Reply {
    /// An answer.
    Answer(RawAnswer),
    /// The connection is cut.
    Cut,
    /// Nothing, on a connection that stays open: the client has crashed and hears neither an answer nor a cut.
    Silence,
}

/// Whose API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// That of a site's node.
    Node {
        /// The site.
        site: String,
    },
    /// That of a backup server.
    BackupServer {
        /// Its id.
        id: String,
    },
}

impl Door {
    /// The site's or the server's id: what faults and transcript call it.
    fn name(&self) -> &str {
        match self {
            Door::Node { site } => site,
            Door::BackupServer { id } => id,
        }
    }
}

/// Speaks HTTPS as a node or backup server until the connection ends.
pub async fn serve<S>(lab: Lab, door: Door, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let acceptor = {
        let state = lab.lock();
        let certificates = match &door {
            Door::Node { .. } => &state.certificates,
            Door::BackupServer { .. } => &state.backup_certificates,
        };
        certificates.get(door.name()).and_then(acceptor)
    };
    let Some(acceptor) = acceptor else { return };
    // A client that does not trust the certificate ends the handshake: an ordinary end.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_node = matches!(door, Door::Node { .. });
    let respond = move |request| {
        let (lab, door) = (lab.clone(), door.clone());
        async move {
            let (reply, owed) = lab.request(&door, &request);
            tokio::time::sleep(owed).await;
            match reply {
                Reply::Answer(answer) => Some(answer),
                Reply::Cut => None,
                Reply::Silence => std::future::pending().await,
            }
        }
    };
    // A connection that breaks is an ordinary end.
    let _ = if is_node { wire::serve(stream, respond).await } else { pbs::wire::serve(stream, respond).await };
}

fn acceptor(certificate: &NodeCertificate) -> Option<TlsAcceptor> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.key.clone()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.certificate.clone()], key)
        .ok()?;
    Some(TlsAcceptor::from(Arc::new(config)))
}

/// What a client that puts the same question again has waited, at least: as long as common clients do between two looks
/// at a task.
const POLL_US: u64 = 1_000_000;

impl State {
    /// Simulated time does not follow the clock on the wall: a client that waits in real time and asks again (for the end
    /// of a task, for a guest's agent) would wait for ever. A client that moves the clock itself is let be.
    fn wait_between_questions(&mut self, site: &str, request: &RawRequest) {
        if request.content_length() > 0 || self.pace.is_some() {
            return;
        }
        let now = self.world.now;
        self.asked.retain(|_, last| last.plus_us(POLL_US) > now);
        let question = (site.to_owned(), format!("{} {}", request.method, request.target));
        if let Some(last) = self.asked.get(&question) {
            self.pass(POLL_US - now.0.abs_diff(last.0));
        }
        self.asked.insert(question, self.world.now);
    }
}

impl State {
    /// Whether somebody is there to answer.
    fn is_online(&self, door: &Door) -> bool {
        match door {
            Door::Node { site } => self.world.sites.get(site).is_some_and(|place| place.online),
            Door::BackupServer { id } => {
                self.world.backup_servers.borrow().0.values().any(|server| server.id == *id && server.online)
            }
        }
    }

    fn answer(&mut self, door: &Door, request: &RawRequest) -> RawAnswer {
        match door {
            Door::Node { site } => server::answer(&mut self.world, site, request),
            Door::BackupServer { id } => {
                let mut servers = self.world.backup_servers.borrow_mut();
                let address = servers.0.iter().find(|(_, server)| server.id == *id).map(|(at, _)| at.clone());
                let address = address.unwrap_or_default();
                pbs::server::answer(&mut servers, self.world.seed, self.world.now, &address, request)
            }
        }
    }

    fn fail_task(&mut self, door: &Door, task_type: String, text: String) {
        let fault = FailNext { task_type, outcome: TaskOutcome::Error(text) };
        match door {
            Door::Node { site } => {
                if let Some(place) = self.world.sites.get_mut(site) {
                    place.pve.fail_next.push(fault);
                }
            }
            Door::BackupServer { id } => {
                if let Some(server) = self.world.backup_servers.borrow_mut().by_id_mut(id) {
                    server.fail_next.push(fault);
                }
            }
        }
    }

    fn lose(&mut self, door: &Door, seconds: u64) {
        match door {
            Door::Node { site } => self.go_offline(site, seconds),
            Door::BackupServer { id } => {
                let now = self.world.now;
                if let Some(server) = self.world.backup_servers.borrow_mut().by_id_mut(id) {
                    server.set_online(false, now);
                    self.servers_back_online.insert(id.clone(), now.plus_us(seconds * 1_000_000));
                }
            }
        }
    }

    fn parameters(door: &Door, request: &RawRequest) -> Map<String, Value> {
        match door {
            Door::Node { .. } => {
                Verb::parse(&request.method).and_then(|verb| params::read(verb, request).ok()).unwrap_or_default()
            }
            Door::BackupServer { .. } => pbs::verify::said(request),
        }
    }
}

impl Lab {
    /// Answers one request; the answer is to be sent after so long on the wall's clock.
    pub fn request(&self, door: &Door, request: &RawRequest) -> (Reply, Duration) {
        let mut state = self.lock();
        let name = door.name();
        state.pass(REQUEST_US);
        state.wait_between_questions(name, request);
        if !state.is_online(door) {
            return (Reply::Cut, state.take_owed());
        }
        let path = request.path();
        let fault = state.faults.take(name, &format!("{} {path}", request.method));
        let crash = matches!(fault, Some(FaultKind::CrashBefore | FaultKind::CrashAfter));
        let answer = match fault {
            Some(FaultKind::CutBefore | FaultKind::CrashBefore) => None,
            Some(FaultKind::Offline { seconds }) => {
                state.lose(door, seconds);
                None
            }
            Some(FaultKind::Status { code, reason, done }) => {
                if done {
                    state.answer(door, request);
                }
                Some(RawAnswer::plain(code, &reason))
            }
            Some(FaultKind::TaskFails { task_type, text }) => {
                state.fail_task(door, task_type, text);
                Some(state.answer(door, request))
            }
            other => {
                let answer = state.answer(door, request);
                let lost = matches!(other, Some(FaultKind::LostAnswer | FaultKind::CrashAfter));
                if lost { None } else { Some(answer) }
            }
        };
        state.pass(answer.as_ref().map_or(0, |answer| answer.delay_us));
        let at_us = state.world.now.0;
        state.transcript.add(Entry::Request {
            at_us,
            site: name.to_owned(),
            method: request.method.clone(),
            path,
            content_type: request.media_type().map(str::to_owned),
            parameters: State::parameters(door, request),
            status: answer.as_ref().map_or(0, |answer| answer.status),
        });
        let owed = state.take_owed();
        drop(state);
        if crash {
            self.tell_crash();
            return (Reply::Silence, owed);
        }
        (answer.map_or(Reply::Cut, Reply::Answer), owed)
    }
}
