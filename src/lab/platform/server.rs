//! The sockets, and which service a request is for.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::refusal::{Refusal, json_answer};
use super::{Fault, Platform};
use crate::net::keys::NodeCertificate;
use crate::wire::{self, Manner, RawAnswer, RawRequest};

/// The description's bound on a file, and room for what is around it.
const BODY_BYTES_MAX: u64 = 101 * 1024 * 1024;

/// The account to which tokens are given.
const ACCOUNT: &str = "coop";

const MANNER: Manner = Manner {
    requests_max: u32::MAX,
    headers: &[],
    goes_on: None,
    reads_body: |request: &RawRequest| request.content_length() <= BODY_BYTES_MAX,
    takes_chunks: true,
};

/// TLS with a certificate.
pub fn acceptor(certificate: &NodeCertificate) -> Result<TlsAcceptor, rustls::Error> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.key.clone()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.certificate.clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves every connection.
pub async fn listen(platform: Platform, listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(platform.clone(), stream, acceptor.clone()));
    }
}

async fn serve(platform: Platform, stream: TcpStream, acceptor: TlsAcceptor) {
    // A client that does not trust the certificate ends the handshake: an ordinary end.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let respond = move |request: RawRequest| {
        let answer = platform.respond(&request);
        async move { answer }
    };
    // A connection that breaks is an ordinary end.
    let _ = wire::serve(stream, &MANNER, respond).await;
}

impl Platform {
    /// The answer to a request; `None` cuts the connection.
    fn respond(&self, request: &RawRequest) -> Option<RawAnswer> {
        let mut state = self.lock();
        state.requests += 1;
        state.tick();
        let path = request.path();
        let pieces: Vec<&str> = path.trim_matches('/').split('/').collect();
        if pieces == ["token"] {
            return Some(state.give_token(request));
        }
        let Some(("flow-service" | "directory-service", route)) =
            pieces.split_first().map(|(first, rest)| (*first, rest))
        else {
            return Some(Refusal::missing().answer());
        };
        if route == ["v1", "healthcheck"] {
            return Some(json_answer(200, &json!({})));
        }
        if let Err(refusal) = state.authorise(request) {
            return Some(refusal.answer());
        }
        let method = request.method.as_str();
        let answered = match (pieces[0], method, route) {
            ("flow-service", "POST", ["v1", "flows"]) => {
                return match state.fault.take() {
                    Some(Fault::Cut) => None,
                    Some(Fault::Status(status)) => Some(Refusal::of_status(status).answer()),
                    Some(Fault::LostAnswer) => {
                        let _ = state.deposit(request);
                        None
                    }
                    None => Some(state.deposit(request).unwrap_or_else(|refusal| refusal.answer())),
                };
            }
            ("flow-service", "POST", ["v1", "flows", "search"]) => state.search(&request.body),
            ("flow-service", "GET", ["v1", "flows", flow]) => state.download(flow, request.query()),
            ("directory-service", "POST", ["v1", "directory-line", "search"]) => state.look_up(&request.body),
            _ => Err(Refusal::missing()),
        };
        Some(answered.unwrap_or_else(|refusal| refusal.answer()))
    }
}

impl super::State {
    fn authorise(&self, request: &RawRequest) -> Result<(), Refusal> {
        match request.header("Authorization") {
            None => Err(Refusal::new(401, "MISSING_TOKEN", "")),
            Some(shown) if shown == format!("Bearer {}", self.token) => Ok(()),
            Some(_) => Err(Refusal::new(401, "INVALID_TOKEN", "")),
        }
    }

    /// OAuth 2, client credentials.
    fn give_token(&self, request: &RawRequest) -> RawAnswer {
        let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{}-secret", self.token)));
        let asks = String::from_utf8_lossy(&request.body).contains("grant_type=client_credentials");
        if request.header("Authorization") == Some(expected.as_str()) && asks && request.method == "POST" {
            let given = json!({ "access_token": self.token, "token_type": "Bearer", "expires_in": 3600 });
            return json_answer(200, &given);
        }
        json_answer(401, &json!({ "error": "invalid_client" }))
    }
}
