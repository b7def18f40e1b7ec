//! Areas: routes with who may use them. The table that tests walk and the router come from the same calls.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};

use crate::inventory::model::ContactRole;
use crate::store::StaffRole;

use super::form::inside;
use super::words::Words;
use super::{Portal, Problem, session};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever comes by.
    Anybody,
    /// A contact of any client.
    Contact,
    /// A contact of the client that `{client}` in the path names, who has the role.
    Client(Need),
    /// Somebody of the co-operative with one of these roles.
    Staff(&'static [StaffRole]),
}

/// What a contact must be at its client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A contact, whatever for.
    Member,
    /// Manager or billing.
    Billing,
    /// Manager or approver.
    Consent,
    /// Approver.
    Approver,
    /// Manager.
    Manager,
}

impl Need {
    /// Every need.
    pub const ALL: [Need; 5] = [Need::Member, Need::Billing, Need::Consent, Need::Approver, Need::Manager];

    /// Whether somebody with these roles fulfils it.
    pub fn is_met_by(self, roles: &[ContactRole]) -> bool {
        let has = |role| roles.contains(&role);
        match self {
            Need::Member => !roles.is_empty(),
            Need::Billing => has(ContactRole::Manager) || has(ContactRole::Billing),
            Need::Consent => has(ContactRole::Manager) || has(ContactRole::Approver),
            Need::Approver => has(ContactRole::Approver),
            Need::Manager => has(ContactRole::Manager),
        }
    }
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// GET or POST.
    pub method: Method,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

/// Routes that belong together.
#[derive(Default)]
pub struct Area {
    routes: Vec<Route>,
    router: Router<Arc<Portal>>,
}

impl Area {
    /// None yet.
    pub fn new() -> Area {
        Area::default()
    }

    /// A page.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, who: Who, handler: H) -> Area
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.route(Method::GET, path, who, get(handler))
    }

    /// What a form does.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, who: Who, handler: H) -> Area
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.route(Method::POST, path, who, post(handler))
    }

    fn route(mut self, method: Method, path: &'static str, who: Who, handler: MethodRouter<Arc<Portal>>) -> Area {
        self.routes.push(Route { method, path, who });
        let guarded = handler.route_layer(from_fn(move |params: RawPathParams, request: Request, next: Next| {
            answered(path, guard(who, params, request, next))
        }));
        self.router = self.router.route(path, guarded);
        self
    }

    /// The table and the router.
    pub fn into_parts(self) -> (Vec<Route>, Router<Arc<Portal>>) {
        (self.routes, self.router)
    }
}

/// The pattern of the route that answered: what figures are counted by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched(pub(super) &'static str);

async fn answered(path: &'static str, answer: impl Future<Output = Response>) -> Response {
    let mut response = answer.await;
    response.extensions_mut().insert(Matched(path));
    response
}

/// Lets pass whoever may; to others the page does not exist, or is behind the entrance.
async fn guard(who: Who, params: RawPathParams, mut request: Request, next: Next) -> Response {
    let Some(portal) = request.extensions().get::<Arc<Portal>>().cloned() else {
        return Problem::Bug.into_response();
    };
    let client = params.iter().find(|(name, _)| *name == "client").map(|(_, value)| value.to_owned());
    let outcome = session::admit(&portal, who, client.as_deref(), &mut request).await;
    let words = request.extensions().get::<Words>().copied();
    let mut response = match outcome {
        Ok(()) => next.run(request).await,
        Err(Problem::Outside { is_staff: false }) if request.method() == Method::GET => entrance(request.uri()),
        Err(problem) => problem.into_response(),
    };
    if let Some(words) = words {
        response.extensions_mut().insert(words);
    }
    response
}

/// The entrance for clients, which leads back to where they wanted to go.
fn entrance(wanted: &Uri) -> Response {
    let path = wanted.path_and_query().map_or("/", |path| path.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("vers", inside(path)).finish();
    Redirect::to(&format!("/entrer?{query}")).into_response()
}
