//! A platform over HTTP: the flow service of XP Z12-013 1.3.0, and the directory service beside it.

mod multipart;
mod wire;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::cdar;
use super::{Acknowledged, Deposit, DirectoryLine, Filed, Inbox, Incoming, LineState, Platform, PlatformError, Syntax};
use crate::util::limits;
use crate::util::redact::Redactor;
use crate::util::remote::Sent;

/// How the platform knows us.
#[derive(Clone)]
pub enum Access {
    /// A token that it gave us.
    Token(SecretString),
    /// OAuth 2 with client credentials: a token is fetched with them when it is needed.
    Client {
        /// Where tokens are given.
        token_url: String,
        /// Our name there.
        id: String,
        /// Our secret there.
        secret: SecretString,
    },
}

/// A platform.
pub struct HttpPlatform {
    http: Client,
    flows: Url,
    directory: Option<Url>,
    access: Access,
    token: tokio::sync::Mutex<Option<SecretString>>,
    redactor: Redactor,
}

impl HttpPlatform {
    /// The platform whose flow service is at `flows`, as in `https://api.example/flow-service`; nothing is opened yet.
    ///
    /// # Errors
    /// [`PlatformError::Address`] when an address is none, or not `https`.
    pub fn new(
        flows: &str,
        directory: Option<&str>,
        access: Access,
        tls: rustls::ClientConfig,
    ) -> Result<HttpPlatform, PlatformError> {
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits::PLATFORM_CONNECT_TIMEOUT)
            .timeout(limits::PLATFORM_REQUEST_TIMEOUT)
            .build()
            .map_err(|_| PlatformError::Address { url: flows.to_owned() })?;
        let redactor = Redactor::default();
        match &access {
            Access::Token(secret) | Access::Client { secret, .. } => redactor.learn(secret),
        }
        Ok(HttpPlatform {
            http,
            flows: base(flows)?,
            directory: directory.map(base).transpose()?,
            access,
            token: tokio::sync::Mutex::new(None),
            redactor,
        })
    }

    /// The lines of the directory of a company; none: it receives nothing electronically yet.
    ///
    /// # Errors
    /// [`PlatformError::Address`] when the platform has no directory service in the inventory, or when it does not answer.
    pub async fn look_up(&self, siren: &str) -> Result<Vec<DirectoryLine>, PlatformError> {
        let directory = self.directory.as_ref().ok_or(PlatformError::Address { url: "directory_url".to_owned() })?;
        let url = at(directory, &["v1", "directory-line", "search"]);
        let asked = wire::DirectorySearch::of(siren, limits::PLATFORM_PAGE);
        let found: wire::DirectoryFound = self.json(&url, self.http.post(url.clone()).json(&asked)).await?;
        let lines = found.results.into_iter().filter(|line| line.siren == siren);
        lines.map(|line| line.into_line().map_err(|what| foreign(&url, &what))).collect()
    }

    /// The present token.
    async fn bearer(&self) -> Result<SecretString, PlatformError> {
        let Access::Client { token_url, id, secret } = &self.access else {
            let Access::Token(token) = &self.access else { unreachable!("there are two kinds") };
            return Ok(token.clone());
        };
        let mut known = self.token.lock().await;
        if let Some(token) = known.as_ref() {
            return Ok(token.clone());
        }
        let url = base(token_url)?;
        let form = [("grant_type", "client_credentials")];
        let request = self.http.post(url.clone()).basic_auth(id, Some(secret.expose_secret())).form(&form);
        let answer = self.answer(&url, request).await?;
        let given: wire::Token = self.read(&url, answer).await?;
        let token = SecretString::from(given.access_token);
        self.redactor.learn(&token);
        *known = Some(token.clone());
        Ok(token)
    }

    async fn json<T: DeserializeOwned>(&self, url: &Url, request: RequestBuilder) -> Result<T, PlatformError> {
        let answer = self.authorised(url, request).await?;
        self.read(url, answer).await
    }

    async fn authorised(&self, url: &Url, request: RequestBuilder) -> Result<Response, PlatformError> {
        let token = self.bearer().await?;
        self.answer(url, request.bearer_auth(token.expose_secret())).await
    }

    /// Sends a request; an answer that is a refusal is an error by its kind.
    async fn answer(&self, url: &Url, request: RequestBuilder) -> Result<Response, PlatformError> {
        let answer = request.send().await.map_err(|source| PlatformError::Unreachable {
            url: url.to_string(),
            // A connection that was never made carried nothing.
            sent: if source.is_connect() || source.is_builder() { Sent::No } else { Sent::Maybe },
            source: source.without_url(),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let bytes = bounded(answer, limits::PLATFORM_REFUSAL_BYTES_MAX).await.unwrap_or_default();
        let words = self.redactor.clean(&wire::refusal(&bytes));
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                PlatformError::Denied { status: status.as_u16(), words }
            }
            // Not processed: the description names these as refusals of what was sent.
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                PlatformError::Refused { words: format!("{} {words}", status.as_u16()) }
            }
            StatusCode::TOO_MANY_REQUESTS => PlatformError::Busy { status: status.as_u16(), words, sent: Sent::No },
            _ => PlatformError::Busy { status: status.as_u16(), words, sent: Sent::Maybe },
        })
    }

    async fn read<T: DeserializeOwned>(&self, url: &Url, answer: Response) -> Result<T, PlatformError> {
        let bytes = bounded(answer, limits::PLATFORM_BODY_BYTES_MAX).await.map_err(|problem| match problem {
            Problem::Lost(source) => {
                PlatformError::Unreachable { url: url.to_string(), sent: Sent::Maybe, source: source.without_url() }
            }
            Problem::TooLong => foreign(url, "its answer has no end"),
        })?;
        serde_json::from_slice(&bytes).map_err(|error| foreign(url, &error.to_string()))
    }

    /// Every flow that fits, page by page.
    async fn search(&self, wanted: wire::Filters) -> Result<Vec<wire::Flow>, PlatformError> {
        let url = at(&self.flows, &["v1", "flows", "search"]);
        let mut flows = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..limits::PLATFORM_PAGES_MAX {
            let asked = wire::Search { limit: limits::PLATFORM_PAGE, cursor: cursor.take(), filters: wanted.clone() };
            let page: wire::Found = self.json(&url, self.http.post(url.clone()).json(&asked)).await?;
            flows.extend(page.results);
            match page.next_cursor {
                None => return Ok(flows),
                Some(next) => cursor = Some(next),
            }
        }
        Err(foreign(&url, "its list has no end"))
    }

    /// The file of a flow.
    async fn download(&self, flow: &str) -> Result<Vec<u8>, PlatformError> {
        let url = at(&self.flows, &["v1", "flows", flow]);
        let answer = self.authorised(&url, self.http.get(url.clone()).query(&[("docType", "Original")])).await?;
        bounded(answer, cdar::FILE_BYTES_MAX + 1).await.map_err(|problem| match problem {
            Problem::Lost(source) => {
                PlatformError::Unreachable { url: url.to_string(), sent: Sent::No, source: source.without_url() }
            }
            Problem::TooLong => foreign(&url, "the file of a status is too large"),
        })
    }
}

