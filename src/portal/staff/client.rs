//! A client: who it is, how its instance stands, its hours, and what happened; and logging work in one line.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde_json::json;

use super::desk::form;
use super::record::known;
use super::state::{Said, compared, overall, plan_path, said, seen, site_path};
use super::{audit, history, is_technician, shell};
use crate::billing::BillingError;
use crate::billing::book::Book;
use crate::billing::hours::Hours;
use crate::billing::terms;
use crate::billing::work::{self, Work};
use crate::domain::backup::drill::{Origin, Verdict};
use crate::domain::backup::health::Place as BackupPlace;
use crate::domain::billing::terms::SupportKind;
use crate::domain::ids::ClientId;
use crate::inventory::model::Client;
use crate::portal::client::backups::tone;
use crate::portal::form::{Fields, query};
use crate::portal::page::{Link, Shell, html};
use crate::portal::picture::Tone;
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::Scope;

/// Entries, drills and steps that are shown, the newest first.
const SHOWN: usize = 12;

/// The action of the audit log for logged work.
const LOGGED: &str = "support-logged";

/// Entries of the audit log among which a form that is sent again is looked for.
const LOGGED_LATELY: u32 = 100;

/// What was typed to log work, to be shown again when it is refused.
#[derive(Default)]
struct Typed {
    time: String,
    words: String,
    kind: String,
    at: String,
    not_accounted: String,
    mistake: Option<String>,
}

/// What stands about a place of the backups.
struct Place {
    name: &'static str,
    tone: Tone,
    last_good: String,
    proven: String,
    seen: String,
}

