//! What restores leave behind: machines that wait, machines that were replaced, what a node was lent.

use serde_json::json;

use super::super::site;
use super::{JSON_VERSION, engine_does, subject};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::ids::SiteId;
use crate::engine::loan::open_loan;
use crate::engine::restore::RestoreDetail;
use crate::engine::run::Accepted;
use crate::inventory::model::Inventory;
use crate::store::{Purpose, RestoreState, Scope, Store};

/// Restored machines, replaced ones, and what nodes were lent.
pub(super) async fn list(session: &Session, store: &Store, accepted: &Accepted) -> Result<Exit, Failure> {
    let zone = when::zone(&accepted.inventory.cooperative);
    let open = store.open_restores(&Scope::Staff).await?;
    let mut loans = Vec::new();
    for instance in accepted.inventory.instances.keys() {
        loans.extend(open_loan(store, instance).await?);
    }
    if session.output.is_json() {
        let rows: Vec<_> = open
            .iter()
            .map(|row| {
                json!({
                    "id": row.new.id, "instance": row.new.instance, "site": row.new.site, "vmid": row.new.vmid,
                    "purpose": if row.new.purpose == Purpose::Drill { "drill" } else { "restore" },
                    "state": row.state.as_str(), "begun_at_us": row.new.at_us, "detail": row.new.detail,
                })
            })
            .collect();
        session.output.json(&json!({ "version": JSON_VERSION, "restores": rows, "loans": loans }))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = open
        .iter()
        .map(|row| {
            let what = match (row.new.purpose, row.state) {
                (Purpose::Drill, _) => "drill: under way, or cut short and removed by the next one",
                (_, RestoreState::Begun) => "being restored, or cut short",
                (_, RestoreState::Checked) => "waits: `restore` goes on with it, `restore abandon` destroys it",
                (_, RestoreState::Swapping) => "being swapped: the same `restore` goes on",
                (_, _) if RestoreDetail::of(row).old_vmid.is_none() => {
                    "in place; nothing was replaced: `restore keep` ends it"
                }
                (_, _) => "in place; the replaced machine is kept: `restore discard` or `restore keep`",
            };
            vec![
                row.new.instance.to_string(),
                row.new.site.to_string(),
                row.new.vmid.to_string(),
                when::minute(row.new.at_us, &zone),
                what.to_owned(),
            ]
        })
        .collect();
    session.output.data(&table(&["INSTANCE", "SITE", "VM", "BEGUN", "STATE"], &rows))?;
    for loan in &loans {
        let ends = format!("`accolades restore take-back {}` ends that", loan.instance);
        if loan.is_open {
            let who = format!("`{}` can still read the backups of `{}`", loan.site, loan.instance);
            session.output.warn(&format!("{who}: {ends}"));
        }
        for site in &loan.left_at {
            let what = format!("the key to the backups of `{}` is still on the node of `{site}`", loan.instance);
            session.output.warn(&format!("{what}, which did not give it back: {ends}"));
        }
    }
    Ok(Exit::Ok)
}

/// Ends the lending of backups to another site's node.
pub(super) async fn take_back(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    client: &str,
) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let subject = subject(session, inventory, client).await?;
    let instance = &subject.instance.id;
    let loan = open_loan(store, instance).await?;
    engine_does(session, store, async |engine| engine.take_back_alone(inventory, instance).await).await?;
    session.output.say(&match loan {
        Some(loan) if loan.is_open => format!("`{}` can read the backups of `{instance}` no more", loan.site),
        Some(_) => format!("nothing that was lent for `{instance}` is left anywhere"),
        None => format!("nobody was lent the reading of the backups of `{instance}`"),
    });
    Ok(Exit::Ok)
}

/// Destroys a restored machine that waits.
pub(super) async fn abandon(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    client: &str,
    on: Option<&str>,
) -> Result<Exit, Failure> {
    let subject = subject(session, accepted.inventory.as_ref(), client).await?;
    let at = at(accepted.inventory.as_ref(), on)?;
    session.confirm(&format!("Destroy the restored machine of `{}` that waits?", subject.instance.id))?;
    let at = at.as_ref();
    let gone = engine_does(session, store, async |engine| engine.abandon_restore(&subject, at).await).await?;
    session.output.say(&format!("vm {gone} is gone; the live machine was not touched"));
    Ok(Exit::Ok)
}

/// Leaves the replaced machine where it is.
pub(super) async fn keep(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    client: &str,
    on: Option<&str>,
) -> Result<Exit, Failure> {
    let subject = subject(session, accepted.inventory.as_ref(), client).await?;
    let at = at(accepted.inventory.as_ref(), on)?;
    let at = at.as_ref();
    let kept = engine_does(session, store, async |engine| engine.keep_replaced(&subject, at).await).await?;
    session.output.say(&match RestoreDetail::of(&kept).old_vmid {
        Some(old) => format!("vm {old} stays on its node, stopped; nothing of ours looks at it any more"),
        None => "nothing was replaced there: that restore is over".to_owned(),
    });
    Ok(Exit::Ok)
}

/// Destroys the replaced machine, once its name was typed.
pub(super) async fn discard(
    session: &Session,
    store: &Store,
    accepted: &Accepted,
    client: &str,
    on: Option<&str>,
) -> Result<Exit, Failure> {
    let inventory = accepted.inventory.as_ref();
    let zone = when::zone(&inventory.cooperative);
    let subject = subject(session, inventory, client).await?;
    let instance = &subject.instance.id;
    let at = at(inventory, on)?;
    let at = at.as_ref();
    let mut open = engine_does(session, store, async |engine| engine.open_restores(instance).await).await?;
    open.retain(|row| row.state == RestoreState::Swapped && at.is_none_or(|site| row.new.site == *site));
    // With several, the engine asks which one is meant, before anything is lost.
    let open = if open.len() == 1 { open.pop() } else { None };
    let old = open.as_ref().and_then(|row| RestoreDetail::of(row).old_vmid);
    if let (Some(row), Some(old)) = (&open, old) {
        let loss = format!(
            "vm {old} at `{}` is destroyed with everything on its disks: what was done on it between the backup of {} and \
             its end on {} is nowhere else",
            row.new.site,
            RestoreDetail::of(row).backup.map(|backup| when::minute(backup.at_us, &zone)).unwrap_or_default(),
            when::minute(row.changed_at_us, &zone),
        );
        session.confirm_name(&loss, instance.as_str())?;
    }
    let discarded = engine_does(session, store, async |engine| engine.discard_replaced(&subject, at).await).await?;
    let old = RestoreDetail::of(&discarded).old_vmid;
    session.output.say(&format!("vm {} is gone", old.map_or_else(|| "-".to_owned(), |old| old.to_string())));
    Ok(Exit::Ok)
}

/// The site that was named, if one was.
fn at(inventory: &Inventory, on: Option<&str>) -> Result<Option<SiteId>, Failure> {
    on.map(|name| Ok(site::find(inventory, name)?.id.clone())).transpose()
}
