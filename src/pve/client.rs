//! Requests to one node and their answers.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::error::{PveError, Refusal};
use super::form::{Form, encode};
use super::pin::{Fingerprint, PinVerifier};
use super::upid::Upid;
use crate::ssh::{Address, JumpHost, Route};
use crate::util::limits;
use crate::util::redact::Redactor;

/// The name under which a node behind a jump host is called: without a port of its own, so that the loopback port of
/// the tunnel counts, and never looked up anywhere.
const TUNNEL_NAME: &str = "node.invalid";

/// Where a node answers.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name as Proxmox knows it.
    pub node: String,
    /// Host name or address, as seen from where `route` leads.
    pub host: String,
    /// Port of the API, 8006 as a rule.
    pub port: u16,
    /// The certificate that it must show, or that of the authority behind it.
    pub pin: Fingerprint,
    /// How it is reached.
    pub route: Route,
}

/// An API token.
#[derive(Debug, Clone)]
pub struct Credentials {
    token_id: String,
    secret: SecretString,
}

/// The texts are no API token.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{token_id}` and its secret are not an API token\n\nexpected `user@realm!name` and the UUID that Proxmox showed once, both without blanks"
)]
pub struct CredentialsError {
    token_id: String,
}

impl Credentials {
    /// A token `user@realm!name` with its secret.
    ///
    /// # Errors
    /// When the id has another form, or one of the two holds what no HTTP header can carry.
    pub fn new(token_id: impl Into<String>, secret: SecretString) -> Result<Credentials, CredentialsError> {
        let token_id = token_id.into();
        let has_form = token_id.split_once('@').is_some_and(|(_, rest)| rest.contains('!'));
        let is_visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        match has_form && is_visible(&token_id) && is_visible(secret.expose_secret()) {
            true => Ok(Credentials { token_id, secret }),
            false => Err(CredentialsError { token_id }),
        }
    }
}

/// A client of one node. Clones share connections and the limit on requests.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    token_id: String,
    authorization: HeaderValue,
    base: String,
    http: reqwest::Client,
    verifier: Arc<PinVerifier>,
    redactor: Arc<Redactor>,
    slots: Semaphore,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} as {}", self.base, self.token_id)
    }
}

/// One request, kept so that reading can be repeated.
struct Request<'a> {
    method: Method,
    path: &'a str,
    form: Form,
}

/// The body of a good answer.
struct Answer {
    data: Value,
    /// Entries of a list that is read in parts.
    total: Option<u64>,
}

