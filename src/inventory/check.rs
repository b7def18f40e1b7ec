//! The pure core: texts in, a model or all mistakes out. No disk, no clock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::conflicts::{self, Drafts};
use super::document::{self, Document};
use super::mistake::{Mistake, Mistakes};
use super::model::{Inventory, MODEL_VERSION};
use super::read::{self, Draft};
use super::reader::{Findings, Reader};
use super::side_by_side::side_by_side;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

/// Checks an inventory given as texts by path (relative, with `/`).
///
/// # Errors
/// All mistakes of all files, sorted by file and place.
pub fn check(files: &BTreeMap<String, String>) -> Result<Inventory, Mistakes> {
    let findings = Findings::default();
    let inventory = assemble(files, &BTreeSet::new(), &findings);
    let list = findings.into_list();
    match inventory {
        Some(inventory) if list.is_empty() => Ok(inventory),
        _ => Err(Mistakes::new(list, files)),
    }
}

/// The mistakes of the files that could be read, beside those that could not: these keep their ids, so that references to
/// them stay known, and what is in them is not missed.
pub fn mistakes_beside(files: &BTreeMap<String, String>, unreadable: &BTreeSet<String>) -> Vec<Mistake> {
    let mut files = files.clone();
    files.extend(unreadable.iter().map(|path| (path.clone(), String::new())));
    let findings = Findings::default();
    assemble(&files, unreadable, &findings);
    findings.into_list()
}

fn assemble(files: &BTreeMap<String, String>, unreadable: &BTreeSet<String>, findings: &Findings) -> Option<Inventory> {
    let documents = document::parse(files, unreadable, findings);
    // The co-operative first: contracts fall back on its seat price, schedules on its zone.
    let (cooperative, claims) = documents
        .iter()
        .find(|document| document.folder.is_none() && document.readable)
        .map(|document| read::cooperative(&document.reader(findings)))
        .unwrap_or_default();
    let from_cooperative = FromCooperative {
        seat_price: claims.seat_price,
        zone: claims.time_zone.as_deref().and_then(read::zone_named).unwrap_or(TimeZone::UTC),
    };
    let mut drafts = Drafts { cooperative: claims, every_client_readable: true, ..Drafts::default() };
    let parts = side_by_side(&documents, |part| {
        let (found, mut drafts) = (Findings::default(), Drafts { every_client_readable: true, ..Drafts::default() });
        part.iter().for_each(|document| add(document, &mut drafts, &from_cooperative, &found));
        (drafts, found.into_list())
    });
    for (part, found) in parts {
        drafts.take(part);
        findings.extend(found);
    }
    conflicts::find(&drafts, findings);
    Some(Inventory {
        version: MODEL_VERSION,
        cooperative: cooperative?,
        sites: models(drafts.sites)?,
        backup_servers: models(drafts.backup_servers)?,
        instances: models(drafts.instances)?,
        clients: models(drafts.clients)?,
    })
}

/// What other files fall back on.
struct FromCooperative {
    seat_price: Option<Cents>,
    zone: TimeZone,
}

fn add(document: &Document<'_>, drafts: &mut Drafts, fallback: &FromCooperative, findings: &Findings) {
    match document.folder {
        Some("sites") => {
            insert(document, &mut drafts.sites, findings, |id, reader| read::site(id, reader, &fallback.zone));
        }
        Some("backup-servers") => {
            insert(document, &mut drafts.backup_servers, findings, |id, reader| {
                read::backup_server(id, reader, &fallback.zone)
            });
        }
        Some("instances") => insert(document, &mut drafts.instances, findings, read::instance),
        Some("clients") => {
            drafts.every_client_readable &= document.readable && ClientId::new(document.stem).is_ok();
            insert(document, &mut drafts.clients, findings, |id, reader| read::client(id, reader, fallback.seat_price));
        }
        _ => {}
    }
}

/// Reads a file into its draft. A file whose syntax is broken keeps its id, so that references to it stay known.
fn insert<Id, Model, Claims: Default>(
    document: &Document<'_>,
    drafts: &mut BTreeMap<Id, Draft<Id, Model, Claims>>,
    findings: &Findings,
    read: impl FnOnce(&Id, &Reader<'_>) -> (Option<Model>, Claims),
) where
    Id: Ord + Clone + TryFrom<String, Error: std::fmt::Display>,
{
    let place = document.place();
    match Id::try_from(document.stem.to_owned()) {
        Ok(id) => {
            let (model, claims) =
                if document.readable { read(&id, &document.reader(findings)) } else { (None, Claims::default()) };
            drafts.insert(id.clone(), Draft { id, place, model, claims });
        }
        Err(error) => findings
            .add(Mistake::new(error.to_string(), &place, "the name of the file is the id").help("rename the file")),
    }
}

fn models<Id: Ord, Model, Claims>(drafts: BTreeMap<Id, Draft<Id, Model, Claims>>) -> Option<BTreeMap<Id, Model>> {
    drafts.into_iter().map(|(id, draft)| Some((id, draft.model?))).collect()
}
