//! Who is in: cookies, their sessions in the store, and what a page knows of its visitor.
//!
//! A cookie's value is 256 random bits; the store has only an HMAC of it, under a key that follows from the vault's. Who
//! reads the store cannot enter with what stands there, and when the vault's key is rotated every session is over.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::ids::ClientId;
use crate::inventory::model::{Client, Contact, Inventory};
use crate::store::secrets::Vault;
use crate::store::{Scope, SessionRecord, StaffAccount};
use crate::util::limits;

use super::area::{Need, Who};
use super::words::Words;
use super::{Accepted, Portal, Problem};

/// Bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Bytes of the names of sessions and links, which open nothing.
const ID_BYTES: usize = 12;
/// Characters of a browser's description that are kept.
const AGENT_LENGTH_MAX: usize = 120;

/// Keys that hash what opens something.
pub(super) struct Keys {
    tokens: ring::hmac::Key,
    codes: ring::hmac::Key,
}

impl Keys {
    pub(super) fn of(vault: &Vault) -> Keys {
        Keys { tokens: vault.derived_key("portal tokens"), codes: vault.derived_key("portal codes") }
    }
}

/// Somebody of a client's, with what the inventory says of them.
#[derive(Debug, Clone)]
pub struct ContactSession {
    /// Their address, in lower case: who they are.
    pub email: String,
    /// The session.
    pub record: SessionRecord,
    /// The moment.
    pub now: Timestamp,
    /// Their language.
    pub words: Words,
    accepted: Arc<Accepted>,
}

/// A contact within one client.
#[derive(Debug, Clone)]
pub struct ClientSession {
    /// Who.
    pub contact: ContactSession,
    id: ClientId,
    place: usize,
}

/// Somebody of the co-operative.
#[derive(Debug, Clone)]
pub struct StaffSession {
    /// Who.
    pub account: StaffAccount,
    /// The session.
    pub record: SessionRecord,
    /// The moment.
    pub now: Timestamp,
    /// Their language.
    pub words: Words,
    accepted: Arc<Accepted>,
}

impl ContactSession {
    /// The inventory in force.
    pub fn inventory(&self) -> &Inventory {
        &self.accepted.inventory
    }

    /// As the store and the audit log name them.
    pub fn actor(&self) -> String {
        contact_subject(&self.email)
    }

    /// The clients that they are a contact of.
    pub fn clients(&self) -> Vec<&Client> {
        contact_of(self.inventory(), &self.email)
    }
}

impl ClientSession {
    /// The inventory in force.
    pub fn inventory(&self) -> &Inventory {
        self.contact.inventory()
    }

    /// Its number.
    pub fn inventory_number(&self) -> i64 {
        self.contact.accepted.number
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.inventory().clients[&self.id]
    }

    /// The contact as the inventory has them.
    pub fn person(&self) -> &Contact {
        &self.client().contacts[self.place]
    }

    /// Whose data they may see.
    pub fn scope(&self) -> Scope {
        Scope::Client(self.id.clone())
    }

    /// Whether they have the role.
    pub fn may(&self, need: Need) -> bool {
        need.is_met_by(&self.person().roles)
    }

    /// The zone of the co-operative.
    pub fn zone(&self) -> TimeZone {
        self.inventory().cooperative_zone()
    }

    /// The day that it is there.
    pub fn today(&self) -> Date {
        self.contact.now.to_zoned(self.zone()).date()
    }

    /// A page of this client.
    pub fn path(&self, rest: &str) -> String {
        format!("/c/{}{rest}", self.id)
    }
}

impl StaffSession {
    /// The inventory in force.
    pub fn inventory(&self) -> &Inventory {
        &self.accepted.inventory
    }

    /// The version in force.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// As the store and the audit log name them.
    pub fn actor(&self) -> String {
        staff_subject(&self.account.name)
    }
}

/// How the store names a contact.
pub fn contact_subject(email: &str) -> String {
    format!("contact:{email}")
}

