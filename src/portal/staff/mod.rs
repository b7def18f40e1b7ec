//! Pages of the co-operative's people: the fleet, worst first; a site and a client; work; the month run.
//!
//! Nothing here asks a site: what has to be asked is ordered as a job (`jobs::Order`), and its page says how far it is.

mod accounts;
mod change;
mod client;
mod clients;
mod desk;
mod files;
mod fleet;
mod history;
mod journal;
mod month;
mod onboard;
mod plan;
mod record;
mod requests;
mod seats;
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
const ADMINS: Who = Who::Staff(&[StaffRole::Admin]);
const BOOKKEEPERS: Who = Who::Staff(&[StaffRole::Bookkeeper, StaffRole::Admin]);

/// Routes of this area.
pub fn routes() -> Area {
    Area::new()
        .get("/equipe", ALL, fleet::page)
        .get("/equipe/sites/{site}", TECHNICIANS, site::page)
        .get("/equipe/clients", ALL, clients::page)
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
        .get("/equipe/comptes", ADMINS, accounts::page)
        .get("/equipe/journal", ADMINS, journal::page)
}

/// The frame of a page, with the menu of what this person may use.
pub(in crate::portal) fn shell(session: &StaffSession, title: impl Into<String>, path: &str) -> Shell {
    let words = session.words;
    let sections = [
        ("/equipe", words.staff_fleet(), ALL),
        ("/equipe/clients", words.staff_clients(), ALL),
        ("/equipe/demandes", words.staff_requests(), TECHNICIANS),
        ("/equipe/mois", words.staff_month(), BOOKKEEPERS),
        ("/equipe/travaux", words.staff_work(), ALL),
        ("/equipe/comptes", words.staff_accounts(), ADMINS),
        ("/equipe/journal", words.staff_journal(), ADMINS),
        ("/equipe/moi", words.staff_me(), ALL),
    ];
    let may = |who: &Who| matches!(who, Who::Staff(roles) if roles.contains(&session.account.role));
    // The fleet's own path begins all others.
    let is_here = |href: &str| path == href || (href != "/equipe" && path.starts_with(&format!("{href}/")));
    let menu = sections.into_iter().filter(|(_, _, who)| may(who)).map(|(href, label, _)| Link {
        href: href.to_owned(),
        label: label.to_owned(),
        is_here: is_here(href),
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
