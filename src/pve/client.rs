//! Requests to one node and their answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Upid;
use super::error::{PveError, Refusal};
use crate::ssh::Route;
use crate::transport::form::{Form, encode};
use crate::transport::{Call, Content, Fingerprint, NotAnswered, Peer, Raw, Transport};
use crate::util::limits;
use crate::util::redact::Redactor;

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
    headers: [(HeaderName, HeaderValue); 1],
    transport: Transport,
    redactor: Arc<Redactor>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} as {}", self.transport.base(), self.token_id)
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
        let peer = Peer {
            host: endpoint.host.clone(),
            port: endpoint.port,
            pin: endpoint.pin,
            other_name: Some(endpoint.node.clone()),
            route: endpoint.route.clone(),
        };
        let Credentials { token_id, secret } = credentials;
        let authorization = format!("PVEAPIToken={token_id}={}", secret.expose_secret());
        let mut authorization = HeaderValue::try_from(authorization).expect("credentials are visible characters");
        authorization.set_sensitive(true);
        let headers = [(AUTHORIZATION, authorization)];
        let shared = Shared { endpoint, token_id, headers, transport: Transport::new(peer), redactor };
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
        let answer = self.exchange(&request).await?;
        let total = answer.total;
        let data = serde_json::from_value(answer.data).map_err(|error| self.malformed(&request, &error.to_string()))?;
        Ok((data, total))
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Answer, PveError> {
        let call = Call {
            method: request.method.clone(),
            path: request.path,
            content: Content::Form(request.form.clone()),
            headers: &self.shared.headers,
        };
        let Raw { status, reason, body } =
            self.shared.transport.send(&call).await.map_err(|why| self.not_answered(request, why))?;
        if status < 400 {
            return self.read_envelope(request, &body);
        }
        let refusal = self.read_refusal(status, reason, &body);
        Err(refusal.into_error(self.name(request), self.node(), &self.shared.token_id, request.writes()))
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

    fn not_answered(&self, request: &Request<'_>, why: NotAnswered) -> PveError {
        let endpoint = &self.shared.endpoint;
        match why {
            NotAnswered::Lost(source) => {
                PveError::LostAnswer { call: self.name(request), source, writes: request.writes() }
            }
            NotAnswered::TooLong => {
                self.malformed(request, &format!("longer than {} bytes", limits::PVE_BODY_BYTES_MAX))
            }
            NotAnswered::Untrusted(got) => {
                PveError::Untrusted { node: endpoint.node.clone(), expected: endpoint.pin, got }
            }
            NotAnswered::Unreachable(source) => PveError::Unreachable {
                node: endpoint.node.clone(),
                address: self.shared.transport.peer().address(),
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
