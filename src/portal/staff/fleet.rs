//! The fleet: every instance with what is wrong and its mend, the worst first.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::record::{Known, known, sites_reached};
use super::state::{Said, answer, compared, headline, overall, said, seen, site_path};
use super::work::job_name;
use super::{is_technician, shell};
use crate::domain::ids::SiteId;
use crate::domain::jobs::Outcome;
use crate::jobs::Kind;
use crate::portal::page::{Link, Shell, html};
use crate::portal::picture::Tone;
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession};

/// An instance.
struct Line {
    tone: Tone,
    name: String,
    site: Option<Link>,
    clients: Vec<Link>,
    said: Vec<Said>,
    seen: String,
}

/// A site where no machine stands: a spare box, or one that waits for its first client.
struct EmptySite {
    tone: Tone,
    site: Link,
    answer: String,
}

#[derive(Template)]
#[template(path = "portal/staff/fleet.html")]
struct Page {
    shell: Shell,
    lines: Vec<Line>,
    sites: Vec<EmptySite>,
    failing: Vec<(String, String)>,
    is_well: bool,
}

/// The page.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession) -> Result<Response, Problem> {
    let words = session.words;
    let lines = lines(&portal, &session).await?;
    let failing = failing(&portal, words).await?;
    let sites = empty_sites(&portal, &session).await?;
    let mut tones = lines.iter().map(|line| line.tone).chain(sites.iter().map(|site| site.tone));
    let is_well = failing.is_empty() && !lines.is_empty() && tones.all(|tone| tone == Tone::Good);
    let shell = shell(&session, words.staff_fleet(), "/equipe");
    html(&Page { shell, lines, sites, failing, is_well })
}

async fn lines(portal: &Portal, session: &StaffSession) -> Result<Vec<Line>, Problem> {
    let (inventory, words) = (session.inventory(), session.words);
    let zone = inventory.cooperative_zone();
    let day = session.now.to_zoned(zone.clone()).date();
    let mut lines = Vec::with_capacity(inventory.instances.len());
    for known in known(&portal.store, inventory, &[], session.now).await? {
        let instance = known.instance;
        let said = said(&known, &zone, words);
        let site = known.subject.map(|subject| Link {
            href: if is_technician(session) { site_path(&subject.site.id) } else { String::new() },
            label: subject.site.name.clone(),
            is_here: false,
        });
        let clients = inventory.clients_on(&instance.id, day).map(|client| Link {
            href: format!("/equipe/clients/{}", client.id),
            label: client.identity.name.clone(),
            is_here: false,
        });
        lines.push(Line {
            tone: overall(&known, &said),
            name: instance.id.to_string(),
            site,
            clients: clients.collect(),
            said,
            seen: looked(&known, &zone, words),
        });
    }
    lines.sort_by(|one, other| (other.tone, other.said.len(), &one.name).cmp(&(one.tone, one.said.len(), &other.name)));
    Ok(lines)
}

async fn empty_sites(portal: &Portal, session: &StaffSession) -> Result<Vec<EmptySite>, Problem> {
    let (inventory, words) = (session.inventory(), session.words);
    let zone = inventory.cooperative_zone();
    let day = session.now.to_zoned(zone.clone()).date();
    let reached = sites_reached(&portal.store).await?;
    let used: BTreeSet<&SiteId> =
        inventory.instances.values().filter_map(|one| Some(&one.placement_on(day)?.site)).collect();
    let empty = inventory.sites.values().filter(|site| !used.contains(&site.id)).map(|site| {
        let (tone, answer) = answer(reached.iter().find(|one| one.site == site.id), session.now, &zone, words);
        let href = if is_technician(session) { site_path(&site.id) } else { String::new() };
        EmptySite { tone, site: Link { href, label: site.name.clone(), is_here: false }, answer }
    });
    Ok(empty.collect())
}

/// When the site answered, and when the instance was compared with the inventory: each has its own date.
fn looked(known: &Known<'_>, zone: &TimeZone, words: Words) -> String {
    let swept = match known.reach.as_ref().and_then(|reach| reach.seen_at) {
        None => words.staff_never_looked().to_owned(),
        at => format!("{} {}", words.staff_looked(), seen(at, zone, words)),
    };
    let compared = compared(&known.standing, zone, words);
    format!("{swept} · {}{} {compared}", words.staff_compared(), words.colon())
}

/// Recurring work whose last attempt did not succeed.
async fn failing(portal: &Portal, words: Words) -> Result<Vec<(String, String)>, Problem> {
    let mut failing = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.rhythm().is_some()) {
        let end = portal.store.last_job_attempt(kind.name(), "").await?.and_then(|attempt| attempt.end);
        if let Some(end) = end.filter(|end| matches!(end.outcome, Outcome::Failed | Outcome::Refused)) {
            failing.push((job_name(kind.name(), words).to_owned(), headline(&end.words).to_owned()));
        }
    }
    Ok(failing)
}