/// How the store names somebody of the co-operative.
pub fn staff_subject(name: &str) -> String {
    format!("staff:{name}")
}

/// The clients of which somebody at this address is a contact, in order of id.
pub fn contact_of<'a>(inventory: &'a Inventory, email: &str) -> Vec<&'a Client> {
    // Every page asks this of every client: nothing is allocated for it. Addresses are ASCII (`domain::hosts::email`).
    let is_theirs = |contact: &Contact| contact.email.eq_ignore_ascii_case(email) && !contact.roles.is_empty();
    inventory.clients.values().filter(|client| client.contacts.iter().any(is_theirs)).collect()
}

/// Looks who asks, and whether they may. What a page needs of them is put beside the request.
pub(super) async fn admit(
    portal: &Arc<Portal>,
    who: Who,
    client: Option<&str>,
    request: &mut Request,
) -> Result<(), Problem> {
    if who == Who::Anybody {
        return Ok(());
    }
    let is_staff = matches!(who, Who::Staff(_));
    let now = portal.now().await?;
    let record = current(portal, request.headers(), now).await?;
    let record = record.filter(|record| record.is_open && is_staff == record.subject.starts_with("staff:"));
    let record = record.ok_or(Problem::Outside { is_staff })?;
    let accepted = portal.accepted().await?;
    let words = Words::of(request.headers());
    if let Who::Staff(roles) = who {
        let name = record.subject.trim_start_matches("staff:");
        let account = portal.store.account(name).await?.filter(|account| account.disabled_at_us.is_none());
        let account = account.ok_or(Problem::Outside { is_staff })?;
        if !roles.contains(&account.role) {
            return Err(Problem::NotFound);
        }
        let words = words.unwrap_or_default();
        request.extensions_mut().insert(words);
        request.extensions_mut().insert(StaffSession { account, record, now, words, accepted });
        return Ok(());
    }
    let email = record.subject.trim_start_matches("contact:").to_owned();
    let theirs = contact_of(&accepted.inventory, &email);
    let Some(first) = theirs.first() else {
        // No contact of anybody any more: the session opens nothing.
        return Err(Problem::Outside { is_staff });
    };
    let words = words.unwrap_or_else(|| Words::in_language(first.language));
    let found = match who {
        Who::Client(need) => {
            let client = theirs.iter().find(|one| Some(one.id.as_str()) == client).ok_or(Problem::NotFound)?;
            let place = client.contacts.iter().position(|one| one.email.to_lowercase() == email);
            let place = place.ok_or(Problem::NotFound)?;
            if !need.is_met_by(&client.contacts[place].roles) {
                return Err(Problem::NotFound);
            }
            Some((client.id.clone(), place))
        }
        _ => None,
    };
    let contact = ContactSession { email, record, now, words, accepted };
    if let Some((id, place)) = found {
        request.extensions_mut().insert(ClientSession { contact: contact.clone(), id, place });
    }
    request.extensions_mut().insert(words);
    request.extensions_mut().insert(contact);
    Ok(())
}

