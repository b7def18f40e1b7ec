//! Proxmox's API over TLS, with the faults planned for its requests and the transcript of its answers.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::Lab;
use super::fault::FaultKind;
use super::keys::NodeCertificate;
use super::transcript::Entry;
use crate::lab::pve::state::FailNext;
use crate::lab::pve::wire::{self, RawAnswer, RawRequest};

/// How long a request takes in simulated time, its own waiting excluded.
const REQUEST_US: u64 = 20_000;

/// Speaks HTTPS as a site's node until the connection ends.
pub async fn serve<S>(lab: Lab, site: String, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(acceptor) = lab.lock().certificates.get(&site).and_then(acceptor) else { return };
    // A client that does not trust the certificate ends the handshake: an ordinary end.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    wire::serve(stream, move |request| {
        let (lab, site) = (lab.clone(), site.clone());
        async move { lab.request(&site, &request) }
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

impl Lab {
    /// Answers one request; `None` cuts the connection.
    pub fn request(&self, site: &str, request: &RawRequest) -> Option<RawAnswer> {
        let mut state = self.lock();
        state.pass(REQUEST_US);
        if !state.world.sites.get(site).is_some_and(|place| place.online) {
            return None;
        }
        let described = wire::describe(request);
        let fault = state.faults.take(site, &format!("{} {}", described.method, described.path));
        let crash = matches!(fault, Some(FaultKind::CrashBefore | FaultKind::CrashAfter));
        let answer = match fault {
            Some(FaultKind::CutBefore | FaultKind::CrashBefore) => None,
            Some(FaultKind::Offline { seconds }) => {
                state.go_offline(site, seconds);
                None
            }
            Some(FaultKind::Status { code, reason, done }) => {
                if done {
                    wire::answer(&mut state.world, site, request);
                }
                Some(RawAnswer::refusal(code, &reason))
            }
            Some(FaultKind::TaskFails { text }) => {
                if let Some(place) = state.world.sites.get_mut(site) {
                    place.pve.fail_next.push(FailNext { task_type: None, text });
                }
                Some(wire::answer(&mut state.world, site, request))
            }
            other => {
                let answer = wire::answer(&mut state.world, site, request);
                let lost = matches!(other, Some(FaultKind::LostAnswer | FaultKind::CrashAfter));
                if lost { None } else { Some(answer) }
            }
        };
        state.pass(answer.as_ref().map_or(0, |answer| answer.delay_us));
        let at_us = state.world.now.0;
        state.transcript.add(Entry::Request {
            at_us,
            site: site.to_owned(),
            method: described.method,
            path: described.path,
            content_type: described.content_type,
            parameters: described.parameters,
            status: answer.as_ref().map_or(0, |answer| answer.status),
        });
        drop(state);
        if crash {
            self.tell_crash();
        }
        answer
    }
}
