//! `accolades site`: nodes made ready for instances.

use clap::Subcommand;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::domain::ids::SiteId;
use crate::engine::prepare::Agreed;
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::{Inventory, Site as Place};

/// Version of the last line that `site prepare --json` prints.
const JSON_VERSION: u32 = 1;

/// What to do with sites.
#[derive(Debug, Subcommand)]
pub enum Site {
    /// Make a node ready: backup disk, rights and tokens, pools, guest agent, Debian image, backup jobs
    Prepare {
        /// The site.
        site: String,
        /// Serial number of the backup disk, typed in full: it may be formatted if it is blank.
        #[arg(long, value_name = "SERIAL")]
        format: Option<String>,
    },
}

/// Runs `site`.
///
/// # Errors
/// An unknown site, a serial number that is not the inventory's, or whatever stops the preparation.
pub async fn run(session: &Session, what: Site) -> Result<Exit, Failure> {
    let Site::Prepare { site, format } = what;
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let site = find(inventory, &site)?;
    if let Some(typed) = format.as_ref().filter(|typed| **typed != site.node.backup_disk_serial) {
        return Err(Failure::usage(
            format!("`{typed}` is not the backup disk of `{}`", site.id),
            format!("the inventory says `{}`; nothing was done", site.node.backup_disk_serial),
        ));
    }
    session.confirm(&format!("Prepare node `{}` of {} (as root)?", site.node.name, site.name))?;
    let progress = Progress::start(session.output);
    let engine = session.engine(&store, progress.sender()).await?;
    let prepared = engine.prepare_site(inventory, site, &Agreed { format_serial: format }).await;
    drop(engine);
    progress.end().await;
    let done = prepared?;
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "event": "ended", "site": site.id, "done": done }))?;
    } else if done == 0 {
        session.output.say(&format!("No changes. `{}` is ready.", site.id));
    } else {
        session.output.say(&format!("`{}` is ready, {done} steps were done\nNext: accolades plan", site.id));
    }
    Ok(Exit::Ok)
}

/// The site of this name.
pub(super) fn find<'a>(inventory: &'a Inventory, name: &str) -> Result<&'a Place, Failure> {
    SiteId::new(name).ok().and_then(|id| inventory.sites.get(&id)).ok_or_else(|| {
        let known = inventory.sites.keys().map(SiteId::as_str);
        let hint = match did_you_mean(name, known.clone()) {
            Some(likely) => format!("did you mean `{likely}`?"),
            None => format!("known are {}", known.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("no site is called `{name}`"), hint)
    })
}
