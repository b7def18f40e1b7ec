//! An invitation of somebody of the co-operative: password and second factor are set by whoever has the link, once. Nobody
//! else ever sees either.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::store::{LinkPurpose, StaffAccount};
use crate::util::limits;

use super::super::factor;
use super::super::form::Fields;
use super::super::page::{Shell, html};
use super::super::session::{From, staff_subject};
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{audited, words_of};

#[derive(Template)]
#[template(path = "portal/invitation.html")]
struct Invitation {
    shell: Shell,
    account: String,
    action: String,
    secret: String,
    square: String,
    side: i32,
    mistake: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/invitation-dead.html")]
struct Dead {
    shell: Shell,
}

/// Recovery codes, shown once.
#[derive(Template)]
#[template(path = "portal/codes.html")]
pub(super) struct Codes {
    pub(super) shell: Shell,
    pub(super) codes: Vec<String>,
    pub(super) next: &'static str,
}

/// Whose invitation it is, while it is valid.
async fn invited(portal: &Portal, token: &str, now: Timestamp) -> Result<Option<StaffAccount>, Problem> {
    let link = portal.store.link(LinkPurpose::Invitation, &portal.token_hash(token)).await?;
    let link = link.filter(|link| link.used_at_us.is_none() && now.as_microsecond() < link.ends_at_us);
    let Some(link) = link else { return Ok(None) };
    Ok(portal.store.account(&link.subject).await?.filter(|account| account.disabled_at_us.is_none()))
}

fn dead(words: Words) -> Result<Response, Problem> {
    let shell = Shell::bare(words, words.invite_dead_title(), "/equipe/entrer", None);
    Ok((StatusCode::GONE, html(&Dead { shell })?).into_response())
}

async fn page(
    portal: &Portal,
    words: Words,
    account: &StaffAccount,
    token: &str,
    mistake: Option<&'static str>,
    now: Timestamp,
) -> Result<Response, Problem> {
    let secret = portal.factor_to_add(&staff_subject(&account.name), now).await?;
    let house = match portal.accepted().await {
        Ok(accepted) => accepted.inventory.cooperative.identity.name.clone(),
        Err(Problem::NotReady) => "accolades".to_owned(),
        Err(problem) => return Err(problem),
    };
    let (square, side) = factor::square(&factor::address(&house, &account.name, &secret))?;
    let action = format!("/equipe/invitation/{token}");
    let shell = Shell::bare(words, words.invite_title(), action.clone(), None);
    let account = format!("{} ({})", account.full_name, account.name);
    html(&Invitation { shell, account, action, secret: factor::base32(&secret), square, side, mistake })
}

/// The page that a link opens.
pub async fn ask(
    State(portal): State<Arc<Portal>>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let words = words_of(request.headers());
    let now = portal.now().await?;
    match invited(&portal, &token, now).await? {
        Some(account) => page(&portal, words, &account, &token, None, now).await,
        None => dead(words),
    }
}

/// Takes password and code; shows the recovery codes.
pub async fn save(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    Path(token): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = words_of(&headers);
    let now = portal.now().await?;
    let Some(account) = invited(&portal, &token, now).await? else { return dead(words) };
    let subject = staff_subject(&account.name);
    portal.allow(&format!("invitation of {subject}"), limits::PORTAL_ATTEMPTS_PER_ACCOUNT_MAX, now).await?;
    let password = fields.raw("password").to_owned();
    let mistake = if !limits::PORTAL_PASSWORD_LENGTH.contains(&password.chars().count()) {
        Some(words.password_short())
    } else if password != fields.raw("again") {
        Some(words.passwords_differ())
    } else {
        None
    };
    let codes = match mistake {
        None => portal.add_factor(&subject, fields.get("code"), now).await?,
        Some(_) => None,
    };
    let Some(codes) = codes else {
        let mistake = mistake.unwrap_or(words.wrong_factor());
        let page = page(&portal, words, &account, &token, Some(mistake), now).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let at_us = now.as_microsecond();
    let hash = portal.hash_password(password).await?;
    // The link is used before the password counts: of two who have it, one wins.
    if portal.store.use_link(LinkPurpose::Invitation, &portal.token_hash(&token), at_us).await?.is_none() {
        return dead(words);
    }
    portal.store.set_password(&account.name, Some(&hash), at_us).await?;
    portal.audit(audited(subject, "invitation-used", now, &from.address)).await?;
    let shell = Shell::bare(words, words.codes_title(), "/equipe/entrer", None);
    html(&Codes { shell, codes, next: "/equipe/entrer" })
}
