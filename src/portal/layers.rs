//! Around every answer: what is refused before a page is asked, plain pages for what went wrong, and the headers.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::util::limits;

use super::area::Matched;
use super::page::plain;
use super::words::Words;
use super::{Portal, Problem};

/// Nothing but our own style sheet and pictures; no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: browsers would then send forms with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Two years, as lists of such hosts want it.
const TRANSPORT: &str = "max-age=63072000; includeSubDomains";

/// The only path that is answered whatever host is named: whoever looks whether we live asks by address.
const HEALTH: &str = "/healthz";

/// Puts everything around the routes.
pub(super) fn around(routes: Router<Arc<Portal>>, portal: &Arc<Portal>) -> Router {
    routes
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::NotFound })
        .layer(from_fn_with_state(portal.clone(), answer))
        .with_state(portal.clone())
}

async fn answer(State(portal): State<Arc<Portal>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let chosen = Words::of(request.headers());
    let is_staff = request.uri().path().starts_with("/equipe");
    request.extensions_mut().insert(portal.clone());
    let mut response = match refused(&portal, &request) {
        Some(problem) => problem.into_response(),
        None => bounded(request, next).await,
    };
    // Of what no route answers there is none.
    let route = response.extensions().get::<Matched>().copied();
    if let Some(problem) = problem_of(&response) {
        let words = response.extensions().get::<Words>().copied().or(chosen).unwrap_or_default();
        response = instead(&portal, words, problem, is_staff).await;
    }
    if let Some(metrics) = portal.metrics.get() {
        let route = route.map_or("none", |Matched(path)| path);
        metrics.http_answered(route, response.status().as_u16(), began.elapsed());
    }
    finish(&portal, response)
}

/// What stopped a page, when something did. The framework answers a path that is no text by itself, in English: that is a
/// page that does not exist, like any other.
fn problem_of(response: &Response) -> Option<Problem> {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_foreign_text = response.status().is_client_error() && kind.starts_with("text/plain");
    let ours = response.extensions().get::<Problem>().copied();
    ours.or_else(|| is_foreign_text.then_some(Problem::NotFound))
}

/// The plain page of a problem, with the number to call.
async fn instead(portal: &Portal, words: Words, problem: Problem, is_staff: bool) -> Response {
    let accepted = match portal.last_accepted() {
        // A store that does not answer is not asked once more.
        None if problem != Problem::Unavailable => portal.accepted().await.ok(),
        known => known,
    };
    let house = accepted.as_ref().map(|accepted| &accepted.inventory.cooperative);
    (problem.status(), plain(words, problem, is_staff, house)).into_response()
}

/// The page, unless it takes too long or its code contradicts itself.
async fn bounded(request: Request, next: Next) -> Response {
    let page = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limits::PORTAL_REQUEST_TIMEOUT, page).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::Bug.into_response(),
        Err(_) => Problem::Unavailable.into_response(),
    }
}

fn finish(portal: &Portal, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if portal.settings.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT));
    }
    // Pages are about people: nobody in between keeps them, nor the browser after leaving.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What is not even looked at.
fn refused(portal: &Portal, request: &Request) -> Option<Problem> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > limits::PORTAL_PATH_LENGTH_MAX {
        return Some(Problem::TooLarge);
    }
    if uri.path() == HEALTH {
        return None;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    if !host.is_some_and(|host| is_our_host(portal, host)) {
        return Some(Problem::NotFound);
    }
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return None;
    }
    (!comes_from_us(portal, request.headers())).then_some(Problem::Foreign)
}

/// A name that leads to us and is not ours is a trick, or a proxy that is set up wrongly.
fn is_our_host(portal: &Portal, host: &str) -> bool {
    if host.eq_ignore_ascii_case(portal.settings.host()) {
        return true;
    }
    // Without HTTPS the portal listens on this machine only, under whatever port.
    !portal.settings.is_secure() && is_loopback(host)
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || host.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
}

/// Whether what changes something comes from one of our own pages. Browsers say so themselves; what says nothing at all is
/// refused.
fn comes_from_us(portal: &Portal, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site")
        && site != "same-origin"
    {
        return false;
    }
    match text("origin") {
        Some(origin) if origin == portal.settings.public_url => true,
        Some(origin) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            !portal.settings.is_secure() && origin.strip_prefix("http://") == Some(host) && is_loopback(host)
        }
        None => text("sec-fetch-site") == Some("same-origin"),
    }
}

/// Whether the portal and its store live.
pub(super) async fn health(State(portal): State<Arc<Portal>>) -> Response {
    let plain_text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    match portal.store.latest_inventory_number().await {
        Ok(_) => (plain_text, "ok\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, plain_text, "store\n").into_response(),
    }
}
