//! `accolades check`: every mistake of the inventory at once.

use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::inventory;

/// Version of what `check --json` prints.
const JSON_VERSION: u32 = 1;

/// Checks the files.
///
/// # Errors
/// The mistakes; as JSON they are data and go to standard output.
pub fn run(session: &Session) -> Result<Exit, Failure> {
    let folder = &session.globals.inventory;
    let loaded = match inventory::load(folder) {
        Ok(loaded) => loaded,
        Err(mistakes) if session.output.is_json() => {
            session.output.json(&mistakes.to_json())?;
            return Ok(Exit::Configuration);
        }
        Err(mistakes) => return Err(mistakes.into()),
    };
    let inventory = &loaded.inventory;
    let (sites, instances, clients) = (inventory.sites.len(), inventory.instances.len(), inventory.clients.len());
    if session.output.is_json() {
        let counts = json!({ "sites": sites, "instances": instances, "clients": clients });
        session.output.json(&json!({ "version": JSON_VERSION, "mistakes": [], "counts": counts }))?;
    } else {
        let files = loaded.files.len();
        session.output.say(&format!(
            "`{}` is right: {files} files, {sites} sites, {instances} instances, {clients} clients",
            folder.display()
        ));
    }
    Ok(Exit::Ok)
}