#[derive(Template)]
#[template(path = "portal/staff/client.html")]
struct Page {
    shell: Shell,
    tone: Tone,
    contacts: Vec<(String, String)>,
    facts: Vec<(&'static str, String)>,
    site: Option<Link>,
    links: Vec<Link>,
    said: Vec<Said>,
    places: Vec<Place>,
    plan: Option<String>,
    form: String,
    hours: String,
    log: Option<Typed>,
    log_path: String,
    kinds: [(&'static str, &'static str); 5],
    entries: Vec<[String; 4]>,
    drills: Vec<[String; 3]>,
    history: Vec<[String; 3]>,
}

/// The page.
pub async fn page(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
    uri: axum::http::Uri,
) -> Result<Response, Problem> {
    let client = find(&session, &id)?;
    let notice = (query(&uri).get("note") == "oui").then(|| session.words.staff_logged().to_owned());
    let page = shown_page(&portal, &session, client, Typed::default(), notice).await?;
    html(&page)
}

/// Logs work.
pub async fn log(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    let client = find(&session, &id)?;
    let scope = Scope::Client(client.id.clone());
    let done = format!("/equipe/clients/{}?note=oui", client.id);
    // One at a time, so that a form that is sent twice finds what it left the first time.
    let _turn = portal.desk().turn().await;
    let id_of_form = form(fields.get("form"))?;
    if is_logged(&portal, &scope, id_of_form).await? {
        return Ok(Redirect::to(&done).into_response());
    }
    let account = Book::read(&portal.store, &scope).await?.account(&client.id);
    let zone = terms::zone(&session.inventory().cooperative);
    let optional = |name: &str| Some(fields.get(name)).filter(|text| !text.is_empty());
    let kind = SupportKind::ALL.into_iter().find(|kind| kind.word() == fields.get("kind"));
    let kind = kind.ok_or(Problem::Unreadable)?;
    let typed = Work {
        time: fields.get("time"),
        words: fields.get("words"),
        kind,
        at: optional("at"),
        not_accounted: optional("not_accounted"),
    };
    match work::log(&portal.store, client, account, typed, &session.account.name, session.now, &zone).await {
        Ok(logged) => {
            let detail = json!({ "entry": logged.position, "minutes": logged.span.minutes, "form": id_of_form });
            audit(&portal, &session, LOGGED, scope, detail).await?;
            Ok(Redirect::to(&done).into_response())
        }
        Err(BillingError::Refused { what, next }) => {
            let own = |name: &str| fields.get(name).to_owned();
            let typed = Typed {
                time: own("time"),
                words: own("words"),
                kind: own("kind"),
                at: own("at"),
                not_accounted: own("not_accounted"),
                mistake: Some(format!("{what} ({next})")),
            };
            let page = shown_page(&portal, &session, client, typed, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a form was sent before: what it logged stands in the audit log with its name.
async fn is_logged(portal: &Portal, scope: &Scope, form: &str) -> Result<bool, Problem> {
    let latest = portal.store.audit_entries(scope, i64::MAX, LOGGED_LATELY).await?;
    Ok(latest.iter().any(|one| one.action == LOGGED && one.detail["form"] == form))
}

pub(super) fn find<'a>(session: &'a StaffSession, id: &str) -> Result<&'a Client, Problem> {
    ClientId::new(id).ok().and_then(|id| session.inventory().clients.get(&id)).ok_or(Problem::NotFound)
}

async fn shown_page(
    portal: &Portal,
    session: &StaffSession,
    client: &Client,
    typed: Typed,
    notice: Option<String>,
) -> Result<Page, Problem> {
    let (inventory, words) = (session.inventory(), session.words);
    let zone = inventory.cooperative_zone();
    let day = session.now.to_zoned(zone.clone()).date();
    let scope = Scope::Client(client.id.clone());
    let book = Book::read(&portal.store, &scope).await?;
    let account = book.account(&client.id);
    let year = Hours::of(client, &account, &terms::zone(&inventory.cooperative)).year(day);
    let hours = format!(
        "{} {} {} {} {} {}",
        words.staff_hours_used(),
        say::minutes(year.used),
        words.staff_hours_of(),
        say::minutes(year.allowance),
        words.staff_hours_until(),
        say::day(year.until, words)
    );
    let moment = |at_us: i64| say::moment_us(at_us, &zone, words);
    let entries = account.entries.iter().rev().filter(|entry| !entry.is_gone()).take(SHOWN).map(|entry| {
        let recorded = &entry.latest.entry;
        [moment(recorded.started_at_us), recorded.words.clone(), say::minutes(recorded.minutes), recorded.by.clone()]
    });
    let entries = entries.collect();
    let audited = portal.store.audit_entries(&scope, i64::MAX, u32::try_from(SHOWN).unwrap_or(u32::MAX)).await?;
    let mut events = history::deeds(&audited, words);

    let instance = client.instance_on(day).and_then(|id| inventory.instances.get(id));
    let (mut stands, mut tone_of_all, mut places) = (Vec::new(), Tone::Unknown, Vec::new());
    let open = i64::try_from(client.seats_on(day).count()).unwrap_or(i64::MAX);
    let mut facts = vec![(words.staff_seats(), say::count(open, (words.seat_open(), words.seats_open()), words))];
    let (mut site, mut drills) = (None, Vec::new());
    if let Some(instance) = instance {
        let all = known(&portal.store, inventory, std::slice::from_ref(&instance.id), session.now).await?;
        let known = all.first().ok_or(Problem::NotFound)?;
        stands = said(known, &zone, words);
        tone_of_all = overall(known, &stands);
        events.extend(history::of_instance(portal, &instance.id, &zone, words).await?);
        facts.push((words.staff_compared(), compared(&known.standing, &zone, words)));
        let at = |at: Option<Timestamp>| {
            at.map_or_else(|| words.staff_none().to_owned(), |at| say::moment(at, &zone, words))
        };
        places = known
            .truth
            .iter()
            .flat_map(|one| &one.health.places)
            .map(|place| Place {
                name: place_word(place.place, words),
                tone: tone(place),
                last_good: at(place.last_good.as_ref().map(|good| good.at)),
                proven: at(place.proven_at),
                seen: seen(place.seen_at, &zone, words),
            })
            .collect();
        site = known.subject.map(|subject| Link {
            href: if is_technician(session) { site_path(&subject.site.id) } else { String::new() },
            label: subject.site.name.clone(),
            is_here: false,
        });
        let kept = portal.store.drills(&Scope::Staff, &instance.id).await?;
        drills = kept
            .iter()
            .rev()
            .take(SHOWN)
            .map(|kept| {
                let record = &kept.record;
                let (from, verdict) = (origin_word(record.from, words), verdict_word(&record.verdict, words));
                [moment(record.began_at_us), from.to_owned(), verdict.to_owned()]
            })
            .collect();
    }
    let path = format!("/equipe/clients/{}", client.id);
    let may = is_technician(session);
    Ok(Page {
        shell: shell(session, client.identity.name.clone(), &path).saying(notice),
        tone: tone_of_all,
        contacts: client.contacts.iter().map(|one| (one.name.clone(), one.email.clone())).collect(),
        facts,
        site,
        links: links(client, instance.map(|one| one.main_domain.as_str()), words),
        said: stands,
        places,
        plan: instance.filter(|_| may).map(|one| plan_path(&one.id)),
        form: portal.new_id(),
        hours,
        log: may.then_some(typed),
        log_path: format!("{path}/heures"),
        kinds: kinds(words),
        entries,
        drills,
        history: history::rows(events, &zone, words),
    })
}

fn place_word(place: BackupPlace, words: Words) -> &'static str {
    match place {
        BackupPlace::Local => words.staff_local(),
        BackupPlace::Remote => words.staff_remote(),
        BackupPlace::Third => words.staff_third(),
    }
}

fn origin_word(origin: Origin, words: Words) -> &'static str {
    match origin {
        Origin::Local => words.staff_local(),
        Origin::Remote => words.staff_remote(),
    }
}

fn verdict_word(verdict: &Verdict, words: Words) -> &'static str {
    match verdict {
        Verdict::Proven => words.proven(),
        Verdict::Failed { .. } => words.drill_failed(),
        Verdict::NotTested { .. } => words.not_tested(),
    }
}

/// The pages of the programs themselves.
fn links(client: &Client, main_domain: Option<&str>, words: Words) -> Vec<Link> {
    let link = |href: String, label: &str| Link { href, label: label.to_owned(), is_here: false };
    let yunohost =
        main_domain.map(|domain| link(format!("https://{domain}/yunohost/admin/"), words.staff_open_yunohost()));
    let nextcloud = client.nextcloud.as_ref();
    let nextcloud =
        nextcloud.map(|app| link(format!("https://{}{}", app.domain, app.path), words.staff_open_nextcloud()));
    let dolibarr = client.dolibarr.as_ref();
    let dolibarr = dolibarr.map(|app| link(format!("https://{}{}", app.domain, app.path), words.staff_open_dolibarr()));
    yunohost.into_iter().chain(nextcloud).chain(dolibarr).collect()
}

fn kinds(words: Words) -> [(&'static str, &'static str); 5] {
    SupportKind::ALL.map(|kind| {
        let label = match kind {
            SupportKind::Help => words.staff_kind_help(),
            SupportKind::Training => words.staff_kind_training(),
            SupportKind::GroupTraining => words.staff_kind_group(),
            SupportKind::Incident => words.staff_kind_incident(),
            SupportKind::Maintenance => words.staff_kind_maintenance(),
        };
        (kind.word(), label)
    })
}
