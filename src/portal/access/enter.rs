//! Contacts enter by e-mail: a link that opens a button (mail scanners follow links, they press no buttons), or the six
//! digits of the same mail on another device. A known address and an unknown one get the same answer after the same work.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;

use crate::store::{EntryLink, LinkPurpose};
use crate::util::limits;

use super::super::form::{Fields, inside, query};
use super::super::page::{Shell, html};
use super::super::session::{self, ContactSession, From, contact_of, contact_subject, micros};
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{audited, go_on, with_fields, words_of};

/// The longest address that SMTP carries.
const EMAIL_LENGTH_MAX: usize = 254;

#[derive(Template)]
#[template(path = "portal/enter.html")]
struct Enter {
    shell: Shell,
    email: String,
    vers: String,
    mistake: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/sent.html")]
struct Sent {
    shell: Shell,
    request: String,
    vers: String,
    /// Where another mail is asked for, which leads to the same page.
    again: String,
    mistake: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/button.html")]
struct Button {
    shell: Shell,
    action: String,
    vers: String,
}

#[derive(Template)]
#[template(path = "portal/dead.html")]
struct Dead {
    shell: Shell,
    /// Where another mail is asked for, which leads to the same page.
    again: String,
}

#[derive(Template)]
#[template(path = "portal/choose.html")]
struct Choose {
    shell: Shell,
    clients: Vec<(String, String)>,
}

/// The frame of these pages; without an inventory there is no name to show, which is no reason to show nothing.
async fn shell(portal: &Portal, words: Words, title: &str, path: &str) -> Result<Shell, Problem> {
    let accepted = match portal.accepted().await {
        Ok(accepted) => Some(accepted),
        Err(Problem::NotReady) => None,
        Err(problem) => return Err(problem),
    };
    Ok(Shell::bare(words, title, path, accepted.as_ref().map(|one| &one.inventory.cooperative)))
}

/// The page that asks for an address.
pub async fn ask(State(portal): State<Arc<Portal>>, request: Request) -> Result<Response, Problem> {
    let fields = query(request.uri());
    let words = words_of(request.headers());
    let vers = inside(fields.get("vers")).to_owned();
    let here = with_fields("/entrer", &[("vers", &vers)]);
    let shell = shell(&portal, words, words.enter_title(), &here).await?;
    html(&Enter { shell, email: String::new(), vers, mistake: None })
}

/// Takes an address, and sends a mail when it is a contact's.
pub async fn send(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = words_of(&headers);
    let vers = inside(fields.get("vers")).to_owned();
    let email = fields.get("email").to_lowercase();
    if !looks_like_an_address(&email) {
        let here = with_fields("/entrer", &[("vers", &vers)]);
        let shell = shell(&portal, words, words.enter_title(), &here).await?;
        let page = Enter { shell, email, vers, mistake: Some(words.bad_email()) };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response());
    }
    let now = portal.now().await?;
    portal.allow(&format!("enter from {}", from.address), limits::PORTAL_ATTEMPTS_PER_ADDRESS_MAX, now).await?;
    portal.allow(&format!("mail to {email}"), limits::PORTAL_MAILS_PER_CONTACT_MAX, now).await?;
    let (id, token) = (portal.new_id(), portal.new_token());
    let code = six_digits(&portal);
    let now_us = now.as_microsecond();
    let link = EntryLink {
        id: id.clone(),
        subject: email.clone(),
        token_hash: portal.token_hash(&token),
        code_hash: Some(portal.code_hash(&id, &code)),
        made_at_us: now_us,
        ends_at_us: now_us + micros(limits::PORTAL_LINK_TIME),
        used_at_us: None,
    };
    portal.store.add_link(LinkPurpose::Entry, &link).await?;
    portal.store.forget_entries(now_us - micros(limits::PORTAL_FORGET_AFTER)).await?;
    portal.store.forget_attempts(now_us - micros(limits::PORTAL_FORGET_AFTER)).await?;
    // Whether this is a contact's address is looked at only after the answer.
    portal.send_entry_letter(email, id.clone(), token, code, vers.clone());
    Ok(Redirect::to(&with_fields("/entrer/code", &[("demande", &id), ("vers", &vers)])).into_response())
}

/// Six digits, each as likely as any other.
fn six_digits(portal: &Portal) -> String {
    const COUNT: u32 = 1_000_000;
    loop {
        let mut bytes = [0_u8; 4];
        portal.randomness.fill(&mut bytes);
        let number = u32::from_be_bytes(bytes);
        if number < u32::MAX - u32::MAX % COUNT {
            return format!("{:06}", number % COUNT);
        }
    }
}

fn looks_like_an_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
        && text.len() <= EMAIL_LENGTH_MAX
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

/// The page after that, for whoever reads the mail on another device.
pub async fn sent(State(portal): State<Arc<Portal>>, request: Request) -> Result<Response, Problem> {
    let fields = query(request.uri());
    sent_page(&portal, words_of(request.headers()), &fields, None).await
}

async fn sent_page(
    portal: &Portal,
    words: Words,
    fields: &Fields,
    mistake: Option<&'static str>,
) -> Result<Response, Problem> {
    let request = fields.get("demande").to_owned();
    let vers = inside(fields.get("vers")).to_owned();
    let here = with_fields("/entrer/code", &[("demande", &request), ("vers", &vers)]);
    let shell = shell(portal, words, words.sent_title(), &here).await?;
    let again = with_fields("/entrer", &[("vers", &vers)]);
    html(&Sent { shell, request, vers, again, mistake })
}

/// Takes the six digits.
pub async fn by_code(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = words_of(&headers);
    let now = portal.now().await?;
    portal.allow(&format!("code from {}", from.address), limits::PORTAL_ATTEMPTS_PER_ADDRESS_MAX, now).await?;
    let (id, now_us) = (fields.get("demande"), now.as_microsecond());
    let typed: String = fields.get("code").chars().filter(char::is_ascii_digit).collect();
    let known = portal.store.try_code(id, limits::PORTAL_CODE_TRIES_MAX, now_us).await?;
    let email = match known {
        Some(known) if known == portal.code_hash(id, &typed) => portal.store.use_code(id, now_us).await?,
        _ => None,
    };
    if let Some(email) = email
        && let Some(response) = begin(&portal, email, &from, now, inside(fields.get("vers"))).await?
    {
        return Ok(response);
    }
    let page = sent_page(&portal, words, &fields, Some(words.wrong_code())).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The page that a link opens: a button.
pub async fn button(
    State(portal): State<Arc<Portal>>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let words = words_of(request.headers());
    let now_us = portal.now().await?.as_microsecond();
    let link = portal.store.link(LinkPurpose::Entry, &portal.token_hash(&token)).await?;
    if link.is_none_or(|link| link.used_at_us.is_some() || now_us >= link.ends_at_us) {
        return dead(&portal, words, inside(query(request.uri()).get("vers"))).await;
    }
    let vers = inside(query(request.uri()).get("vers")).to_owned();
    let action = format!("/entrer/lien/{token}");
    let shell = shell(&portal, words, words.button_title(), &with_fields(&action, &[("vers", &vers)])).await?;
    html(&Button { shell, action, vers })
}

/// Pressing it.
pub async fn by_link(
    State(portal): State<Arc<Portal>>,
    from: From,
    headers: HeaderMap,
    Path(token): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let now = portal.now().await?;
    let vers = inside(fields.get("vers"));
    let email = portal.store.use_link(LinkPurpose::Entry, &portal.token_hash(&token), now.as_microsecond()).await?;
    if let Some(email) = email
        && let Some(response) = begin(&portal, email, &from, now, vers).await?
    {
        return Ok(response);
    }
    // Pressed twice: whoever is in already goes on.
    if session::current(&portal, &headers, now).await?.is_some_and(|session| session.is_open) {
        return Ok(Redirect::to(vers).into_response());
    }
    dead(&portal, words_of(&headers), vers).await
}

async fn dead(portal: &Portal, words: Words, vers: &str) -> Result<Response, Problem> {
    let again = with_fields("/entrer", &[("vers", vers)]);
    let shell = shell(portal, words, words.dead_title(), &again).await?;
    Ok((StatusCode::GONE, html(&Dead { shell, again })?).into_response())
}

/// Begins the session of somebody whose mailbox it is; nothing when nobody's contact has it.
async fn begin(
    portal: &Portal,
    email: String,
    from: &From,
    now: Timestamp,
    vers: &str,
) -> Result<Option<Response>, Problem> {
    if contact_of(&portal.accepted().await?.inventory, &email).is_empty() {
        return Ok(None);
    }
    let subject = contact_subject(&email);
    let asks_more = portal.has_factor(&subject).await?;
    let action = if asks_more { "entry-proven-by-mail" } else { "session-began" };
    portal.audit(audited(subject.clone(), action, now, &from.address)).await?;
    let cookie = portal.begin_session(subject, !asks_more, from, now).await?;
    if !asks_more {
        return Ok(Some(go_on(vers, cookie)));
    }
    Ok(Some(go_on(&with_fields("/entrer/preuve", &[("vers", vers)]), cookie)))
}

/// The beginning: one's client, or which of several.
pub async fn choose(contact: ContactSession) -> Result<Response, Problem> {
    let clients = contact.clients();
    if let [only] = clients.as_slice() {
        return Ok(Redirect::to(&format!("/c/{}", only.id)).into_response());
    }
    let shell = Shell::contact(&contact, contact.words.choose_title(), "/");
    let clients = clients.iter().map(|client| (format!("/c/{}", client.id), client.identity.name.clone())).collect();
    html(&Choose { shell, clients })
}

/// Leaves.
pub async fn leave(State(portal): State<Arc<Portal>>, from: From, headers: HeaderMap) -> Result<Response, Problem> {
    let now = portal.now().await?;
    let mut entrance = "/entrer";
    if let Some(session) = session::current(&portal, &headers, now).await? {
        portal.store.end_session(&session.subject, &session.id, now.as_microsecond()).await?;
        if session.subject.starts_with("staff:") {
            entrance = "/equipe/entrer";
        }
        portal.audit(audited(session.subject, "session-left", now, &from.address)).await?;
    }
    Ok(go_on(entrance, portal.clear_cookie()))
}