impl Client {
    /// A client; it connects with the first request. The redactor learns the token's secret.
    pub fn new(endpoint: Endpoint, credentials: Credentials, redactor: Arc<Redactor>) -> Client {
        redactor.learn(&credentials.secret);
        let verifier = PinVerifier::new(endpoint.pin, &[&endpoint.host, &endpoint.node]);
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(verifier.client_config())
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits::PVE_CONNECT_TIMEOUT)
            .timeout(limits::PVE_REQUEST_TIMEOUT)
            .pool_idle_timeout(limits::PVE_IDLE_TIMEOUT)
            .pool_max_idle_per_host(limits::PVE_REQUESTS_PER_NODE_MAX);
        let address = Address { host: endpoint.host.clone(), port: endpoint.port };
        let (builder, authority) = match &endpoint.route {
            Route::Direct => (builder, address.to_string()),
            Route::Jump(jump) => {
                let tunnels = Tunnels { jump: Arc::clone(jump), address };
                (builder.dns_resolver(Arc::new(tunnels)), TUNNEL_NAME.to_owned())
            }
        };
        let Credentials { token_id, secret } = credentials;
        let authorization = format!("PVEAPIToken={token_id}={}", secret.expose_secret());
        let mut authorization = HeaderValue::try_from(authorization).expect("credentials are visible characters");
        authorization.set_sensitive(true);
        let shared = Shared {
            endpoint,
            token_id,
            authorization,
            base: format!("https://{authority}/api2/json"),
            http: builder.build().expect("these settings always make a client"),
            verifier,
            redactor,
            slots: Semaphore::new(limits::PVE_REQUESTS_PER_NODE_MAX),
        };
        Client { shared: Arc::new(shared) }
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.shared.endpoint.node
    }

    /// The token that this client uses: `user@realm!name`.
    pub fn token_id(&self) -> &str {
        &self.shared.token_id
    }

    /// What keeps secrets out of texts.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// `/nodes/NODE` and the rest.
    pub(super) fn node_path(&self, rest: &str) -> String {
        format!("/nodes/{}{rest}", encode(self.node()))
    }

    /// Reads; parameters go behind the path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PveError> {
        self.read(Request { method: Method::GET, path, form }).await.map(|(data, _)| data)
    }

    /// Reads a part of a list; gives the number of entries of the whole beside it.
    pub(super) async fn get_part<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<(T, u64), PveError> {
        let request = Request { method: Method::GET, path, form };
        let call = self.name(&request);
        let (data, total) = self.read(request).await?;
        let why = "a list in parts without `total`".to_owned();
        Ok((data, total.ok_or(PveError::Malformed { call, why, writes: false })?))
    }

    /// Creates or acts; parameters go into the body.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PveError> {
        self.read(Request { method: Method::POST, path, form }).await.map(|(data, _)| data)
    }

    /// Changes; parameters go into the body.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PveError> {
        self.read(Request { method: Method::PUT, path, form }).await.map(|(data, _)| data)
    }

    /// Removes; parameters go behind the path, for a body would be refused.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PveError> {
        self.read(Request { method: Method::DELETE, path, form }).await.map(|(data, _)| data)
    }

    /// Starts a task with POST.
    pub(super) async fn start(&self, path: &str, form: Form) -> Result<Upid, PveError> {
        self.task(Request { method: Method::POST, path, form }).await
    }

    /// Starts a task with DELETE.
    pub(super) async fn start_delete(&self, path: &str, form: Form) -> Result<Upid, PveError> {
        self.task(Request { method: Method::DELETE, path, form }).await
    }

    /// Starts a task with PUT.
    pub(super) async fn start_put(&self, path: &str, form: Form) -> Result<Upid, PveError> {
        self.task(Request { method: Method::PUT, path, form }).await
    }

    async fn task(&self, request: Request<'_>) -> Result<Upid, PveError> {
        let call = self.name(&request);
        let (text, _): (String, _) = self.read(request).await?;
        text.parse().map_err(|error: super::NotAUpid| PveError::Malformed {
            call,
            why: error.to_string(),
            writes: true,
        })
    }

    async fn read<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<(T, Option<u64>), PveError> {
        let _slot = self.shared.slots.acquire().await.expect("the slots are never closed");
        let answer = match self.exchange(&request).await {
            // The server closes idle connections and recycles its workers; for reading that is worth one more try.
            Err(PveError::LostAnswer { source, .. }) if request.method == Method::GET && !source.is_timeout() => {
                self.exchange(&request).await?
            }
            // Nothing was sent, so nothing can happen twice: a tunnel that stalled is replaced by a new one.
            Err(PveError::Unreachable { .. }) => self.exchange(&request).await?,
            outcome => outcome?,
        };
        let total = answer.total;
        let data = serde_json::from_value(answer.data).map_err(|error| self.malformed(&request, &error.to_string()))?;
        Ok((data, total))
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Answer, PveError> {
        let mut url = format!("{}{}", self.shared.base, request.path);
        let in_body = request.method == Method::POST || request.method == Method::PUT;
        if !in_body && !request.form.is_empty() {
            url = format!("{url}?{}", request.form.encoded());
        }
        let mut builder = self.shared.http.request(request.method.clone(), url);
        builder = builder.header(AUTHORIZATION, self.shared.authorization.clone());
        if in_body {
            builder = match request.form.is_empty() {
                // A content type without content would be an error (section 1).
                true => builder.header(CONTENT_LENGTH, 0),
                false => builder.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(request.form.encoded()),
            };
        }
        let response = builder.send().await.map_err(|error| self.not_answered(request, error))?;
        let status = response.status().as_u16();
        let reason = reason_phrase(&response);
        let body = self.read_body(request, response).await?;
        if status < 400 {
            return self.read_envelope(request, &body);
        }
        let refusal = self.read_refusal(status, reason, &body);
        Err(refusal.into_error(self.name(request), self.node(), &self.shared.token_id, request.writes()))
    }

    async fn read_body(&self, request: &Request<'_>, mut response: Response) -> Result<Vec<u8>, PveError> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.not_answered(request, error))? {
            if body.len() + part.len() > limits::PVE_BODY_BYTES_MAX {
                let why = format!("longer than {} bytes", limits::PVE_BODY_BYTES_MAX);
                return Err(self.malformed(request, &why));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn read_envelope(&self, request: &Request<'_>, body: &[u8]) -> Result<Answer, PveError> {
        let envelope: Value =
            serde_json::from_slice(body).map_err(|error| self.malformed(request, &error.to_string()))?;
        match envelope {
            Value::Object(mut envelope) if envelope.contains_key("data") => {
                let total = envelope.get("total").and_then(Value::as_u64);
                Ok(Answer { data: envelope.remove("data").unwrap_or_default(), total })
            }
            _ => Err(self.malformed(request, "no `data`")),
        }
    }

    /// Older versions put the text only into the reason phrase, and so do answers without a body (section 1).
    fn read_refusal(&self, status: u16, reason: Option<String>, body: &[u8]) -> Refusal {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let message = body.get("message").and_then(Value::as_str).map(str::trim_end).filter(|text| !text.is_empty());
        let message = message.map(str::to_owned).or(reason).unwrap_or_else(|| "no explanation".to_owned());
        let clean = |text: &str| self.shared.redactor.clean(text.trim_end());
        let errors: BTreeMap<String, String> = match body.get("errors") {
            Some(Value::Object(errors)) => {
                errors.iter().map(|(name, text)| (name.clone(), clean(text.as_str().unwrap_or_default()))).collect()
            }
            _ => BTreeMap::new(),
        };
        Refusal { status, message: clean(&message), errors }
    }

    fn not_answered(&self, request: &Request<'_>, error: reqwest::Error) -> PveError {
        // Without the URL, whose query may hold what the redactor would have to find.
        let source = error.without_url();
        let endpoint = &self.shared.endpoint;
        if !source.is_connect() {
            return PveError::LostAnswer { call: self.name(request), source, writes: request.writes() };
        }
        match self.shared.verifier.turned_away().filter(|_| is_certificate_refused(&source)) {
            Some(got) => PveError::Untrusted { node: endpoint.node.clone(), expected: endpoint.pin, got },
            None => PveError::Unreachable {
                node: endpoint.node.clone(),
                address: Address { host: endpoint.host.clone(), port: endpoint.port }.to_string(),
                source,
            },
        }
    }

    /// An answer to reading `path` that is well-formed and yet not what it should be.
    pub(super) fn unexpected(&self, path: &str, why: String) -> PveError {
        self.malformed(&Request { method: Method::GET, path, form: Form::new() }, &why)
    }

    fn malformed(&self, request: &Request<'_>, why: &str) -> PveError {
        PveError::Malformed { call: self.name(request), why: self.shared.redactor.clean(why), writes: request.writes() }
    }

    fn name(&self, request: &Request<'_>) -> String {
        format!("{} {} on `{}`", request.method, request.path, self.node())
    }
}

impl Request<'_> {
    fn writes(&self) -> bool {
        self.method != Method::GET
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