/// The session that the request's cookie opens, unless it is over.
pub(super) async fn current(
    portal: &Portal,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<SessionRecord>, Problem> {
    let Some(token) = cookie(headers, portal.cookie_name()) else { return Ok(None) };
    let Some(record) = portal.store.session(&portal.token_hash(token)).await? else { return Ok(None) };
    let now_us = now.as_microsecond();
    let idle = micros(if record.subject.starts_with("staff:") {
        limits::PORTAL_STAFF_IDLE
    } else {
        limits::PORTAL_CLIENT_IDLE
    });
    let is_over = record.ended_at_us.is_some() || now_us >= record.ends_at_us || now_us - record.seen_at_us >= idle;
    if is_over {
        return Ok(None);
    }
    if now_us - record.seen_at_us >= micros(limits::PORTAL_SEEN_INTERVAL) {
        portal.store.touch_session(&record.id, now_us).await?;
    }
    Ok(Some(record))
}

/// A duration as the store counts.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

impl Portal {
    /// A token that opens something, and is shown once.
    pub(super) fn new_token(&self) -> String {
        self.randomness.hex(TOKEN_BYTES)
    }

    /// A name that opens nothing.
    pub(super) fn new_id(&self) -> String {
        self.randomness.hex(ID_BYTES)
    }

    /// What the store has of a token.
    pub(super) fn token_hash(&self, token: &str) -> String {
        hex::encode(ring::hmac::sign(&self.keys.tokens, token.as_bytes()))
    }

    /// What the store has of a code of a link or subject: short codes are hashed under a key, or they could be guessed.
    pub(super) fn code_hash(&self, of: &str, code: &str) -> String {
        hex::encode(ring::hmac::sign(&self.keys.codes, format!("{of}\n{code}").as_bytes()))
    }

    /// The cookie's name: with `__Host-` browsers take it from this host over HTTPS only.
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.settings.is_secure() { "__Host-accolades" } else { "accolades" }
    }

    /// Begins a session; the header that sets its cookie.
    pub(super) async fn begin_session(
        &self,
        subject: String,
        is_open: bool,
        from: &From,
        now: Timestamp,
    ) -> Result<HeaderValue, Problem> {
        let lasts = match (is_open, subject.starts_with("staff:")) {
            (false, _) => limits::PORTAL_FACTOR_TIME,
            (true, true) => limits::PORTAL_STAFF_SESSION,
            (true, false) => limits::PORTAL_CLIENT_SESSION,
        };
        let (token, now_us) = (self.new_token(), now.as_microsecond());
        let record = SessionRecord {
            id: self.new_id(),
            token_hash: self.token_hash(&token),
            subject,
            is_open,
            began_at_us: now_us,
            seen_at_us: now_us,
            ends_at_us: now_us + micros(lasts),
            ended_at_us: None,
            agent: from.agent.clone(),
            address: from.address.clone(),
        };
        self.store.begin_session(&record).await?;
        Ok(self.set_cookie(&token, lasts))
    }

    fn set_cookie(&self, token: &str, lasts: Duration) -> HeaderValue {
        let secure = if self.settings.is_secure() { "; Secure" } else { "" };
        let text = format!(
            "{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
            self.cookie_name(),
            lasts.as_secs()
        );
        HeaderValue::from_str(&text).expect("hexadecimal digits are a header")
    }

    /// The header that takes the cookie away.
    pub(super) fn clear_cookie(&self) -> HeaderValue {
        self.set_cookie("", Duration::ZERO)
    }
}

/// From where somebody comes: for lists of sessions and for limits.
#[derive(Debug, Clone)]
pub struct From {
    /// Network address.
    pub address: String,
    /// What their browser says it is.
    pub agent: String,
}

impl FromRequestParts<Arc<Portal>> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Portal>) -> Result<From, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let agent = agent.chars().take(AGENT_LENGTH_MAX).collect();
        Ok(From { address: address(peer, &parts.headers), agent })
    }
}

/// Who speaks to us. Behind a proxy on this machine: whom the proxy says it speaks for, which is the last it added.
fn address(peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let said = forwarded.and_then(|all| all.rsplit(',').next()).and_then(|last| last.trim().parse::<IpAddr>().ok());
    match (peer, said) {
        (Some(peer), Some(said)) if peer.is_loopback() => said.to_string(),
        (Some(peer), _) => peer.to_string(),
        (None, _) => "unknown".to_owned(),
    }
}

macro_rules! from_extensions {
    ($kind:ty) => {
        impl FromRequestParts<Arc<Portal>> for $kind {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &Arc<Portal>) -> Result<$kind, Problem> {
                // There only when the route's guard let somebody in: a route for anybody has none.
                parts.extensions.get::<$kind>().cloned().ok_or(Problem::NotFound)
            }
        }
    };
}

from_extensions!(ContactSession);
from_extensions!(ClientSession);
from_extensions!(StaffSession);
