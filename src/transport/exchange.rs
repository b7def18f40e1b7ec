//! One request and its answer.

use std::error::Error;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use tokio::sync::Semaphore;

use super::form::Form;
use super::pin::{Fingerprint, PinVerifier};
use crate::ssh::{Address, JumpHost, Route};
use crate::util::limits;

/// The name under which a server behind a jump host is called: without a port of its own, so that the loopback port of
/// the tunnel counts, and never looked up anywhere.
const TUNNEL_NAME: &str = "node.invalid";

/// A server.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Host name or address, as seen from where `route` leads.
    pub host: String,
    /// Port of the API.
    pub port: u16,
    /// The certificate that it must show, or that of the authority behind it.
    pub pin: Fingerprint,
    /// Another name that a certificate of the pinned authority may bear.
    pub other_name: Option<String>,
    /// How it is reached.
    pub route: Route,
}

impl Peer {
    /// Host and port, as messages name them.
    pub fn address(&self) -> String {
        Address { host: self.host.clone(), port: self.port }.to_string()
    }
}

/// What is sent along with a request.
#[derive(Debug, Clone)]
pub enum Content {
    /// Parameters: behind the path of a GET or DELETE, in the body of a POST or PUT.
    Form(Form),
    /// A JSON body.
    Json(String),
}

/// One request, kept so that reading can be repeated.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Its method.
    pub method: Method,
    /// The path below `/api2/json`.
    pub path: &'a str,
    /// Its parameters.
    pub content: Content,
    /// Who asks; values are sensitive.
    pub headers: &'a [(HeaderName, HeaderValue)],
}

impl Call<'_> {
    /// Whether it may change something.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// An answer, whatever it says.
#[derive(Debug)]
pub struct Raw {
    /// HTTP status.
    pub status: u16,
    /// The server's own reason phrase, or the usual one of its status.
    pub reason: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// No answer came back.
#[derive(Debug)]
pub enum NotAnswered {
    /// No connection: nothing was sent.
    Unreachable(reqwest::Error),
    /// The server shows another certificate than the pinned one: nothing was sent.
    Untrusted(Fingerprint),
    /// The request left, no whole answer came back.
    Lost(reqwest::Error),
    /// The answer is longer than any that Proxmox sends.
    TooLong,
}

/// The connections to one server.
pub struct Transport {
    peer: Peer,
    base: String,
    http: reqwest::Client,
    verifier: Arc<PinVerifier>,
    slots: Semaphore,
}

impl Transport {
    /// Connections are made with the first request.
    pub fn new(peer: Peer) -> Transport {
        let names: Vec<&str> = std::iter::once(peer.host.as_str()).chain(peer.other_name.as_deref()).collect();
        let verifier = PinVerifier::new(peer.pin, &names);
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(verifier.client_config())
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits::PVE_CONNECT_TIMEOUT)
            .timeout(limits::PVE_REQUEST_TIMEOUT)
            .pool_idle_timeout(limits::PVE_IDLE_TIMEOUT)
            .pool_max_idle_per_host(limits::PVE_REQUESTS_PER_NODE_MAX);
        let (builder, authority) = match &peer.route {
            Route::Direct => (builder, peer.address()),
            Route::Jump(jump) => {
                let address = Address { host: peer.host.clone(), port: peer.port };
                let tunnels = Tunnels { jump: Arc::clone(jump), address };
                (builder.dns_resolver(Arc::new(tunnels)), TUNNEL_NAME.to_owned())
            }
        };
        Transport {
            base: format!("https://{authority}/api2/json"),
            http: builder.build().expect("these settings always make a client"),
            verifier,
            slots: Semaphore::new(limits::PVE_REQUESTS_PER_NODE_MAX),
            peer,
        }
    }

    /// The server.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Where requests go.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request, within the bound on requests at once. Reading is repeated once when the connection was lost, and
    /// anything once when there was no connection.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub async fn send(&self, call: &Call<'_>) -> Result<Raw, NotAnswered> {
        let _slot = self.slots.acquire().await.expect("the slots are never closed");
        match self.exchange(call).await {
            // The server closes idle connections and recycles its workers; for reading that is worth one more try.
            Err(NotAnswered::Lost(source)) if !call.writes() && !source.is_timeout() => self.exchange(call).await,
            // Nothing was sent, so nothing can happen twice: a tunnel that stalled is replaced by a new one.
            Err(NotAnswered::Unreachable(_)) => self.exchange(call).await,
            outcome => outcome,
        }
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Raw, NotAnswered> {
        let mut url = format!("{}{}", self.base, call.path);
        let in_body = call.method == Method::POST || call.method == Method::PUT;
        if let Content::Form(form) = &call.content
            && !in_body
            && !form.is_empty()
        {
            url = format!("{url}?{}", form.encoded());
        }
        let mut builder = self.http.request(call.method.clone(), url);
        for (name, value) in call.headers {
            builder = builder.header(name.clone(), value.clone());
        }
        if in_body {
            builder = match &call.content {
                // A content type without content would be an error (sheet Proxmox, section 1).
                Content::Form(form) if form.is_empty() => builder.header(CONTENT_LENGTH, 0),
                Content::Form(form) => {
                    builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.encoded())
                }
                Content::Json(text) => builder.header(CONTENT_TYPE, "application/json").body(text.clone()),
            };
        }
        let response = builder.send().await.map_err(|error| self.not_answered(error))?;
        let status = response.status().as_u16();
        let reason = reason_phrase(&response);
        let body = self.read_body(response).await?;
        Ok(Raw { status, reason, body })
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, NotAnswered> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.not_answered(error))? {
            if body.len() + part.len() > limits::PVE_BODY_BYTES_MAX {
                return Err(NotAnswered::TooLong);
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn not_answered(&self, error: reqwest::Error) -> NotAnswered {
        // Without the URL, whose query may hold what the redactor would have to find.
        let source = error.without_url();
        if !source.is_connect() {
            return NotAnswered::Lost(source);
        }
        match self.verifier.turned_away().filter(|_| is_certificate_refused(&source)) {
            Some(got) => NotAnswered::Untrusted(got),
            None => NotAnswered::Unreachable(source),
        }
    }
}

/// The server's own reason phrase, or the usual one of its status.
fn reason_phrase(response: &Response) -> Option<String> {
    let own = response.extensions().get::<hyper::ext::ReasonPhrase>();
    let own = own.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
    own.or_else(|| response.status().canonical_reason().map(str::to_owned))
}

/// Our verifier said no. Layers of IO errors, which hide their content from `source`, lie around its answer.
fn is_certificate_refused(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return *tls == rustls::CertificateError::ApplicationVerificationFailure.into();
        }
        let inside = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    false
}

/// Gives every new connection a tunnel of its own through the jump host.
struct Tunnels {
    jump: Arc<JumpHost>,
    address: Address,
}

impl Resolve for Tunnels {
    fn resolve(&self, _: Name) -> Resolving {
        let (jump, address) = (Arc::clone(&self.jump), self.address.clone());
        Box::pin(async move {
            let tunnel = jump.forward(&address.host, address.port).await?;
            Ok(Box::new(std::iter::once(tunnel)) as Addrs)
        })
    }
}
