//! Pages of the co-operative's people: the fleet, worst first; a site and a client; work; the month run.
//!
//! Nothing here asks a site: what has to be asked is ordered as a job (`jobs::Order`), and its page says how far it is.

mod change;
mod client;
mod desk;
mod files;
mod fleet;
mod month;
mod onboard;
mod plan;
mod record;
mod requests;
mod site;
mod state;
mod work;

pub use desk::Desk;

use serde_json::{Value, json};

use super::area::{Area, Who};
use super::page::{Link, Shell};
use super::{Portal, Problem, StaffSession};
use crate::store::{NewAudit, Scope, StaffRole};

/// Version of the details that these pages leave in the audit log.
const DETAIL_VERSION: u32 = 1;

const ALL: Who = Who::Staff(&StaffRole::ALL);
const TECHNICIANS: Who = Who::Staff(&[StaffRole::Technician, StaffRole::Admin]);
const BOOKKEEPERS: Who = Who::Staff(&[StaffRole::Bookkeeper, StaffRole::Admin]);

/// Routes of this area.
pub fn routes() -> Area {
    Area::new()
        .get("/equipe", ALL, fleet::page)
        .get("/equipe/machines/{instance}/site", TECHNICIANS, site::page)
        .get("/equipe/clients/nouveau", TECHNICIANS, onboard::ask)
        .post("/equipe/clients/nouveau", TECHNICIANS, onboard::look)
        .post("/equipe/clients/nouveau/accepter", TECHNICIANS, onboard::accept)
        .get("/equipe/clients/{client}", ALL, client::page)
        .post("/equipe/clients/{client}/heures", TECHNICIANS, client::log)
        .post("/equipe/machines/{instance}/plan", TECHNICIANS, plan::order)
        .get("/equipe/plans/{number}", TECHNICIANS, plan::page)
        .post("/equipe/plans/{number}/executer", TECHNICIANS, plan::apply)
        .get("/equipe/demandes", TECHNICIANS, requests::page)
        .post("/equipe/demandes/{number}", TECHNICIANS, requests::look)
        .post("/equipe/demandes/{number}/accepter", TECHNICIANS, requests::accept)
        .post("/equipe/demandes/{number}/clore", TECHNICIANS, requests::close)
        .get("/equipe/travaux", ALL, work::page)
        .get("/equipe/travaux/{number}", ALL, work::order)
        .get("/equipe/mois", BOOKKEEPERS, month::page)
        .post("/equipe/mois", BOOKKEEPERS, month::issue)
        .get("/equipe/factures/{number}/{file}", BOOKKEEPERS, files::file)
}

/// The frame of a page, with the menu of what this person may use.
fn shell(session: &StaffSession, title: impl Into<String>, path: &str) -> Shell {
    let words = session.words;
    let (technician, bookkeeper) = match session.account.role {
        StaffRole::Technician => (true, false),
        StaffRole::Bookkeeper => (false, true),
        StaffRole::Admin => (true, true),
    };
    let sections = [
        ("/equipe", words.staff_fleet(), true),
        ("/equipe/demandes", words.staff_requests(), technician),
        ("/equipe/clients/nouveau", words.staff_new_client(), technician),
        ("/equipe/mois", words.staff_month(), bookkeeper),
        ("/equipe/travaux", words.staff_work(), true),
        ("/equipe/moi", words.staff_me(), true),
    ];
    let menu = sections.into_iter().filter(|(_, _, may)| *may).map(|(href, label, _)| Link {
        href: href.to_owned(),
        label: label.to_owned(),
        is_here: path == href,
    });
    Shell::staff(session, title, path, menu.collect())
}

/// Whether somebody may do a technician's work.
fn is_technician(session: &StaffSession) -> bool {
    session.account.role != StaffRole::Bookkeeper
}

/// Records what somebody did.
async fn audit(
    portal: &Portal,
    session: &StaffSession,
    action: &'static str,
    scope: Scope,
    mut detail: Value,
) -> Result<(), Problem> {
    detail["version"] = json!(DETAIL_VERSION);
    let at_us = session.now.as_microsecond();
    portal.audit(NewAudit { at_us, actor: session.actor(), action, scope, detail }).await
}
