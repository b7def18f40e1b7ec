//! What this room asks of the apps' room (apps, catalogue, diagnosis, firewall): one place where they meet.

use super::Yunohost;
use super::context::{Context, Refusal};

/// The cached app catalogue.
pub const CATALOG_PATH: &str = "/var/cache/yunohost/repo/default.json";

/// Ports that a fresh firewall lets in over TCP.
const FIRST_PORTS: [u32; 6] = [22, 25, 80, 443, 587, 993];

/// An app that lives on a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPlace {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Its path, `/` or `/dolibarr`.
    pub path: String,
}

/// Ids of the installed apps, sorted: those that have permissions.
pub fn installed_apps(yunohost: &Yunohost) -> Vec<String> {
    let owners = yunohost.permissions.iter().filter(|(_, permission)| !permission.system);
    let mut apps: Vec<String> = owners.filter_map(|(name, _)| Some(name.split_once('.')?.0.to_owned())).collect();
    apps.dedup();
    apps
}

/// The apps on a domain.
pub fn apps_on(yunohost: &Yunohost, domain: &str) -> Vec<AppPlace> {
    let main = yunohost.permissions.iter().filter(|(name, permission)| !permission.system && name.ends_with(".main"));
    main.filter_map(|(name, permission)| {
        let (host, path) = permission.base.split_once('/').unwrap_or((&permission.base, ""));
        (host == domain).then(|| AppPlace {
            id: name.trim_end_matches(".main").to_owned(),
            label: permission.label.clone(),
            path: format!("/{path}"),
        })
    })
    .collect()
}

/// Whether the firewall's configuration knows a TCP port.
pub fn firewall_knows(_yunohost: &Yunohost, port: &str) -> bool {
    FIRST_PORTS.iter().any(|known| known.to_string() == port)
}

/// The firewall's rules as its file holds them.
pub fn firewall_rules(_yunohost: &Yunohost) -> String {
    format!("tcp dport {FIRST_PORTS:?} accept\n")
}

/// Whether the last diagnosis found a domain ready for a certificate; `None` when there is no result.
pub fn ready_for_certificate(_yunohost: &Yunohost, _domain: &str) -> Option<bool> {
    None
}

/// Regenerates the single sign-on's configuration: it reads the app catalogue, and fetches it when there is none.
///
/// # Errors
/// When the catalogue can neither be read nor fetched.
pub fn refresh_single_sign_on(context: &mut Context<'_>) -> Result<(), Refusal> {
    if context.machine.files.exists(CATALOG_PATH) {
        return Ok(());
    }
    context.info("apps_catalog_obsolete_cache", &[]);
    update_catalog(context)
}

/// Removes an app as a part of another command.
///
/// # Errors
/// When that is not possible.
pub fn remove_app(_context: &mut Context<'_>, app: &str) -> Result<(), Refusal> {
    Err(Refusal::error(format!("not simulated in the lab: removing {app} with its domain")))
}

/// Fetches the app catalogue.
///
/// # Errors
/// When it cannot be reached.
pub fn update_catalog(context: &mut Context<'_>) -> Result<(), Refusal> {
    context.info("apps_catalog_updating", &[]);
    if !context.around.internet.catalog_reachable {
        return Err(context.refuse("apps_catalog_failed_to_download", &[]));
    }
    context.machine.files.write(CATALOG_PATH, "{\"from_api_version\": 3}");
    context.success("apps_catalog_update_success", &[]);
    Ok(())
}
