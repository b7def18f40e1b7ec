//! Requests to one backup server and their answers.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::Upid;
use super::error::PbsError;
use crate::ssh::Route;
use crate::transport::form::{Form, encode};
use crate::transport::{Call, Content, Fingerprint, NotAnswered, Peer, Raw, Transport};
use crate::util::limits;
use crate::util::redact::Redactor;

/// Header against cross-site requests, wanted of tickets with everything that writes.
const CSRF: HeaderName = HeaderName::from_static("csrfpreventiontoken");

/// Where a backup server answers.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id in the inventory, for messages.
    pub name: String,
    /// Host name or address, as seen from where `route` leads.
    pub host: String,
    /// Port of the API, 8007 as a rule.
    pub port: u16,
    /// The certificate that it must show, or that of the authority behind it.
    pub pin: Fingerprint,
    /// How it is reached.
    pub route: Route,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Account {
    id: String,
    secret: SecretString,
}

/// The texts are no account.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{id}` and its secret are not an account of a backup server\n\nexpected `user@realm` with a password, or `user@realm!name` with the UUID that the server showed once"
)]
pub struct AccountError {
    id: String,
}

impl Account {
    /// A user `user@realm` with a password, or a token `user@realm!name` with its value.
    ///
    /// # Errors
    /// When the id has another form, or a token's value holds what no HTTP header can carry.
    pub fn new(id: impl Into<String>, secret: SecretString) -> Result<Account, AccountError> {
        let id = id.into();
        let is_visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let sound = id.contains('@') && is_visible(&id) && (!id.contains('!') || is_visible(secret.expose_secret()));
        if sound { Ok(Account { id, secret }) } else { Err(AccountError { id }) }
    }

    /// `user@realm` or `user@realm!name`.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn is_token(&self) -> bool {
        self.id.contains('!')
    }
}

/// A client of one server. Clones share connections, the ticket and the limit on requests.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    server: Server,
    account: Account,
    transport: Transport,
    redactor: Arc<Redactor>,
    /// What a user was given for the password, until the server accepts it no more.
    ticket: Mutex<Option<Vec<(HeaderName, HeaderValue)>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} as {}", self.transport.base(), self.account.id)
    }
}

#[derive(serde::Deserialize)]
struct Ticket {
    ticket: SecretString,
    #[serde(rename = "CSRFPreventionToken")]
    csrf: SecretString,
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) content: Content,
}

/// The body of a good answer.
struct Answer {
    data: Value,
    digest: Option<String>,
}

impl Client {
    /// A client; it connects with the first request. The redactor learns the account's secret.
    pub fn new(server: Server, account: Account, redactor: Arc<Redactor>) -> Client {
        redactor.learn(&account.secret);
        let peer = Peer {
            host: server.host.clone(),
            port: server.port,
            pin: server.pin,
            other_name: None,
            route: server.route.clone(),
        };
        let transport = Transport::new(peer);
        Client { shared: Arc::new(Shared { server, account, transport, redactor, ticket: Mutex::new(None) }) }
    }

    /// The server's id.
    pub fn server(&self) -> &str {
        &self.shared.server.name
    }

    /// `user@realm` or `user@realm!name`.
    pub fn account(&self) -> &str {
        self.shared.account.id()
    }

