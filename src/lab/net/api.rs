//! Proxmox's API over TLS, with the faults planned for its requests and the transcript of its answers.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::fault::FaultKind;
use super::keys::NodeCertificate;
use super::transcript::Entry;
use super::{Lab, State};
use crate::lab::pve::message::{RawAnswer, RawRequest};
use crate::lab::pve::params;
use crate::lab::pve::schema::Verb;
use crate::lab::pve::server;
use crate::lab::pve::state::task::{FailNext, Outcome as TaskOutcome};
use crate::lab::pve::wire;

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

/// Speaks HTTPS as a site's node until the connection ends.
pub async fn serve<S>(lab: Lab, site: String, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(acceptor) = lab.lock().certificates.get(&site).and_then(acceptor) else { return };
    // A client that does not trust the certificate ends the handshake: an ordinary end.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    // A connection that breaks is an ordinary end.
    let _ = wire::serve(stream, move |request| {
        let (lab, site) = (lab.clone(), site.clone());
        async move {
            let (reply, owed) = lab.request(&site, &request);
            tokio::time::sleep(owed).await;
            match reply {
                Reply::Answer(answer) => Some(answer),
                Reply::Cut => None,
                Reply::Silence => std::future::pending().await,
            }
        }
    })
    .await;
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

impl Lab {
    /// Answers one request; the answer is to be sent after so long on the wall's clock.
    pub fn request(&self, site: &str, request: &RawRequest) -> (Reply, Duration) {
        let mut state = self.lock();
        state.pass(REQUEST_US);
        state.wait_between_questions(site, request);
        if !state.world.sites.get(site).is_some_and(|place| place.online) {
            return (Reply::Cut, state.take_owed());
        }
        let path = request.path();
        let fault = state.faults.take(site, &format!("{} {path}", request.method));
        let crash = matches!(fault, Some(FaultKind::CrashBefore | FaultKind::CrashAfter));
        let answer = match fault {
            Some(FaultKind::CutBefore | FaultKind::CrashBefore) => None,
            Some(FaultKind::Offline { seconds }) => {
                state.go_offline(site, seconds);
                None
            }
            Some(FaultKind::Status { code, reason, done }) => {
                if done {
                    server::answer(&mut state.world, site, request);
                }
                Some(RawAnswer::plain(code, &reason))
            }
            Some(FaultKind::TaskFails { task_type, text }) => {
                if let Some(place) = state.world.sites.get_mut(site) {
                    place.pve.fail_next.push(FailNext { task_type, outcome: TaskOutcome::Error(text) });
                }
                Some(server::answer(&mut state.world, site, request))
            }
            other => {
                let answer = server::answer(&mut state.world, site, request);
                let lost = matches!(other, Some(FaultKind::LostAnswer | FaultKind::CrashAfter));
                if lost { None } else { Some(answer) }
            }
        };
        state.pass(answer.as_ref().map_or(0, |answer| answer.delay_us));
        let at_us = state.world.now.0;
        state.transcript.add(Entry::Request {
            at_us,
            site: site.to_owned(),
            method: request.method.clone(),
            path,
            content_type: request.media_type().map(str::to_owned),
            parameters: Verb::parse(&request.method)
                .and_then(|verb| params::read(verb, request).ok())
                .unwrap_or_default(),
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
