//! Plans: ordered, read, confirmed.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::{audit, shell};
use crate::domain::ids::InstanceId;
use crate::jobs::Order;
use crate::plan::render::render;
use crate::plan::{InstancePlan, Plan};
use crate::portal::form::Fields;
use crate::portal::page::{Shell, html};
use crate::portal::{Portal, Problem, StaffSession};
use crate::store::Scope;

#[derive(Template)]
#[template(path = "portal/staff/plan.html")]
struct Page {
    shell: Shell,
    text: String,
    is_settled: bool,
    has_work: bool,
    action: String,
    form: String,
}

/// Asks for a plan of an instance.
pub async fn order(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let known = InstanceId::new(id).ok().filter(|id| session.inventory().instances.contains_key(id));
    let instance = known.ok_or(Problem::NotFound)?;
    let order = Order::Plan { instances: vec![instance.clone()] };
    let ordered = portal.order(&session, fields.get("form"), &order).await?;
    if ordered.is_new {
        audit(&portal, &session, "plan-ordered", Scope::Staff, json!({ "instance": instance })).await?;
    }
    Ok(Redirect::to(&ordered.path).into_response())
}

/// A plan that was kept.
pub(super) async fn kept(portal: &Portal, id: &str) -> Result<Plan, Problem> {
    let record = portal.store.plan(&Scope::Staff, id).await?.ok_or(Problem::NotFound)?;
    serde_json::from_value(record.content).map_err(|_| Problem::NotFound)
}

/// The plan, to be read.
pub async fn page(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let plan = kept(&portal, &id).await?;
    let shell = shell(&session, format!("{} {id}", session.words.staff_plan()), &format!("/equipe/plans/{id}"));
    html(&Page {
        shell,
        text: render(&plan),
        is_settled: plan.is_settled(),
        has_work: plan.instances.iter().flat_map(InstancePlan::ready).next().is_some(),
        action: format!("/equipe/plans/{id}/executer"),
        form: portal.new_id(),
    })
}

/// Orders that it be carried out.
pub async fn apply(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let plan = kept(&portal, &id).await?;
    let instances: Vec<InstanceId> = plan.instances.iter().map(|part| part.instance.clone()).collect();
    let order = Order::Apply { plan: plan.id(), instances };
    let ordered = portal.order(&session, fields.get("form"), &order).await?;
    if ordered.is_new {
        audit(&portal, &session, "apply-ordered", Scope::Staff, json!({ "plan": id })).await?;
    }
    Ok(Redirect::to(&ordered.path).into_response())
}
