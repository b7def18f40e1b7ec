//! Who asks: API tokens, tickets and what they are checked with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Access, User};
use crate::pve::call::Caller;

/// How long a ticket is valid, seconds.
const TICKET_LIFETIME_S: i64 = 2 * 60 * 60;

/// How far in the future a ticket may be made, seconds: clocks of a cluster differ.
const TICKET_SKEW_S: i64 = 5 * 60;

/// Why nobody was recognised: 401 with these words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied(pub &'static str);

const NO_TICKET: Denied = Denied("No ticket");
const FAILED: Denied = Denied("Authentication failed!");
const CSRF: Denied = Denied("Permission denied - invalid csrf token");

/// What a request says about who sends it.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The header `Cookie`.
    pub cookie: Option<&'a str>,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// The header `CSRFPreventionToken`.
    pub csrf: Option<&'a str>,
    /// Whether the request can change something (any method but GET).
    pub writes: bool,
}

impl Access {
    /// Who sends a request. A cookie comes before a token, also when the cookie is worthless.
    ///
    /// # Errors
    /// Nobody that we know.
    pub fn authenticate(&self, credentials: Credentials<'_>, now_s: i64) -> Result<Caller, Denied> {
        let ticket = value_after(credentials.cookie, "PVEAuthCookie")
            .or_else(|| value_after(credentials.authorization, "PVEAuthCookie"));
        if let Some(ticket) = ticket {
            let user = self.verify_ticket(&ticket, now_s).ok_or(FAILED)?;
            if credentials.writes && !self.verify_csrf(&user, credentials.csrf.unwrap_or_default(), now_s) {
                return Err(CSRF);
            }
            return Ok(Caller { user, token: None });
        }
        let token = value_after(credentials.authorization, "PVEAPIToken").ok_or(NO_TICKET)?;
        self.verify_token(&token, now_s).ok_or(FAILED)
    }

    /// `user@realm!token=secret`.
    fn verify_token(&self, text: &str, now_s: i64) -> Option<Caller> {
        let (id, secret) = text.rsplit_once('=')?;
        let (user, name) = id.rsplit_once('!')?;
        let account = self.users.get(user).filter(|account| may_log_in(account, now_s))?;
        let token = account.tokens.get(name)?;
        let expired = token.expire.is_some_and(|moment| moment != 0 && moment < now_s);
        (!expired && token.value == secret).then(|| Caller { user: user.to_owned(), token: Some(name.to_owned()) })
    }

    /// Whether this is the user's password, or a ticket of his.
    pub fn verify_password(&self, user: &str, password: &str, now_s: i64) -> bool {
        let Some(account) = self.users.get(user).filter(|account| may_log_in(account, now_s)) else {
            return false;
        };
        account.password.as_deref() == Some(password) || self.verify_ticket(password, now_s).as_deref() == Some(user)
    }

    /// A ticket for a user, made now.
    pub fn make_ticket(&self, user: &str, now_s: i64) -> String {
        let plain = format!("PVE:{user}:{now_s:08X}");
        let signature = self.sign(&plain);
        format!("{plain}::{signature}")
    }

    /// What must accompany a ticket in requests that change something.
    pub fn make_csrf_token(&self, user: &str, now_s: i64) -> String {
        format!("{now_s:08X}:{}", self.sign(&format!("csrf:{now_s:08X}:{user}")))
    }

    fn verify_ticket(&self, ticket: &str, now_s: i64) -> Option<String> {
        let (plain, signature) = ticket.split_once("::")?;
        let (user, made) = plain.strip_prefix("PVE:")?.rsplit_once(':')?;
        let valid = signature == self.sign(plain) && is_fresh(made, now_s);
        let known = self.users.get(user).is_some_and(|account| may_log_in(account, now_s));
        (valid && known).then(|| user.to_owned())
    }

    fn verify_csrf(&self, user: &str, token: &str, now_s: i64) -> bool {
        token.split_once(':').is_some_and(|(made, signature)| {
            is_fresh(made, now_s) && signature == self.sign(&format!("csrf:{made}:{user}"))
        })
    }

    fn sign(&self, text: &str) -> String {
        STANDARD.encode(Sha256::digest(format!("{}:{text}", self.ticket_key)))
    }
}

/// The key that tickets of an installation are signed with.
pub(super) fn derive_key(root_password: &str) -> String {
    hex::encode(Sha256::digest(format!("ticket key:{root_password}")))
}

fn may_log_in(user: &User, now_s: i64) -> bool {
    user.enabled && (user.expire == 0 || user.expire > now_s)
}

fn is_fresh(made_hex: &str, now_s: i64) -> bool {
    i64::from_str_radix(made_hex, 16).is_ok_and(|made| (-TICKET_SKEW_S..=TICKET_LIFETIME_S).contains(&(now_s - made)))
}

/// The text after `KEY=` or `KEY ` at the start of a header or after a blank, up to a semicolon, percent-decoded.
/// An empty one counts as none.
fn value_after(header: Option<&str>, key: &str) -> Option<String> {
    let header = header?;
    let start = header.match_indices(key).find_map(|(at, _)| {
        let begins = at == 0 || header[..at].ends_with(char::is_whitespace);
        let end = at + key.len();
        (begins && header[end..].starts_with(['=', ' '])).then_some(end + 1)
    })?;
    let raw = header[start..].split(';').next().unwrap_or_default();
    let text = percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned();
    (!text.is_empty()).then_some(text)
}
