//! Who asks: API tokens, tickets and what they are checked with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Access;

/// How long a ticket is valid, seconds.
const TICKET_LIFETIME_S: i64 = 2 * 60 * 60;

/// How far in the future a ticket may be made, seconds.
const TICKET_SKEW_S: i64 = 5 * 60;

/// Names of the cookie that holds a ticket, the one that browsers guard best first.
const COOKIES: [&str; 2] = ["__Host-PBSAuthCookie", "PBSAuthCookie"];

/// The word before a token.
const TOKEN_WORD: &str = "PBSAPIToken";

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
    /// Who sends a request: a user or a token. A cookie comes before a token, also when the cookie is worthless. `None`
    /// when nobody is recognised.
    pub fn authenticate(&self, credentials: Credentials<'_>, now_s: i64) -> Option<String> {
        if let Some(ticket) = credentials.cookie.and_then(ticket_of) {
            let user = self.ticket_owner(&ticket, now_s)?;
            let allowed = !credentials.writes || self.verify_csrf(&user, credentials.csrf.unwrap_or_default(), now_s);
            return allowed.then_some(user);
        }
        let header = credentials.authorization?.strip_prefix(TOKEN_WORD)?;
        let (id, secret) = header.strip_prefix(['=', ' '])?.trim().split_once(':')?;
        self.verify_token(id, secret, now_s).then(|| id.to_owned())
    }

    /// Whether this is the secret of a token that may be used.
    pub fn verify_token(&self, id: &str, secret: &str, now_s: i64) -> bool {
        self.is_active(id, now_s) && self.tokens.get(id).is_some_and(|token| token.secret == secret)
    }

    /// Whether this is the user's password, or a ticket of his.
    pub fn verify_password(&self, user: &str, password: &str, now_s: i64) -> bool {
        if user.contains('!') || !self.is_active(user, now_s) {
            return false;
        }
        let is_password = self.users.get(user).is_some_and(|account| account.password.as_deref() == Some(password));
        is_password || self.ticket_owner(password, now_s).as_deref() == Some(user)
    }

    /// Whether a user with a password, or a token with a secret, may come in.
    pub fn verify(&self, auth_id: &str, secret: &str, now_s: i64) -> bool {
        self.verify_token(auth_id, secret, now_s) || self.verify_password(auth_id, secret, now_s)
    }

    /// A ticket for a user, made now.
    pub fn make_ticket(&self, user: &str, now_s: i64) -> String {
        let plain = format!("PBS:{user}:{now_s:08X}");
        format!("{plain}::{}", self.sign(&plain))
    }

    /// What must accompany a ticket in requests that change something.
    pub fn make_csrf_token(&self, user: &str, now_s: i64) -> String {
        format!("{now_s:08X}:{}", self.sign(&format!("csrf:{now_s:08X}:{user}")))
    }

    fn ticket_owner(&self, ticket: &str, now_s: i64) -> Option<String> {
        let (plain, signature) = ticket.split_once("::")?;
        let (user, made) = plain.strip_prefix("PBS:")?.rsplit_once(':')?;
        let valid = signature == self.sign(plain) && is_fresh(made, now_s) && self.is_active(user, now_s);
        valid.then(|| user.to_owned())
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
    hex::encode(Sha256::digest(format!("backup server ticket key:{root_password}")))
}

fn is_fresh(made_hex: &str, now_s: i64) -> bool {
    i64::from_str_radix(made_hex, 16).is_ok_and(|made| (-TICKET_SKEW_S..=TICKET_LIFETIME_S).contains(&(now_s - made)))
}

/// The ticket among the cookies, percent-decoded.
fn ticket_of(header: &str) -> Option<String> {
    let cookies: Vec<(&str, &str)> = header.split(';').filter_map(|one| one.trim().split_once('=')).collect();
    let raw = COOKIES.iter().find_map(|name| cookies.iter().find(|(key, _)| key == name))?.1;
    Some(percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_795_000_000;

    fn access() -> Access {
        let mut access = Access::with_root("root-password");
        access.add_user("site@pbs", Some("a-password"));
        access.add_token("site@pbs!node", "secret");
        access
    }

    fn with(authorization: &str) -> Credentials<'_> {
        Credentials { cookie: None, authorization: Some(authorization), csrf: None, writes: true }
    }

    #[test]
    fn lab_pbs_credentials_of_a_token_have_a_colon_before_the_secret() {
        let access = access();
        for header in ["PBSAPIToken=site@pbs!node:secret", "PBSAPIToken site@pbs!node:secret "] {
            assert_eq!(access.authenticate(with(header), NOW_S).as_deref(), Some("site@pbs!node"), "{header}");
        }
        for header in [
            "PBSAPIToken=site@pbs!node=secret",
            "PVEAPIToken=site@pbs!node:secret",
            "pbsapitoken=site@pbs!node:secret",
            "PBSAPIToken=site@pbs!node:other",
            "PBSAPIToken=site@pbs:secret",
            "PBSAPIToken=site%40pbs%21node:secret",
        ] {
            assert_eq!(access.authenticate(with(header), NOW_S), None, "{header}");
        }
    }

    #[test]
    fn lab_pbs_credentials_in_a_cookie_come_first_and_need_their_csrf_token_to_write() {
        let access = access();
        let ticket = access.make_ticket("site@pbs", NOW_S);
        let cookie = format!("x=1; __Host-PBSAuthCookie={ticket}");
        let csrf = access.make_csrf_token("site@pbs", NOW_S);
        let ask = |cookie, csrf, writes| {
            let authorization = Some("PBSAPIToken=site@pbs!node:secret");
            access.authenticate(Credentials { cookie: Some(cookie), authorization, csrf, writes }, NOW_S)
        };
        assert_eq!(ask(&cookie, None, false).as_deref(), Some("site@pbs"));
        assert_eq!(ask(&cookie, None, true), None);
        assert_eq!(ask(&cookie, Some(csrf.as_str()), true).as_deref(), Some("site@pbs"));
        assert_eq!(ask("PBSAuthCookie=PBS:nonsense", None, false), None);
    }
}