impl Platform for HttpPlatform {
    async fn find(&self, tracking: &str) -> Result<Option<Filed>, PlatformError> {
        let found = self.search(wire::Filters::tracking(tracking)).await?;
        // Servers may compare otherwise than we mean: ours is the one with exactly this name.
        let ours = found.into_iter().filter(|flow| flow.tracking_id.as_deref() == Some(tracking));
        Ok(ours.max_by_key(|flow| !matches!(flow.acknowledged(), Acknowledged::Refused(_))).map(wire::Flow::filed))
    }

    async fn file(&self, deposit: &Deposit<'_>) -> Result<Filed, PlatformError> {
        let url = at(&self.flows, &["v1", "flows"]);
        let info = wire::FlowInfo::of(deposit);
        let info = serde_json::to_vec(&info).map_err(|error| foreign(&url, &error.to_string()))?;
        let media_type = match deposit.syntax {
            Syntax::FacturX => "application/pdf",
            Syntax::Cdar => "application/xml",
        };
        let body = multipart::body(&info, deposit.name, media_type, deposit.bytes, deposit.sha256);
        let request = self.http.post(url.clone()).header("Content-Type", body.media_type).body(body.bytes);
        let filed: wire::FlowFiled = self.json(&url, request).await?;
        Ok(Filed { flow: filed.flow_id, acknowledged: Acknowledged::Pending })
    }

    async fn incoming(&self, since: Option<Timestamp>) -> Result<Inbox, PlatformError> {
        // A little before: what changed at the same moment must not be missed, and what comes again is known.
        let overlap = SignedDuration::try_from(limits::PLATFORM_OVERLAP).unwrap_or(SignedDuration::ZERO);
        let since = since.and_then(|since| since.checked_sub(overlap).ok());
        let mut flows = self.search(wire::Filters::statuses(since)).await?;
        flows.sort_by_key(|flow| flow.updated_at);
        let mut inbox = Inbox::default();
        for flow in flows.into_iter().filter(|flow| flow.flow_syntax == "CDAR") {
            match cdar::read(&self.download(&flow.flow_id).await?) {
                Err(why) => inbox.unreadable.push((flow.flow_id, why)),
                Ok(statuses) => {
                    inbox.statuses.extend(statuses.into_iter().enumerate().map(|(place, status)| Incoming {
                        reference: format!("flow {} {place}", flow.flow_id),
                        seen_at: flow.updated_at,
                        status,
                    }));
                }
            }
        }
        Ok(inbox)
    }

    async fn taken_in(&self, _reference: &str) -> Result<(), PlatformError> {
        Ok(())
    }
}

fn foreign(url: &Url, what: &str) -> PlatformError {
    PlatformError::Foreign { url: url.to_string(), what: what.to_owned() }
}

fn base(text: &str) -> Result<Url, PlatformError> {
    let url = Url::parse(text).map_err(|_| PlatformError::Address { url: text.to_owned() })?;
    if url.scheme() == "https" && url.has_host() && !url.cannot_be_a_base() {
        return Ok(url);
    }
    Err(PlatformError::Address { url: text.to_owned() })
}

/// An address below another; each piece is encoded on its own.
fn at(base: &Url, pieces: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(pieces);
    }
    url
}

enum Problem {
    Lost(reqwest::Error),
    TooLong,
}

async fn bounded(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Problem::Lost)? {
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl wire::DirectoryEntry {
    fn into_line(self) -> Result<DirectoryLine, String> {
        let state = match self.directory_line_status.as_deref() {
            Some("Enabled") => LineState::Enabled,
            Some("Disabled") => LineState::Disabled,
            Some("Upcoming") => LineState::Upcoming,
            other => return Err(format!("a line of the directory is {}", other.unwrap_or("without a status"))),
        };
        Ok(DirectoryLine { address: self.addressing_identifier, siren: self.siren, siret: self.siret, state })
    }
}
