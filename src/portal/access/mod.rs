//! The ways in: for contacts by e-mail, for the co-operative's people by password and second factor; and what everybody
//! may do about their own access.

mod account;
mod enter;
mod factor;
mod invitation;
mod staff;

use axum::extract::{Path, Request};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::store::{NewAudit, Scope, StaffRole};

use super::area::{Area, Who};
use super::form::{inside, query};
use super::words::{LANGUAGE_COOKIE, Words};
use super::{Problem, layers, style};

/// Version of the details that these pages leave in the audit log.
const DETAIL_VERSION: u32 = 1;

/// Routes of this area.
pub fn routes() -> Area {
    Area::new()
        .get("/healthz", Who::Anybody, layers::health)
        .get("/style/{name}", Who::Anybody, style::style)
        .get("/icon.svg", Who::Anybody, style::icon)
        .get("/langue/{code}", Who::Anybody, language)
        .get("/", Who::Contact, enter::choose)
        .get("/entrer", Who::Anybody, enter::ask)
        .post("/entrer", Who::Anybody, enter::send)
        .get("/entrer/code", Who::Anybody, enter::sent)
        .post("/entrer/code", Who::Anybody, enter::by_code)
        .get("/entrer/lien/{token}", Who::Anybody, enter::button)
        .post("/entrer/lien/{token}", Who::Anybody, enter::by_link)
        .get("/entrer/preuve", Who::Anybody, factor::ask)
        .post("/entrer/preuve", Who::Anybody, factor::take)
        .post("/sortir", Who::Anybody, enter::leave)
        .get("/moi", Who::Contact, account::contact)
        .post("/moi/fermer", Who::Contact, account::close)
        .get("/moi/preuve", Who::Contact, account::add_factor)
        .post("/moi/preuve", Who::Contact, account::save_factor)
        .post("/moi/preuve/retirer", Who::Contact, account::remove_factor)
        .get("/equipe/entrer", Who::Anybody, staff::ask)
        .post("/equipe/entrer", Who::Anybody, staff::enter)
        .get("/equipe/invitation/{token}", Who::Anybody, invitation::ask)
        .post("/equipe/invitation/{token}", Who::Anybody, invitation::save)
        .get("/equipe/moi", Who::Staff(&StaffRole::ALL), account::staff)
        .post("/equipe/moi/fermer", Who::Staff(&StaffRole::ALL), account::close_staff)
}

/// Keeps a choice of language, and goes back.
async fn language(Path(code): Path<String>, request: Request) -> Result<Response, Problem> {
    let code = match code.as_str() {
        "fr" => "fr",
        "en" => "en",
        _ => return Err(Problem::NotFound),
    };
    let fields = query(request.uri());
    let cookie = format!("{LANGUAGE_COOKIE}={code}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    let mut response = Redirect::to(inside(fields.get("vers"))).into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(|_| Problem::Bug)?);
    Ok(response)
}

/// Goes on, with a cookie.
fn go_on(to: &str, cookie: HeaderValue) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// A page of the ways in with what it was given, so that a change of language comes back to the same.
fn with_fields(path: &str, fields: &[(&str, &str)]) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("{path}?{query}")
}

/// The words of a visitor who is not in.
fn words_of(request: &axum::http::HeaderMap) -> Words {
    Words::of(request).unwrap_or_default()
}

/// An entry of the audit log about somebody's access.
fn audited(actor: String, action: &'static str, at: jiff::Timestamp, address: &str) -> NewAudit {
    NewAudit {
        at_us: at.as_microsecond(),
        actor,
        action,
        scope: Scope::Staff,
        detail: json!({ "version": DETAIL_VERSION, "address": address }),
    }
}