    /// What keeps secrets out of texts.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Reads; parameters go behind the path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PbsError> {
        self.read(&Request { method: Method::GET, path, content: Content::Form(form) }).await.map(|(data, _)| data)
    }

    /// Reads a configuration with its digest, for a change that must not meet another one.
    pub(super) async fn get_config<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Option<String>), PbsError> {
        self.read(&Request { method: Method::GET, path, content: Content::Form(Form::new()) }).await
    }

    /// Creates or acts.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PbsError> {
        self.read(&Request { method: Method::POST, path, content: Content::Form(form) }).await.map(|(data, _)| data)
    }

    /// Changes.
    pub(super) async fn put<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PbsError> {
        self.read(&Request { method: Method::PUT, path, content: Content::Form(form) }).await.map(|(data, _)| data)
    }

    /// Creates with a JSON body: lists are clearer there.
    pub(super) async fn post_json<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, PbsError> {
        let content = Content::Json(body.to_string());
        self.read(&Request { method: Method::POST, path, content }).await.map(|(data, _)| data)
    }

    /// Changes with a JSON body.
    pub(super) async fn put_json<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, PbsError> {
        let content = Content::Json(body.to_string());
        self.read(&Request { method: Method::PUT, path, content }).await.map(|(data, _)| data)
    }

    /// Removes; parameters go behind the path.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str, form: Form) -> Result<T, PbsError> {
        self.read(&Request { method: Method::DELETE, path, content: Content::Form(form) }).await.map(|(data, _)| data)
    }

    /// Starts a task.
    pub(super) async fn start(&self, path: &str, form: Form) -> Result<Upid, PbsError> {
        let request = Request { method: Method::POST, path, content: Content::Form(form) };
        let (text, _): (String, _) = self.read(&request).await?;
        text.parse().map_err(|error: super::NotAUpid| PbsError::Malformed {
            call: self.name(&request),
            why: error.to_string(),
            writes: true,
        })
    }

    async fn read<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<(T, Option<String>), PbsError> {
        let answer = match self.exchange(request).await {
            // A ticket lasts two hours: the password gets a new one, once.
            Err(PbsError::Unauthorised { .. }) if !self.shared.account.is_token() => {
                *self.shared.ticket.lock().await = None;
                self.exchange(request).await?
            }
            outcome => outcome?,
        };
        let data = serde_json::from_value(answer.data).map_err(|error| self.malformed(request, &error.to_string()))?;
        Ok((data, answer.digest))
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Answer, PbsError> {
        let headers = self.credentials(request.writes()).await?;
        self.send(request, &headers).await
    }

    /// A token goes along as it is; a user shows the ticket that the password was given for.
    async fn credentials(&self, writes: bool) -> Result<Vec<(HeaderName, HeaderValue)>, PbsError> {
        let account = &self.shared.account;
        if account.is_token() {
            let value = format!("PBSAPIToken={}:{}", account.id, account.secret.expose_secret());
            return Ok(vec![(AUTHORIZATION, sensitive(value))]);
        }
        let mut ticket = self.shared.ticket.lock().await;
        let headers = match &*ticket {
            Some(headers) => headers.clone(),
            None => {
                let headers = self.log_in().await?;
                ticket.insert(headers).clone()
            }
        };
        Ok(headers.into_iter().filter(|(name, _)| writes || *name != CSRF).collect())
    }

    async fn log_in(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PbsError> {
        let account = &self.shared.account;
        let form = Form::new().with("username", &account.id).with("password", account.secret.expose_secret());
        let request = Request { method: Method::POST, path: "/access/ticket", content: Content::Form(form) };
        let answer = self.send(&request, &[]).await?;
        let given: Ticket =
            serde_json::from_value(answer.data).map_err(|_| self.malformed(&request, "no ticket in it"))?;
        self.shared.redactor.learn(&given.ticket);
        self.shared.redactor.learn(&given.csrf);
        let cookie = format!("PBSAuthCookie={}", encode(given.ticket.expose_secret()));
        Ok(vec![(COOKIE, sensitive(cookie)), (CSRF, sensitive(given.csrf.expose_secret().to_owned()))])
    }

    async fn send(&self, request: &Request<'_>, headers: &[(HeaderName, HeaderValue)]) -> Result<Answer, PbsError> {
        let call =
            Call { method: request.method.clone(), path: request.path, content: request.content.clone(), headers };
        let Raw { status, reason, body } =
            self.shared.transport.send(&call).await.map_err(|why| self.not_answered(request, why))?;
        if status < 400 {
            return self.read_envelope(request, &body);
        }
        // Plain text, whatever the content type says.
        let text = String::from_utf8_lossy(&body);
        let message = match text.trim() {
            "" => reason.unwrap_or_else(|| "no explanation".to_owned()),
            text => text.to_owned(),
        };
        let message = self.shared.redactor.clean(&message);
        let server = self.server();
        Err(PbsError::refused(self.name(request), server, self.account(), status, message, request.writes()))
    }

    fn read_envelope(&self, request: &Request<'_>, body: &[u8]) -> Result<Answer, PbsError> {
        match serde_json::from_slice(body).map_err(|error| self.malformed(request, &error.to_string()))? {
            Value::Object(mut envelope) if envelope.contains_key("data") => {
                let digest = envelope.get("digest").and_then(Value::as_str).map(str::to_owned);
                Ok(Answer { data: envelope.remove("data").unwrap_or_default(), digest })
            }
            _ => Err(self.malformed(request, "no `data`")),
        }
    }

    fn not_answered(&self, request: &Request<'_>, why: NotAnswered) -> PbsError {
        let server = &self.shared.server;
        match why {
            NotAnswered::Lost(source) => {
                PbsError::LostAnswer { call: self.name(request), source, writes: request.writes() }
            }
            NotAnswered::TooLong => {
                self.malformed(request, &format!("longer than {} bytes", limits::PVE_BODY_BYTES_MAX))
            }
            NotAnswered::Untrusted(got) => {
                PbsError::Untrusted { server: server.name.clone(), expected: server.pin, got }
            }
            NotAnswered::Unreachable(source) => PbsError::Unreachable {
                server: server.name.clone(),
                address: self.shared.transport.peer().address(),
                source,
            },
        }
    }

    fn malformed(&self, request: &Request<'_>, why: &str) -> PbsError {
        PbsError::Malformed { call: self.name(request), why: self.shared.redactor.clean(why), writes: request.writes() }
    }

    fn name(&self, request: &Request<'_>) -> String {
        format!("{} {} on `{}`", request.method, request.path, self.server())
    }
}

impl Request<'_> {
    fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// A header that nobody prints. Ids and tickets are visible characters.
fn sensitive(text: String) -> HeaderValue {
    let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
