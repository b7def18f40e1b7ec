//! What this room asks of the apps' room (apps, catalogue, diagnosis, firewall): one place where they meet.

use std::collections::BTreeMap;

use super::context::{Context, Refusal};
use super::job::{Failure, Job};
use super::{Yunohost, apps, diagnosis};

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

/// Ids of the installed apps, sorted.
pub fn installed_apps(yunohost: &Yunohost) -> Vec<String> {
    yunohost.apps.installed.keys().cloned().collect()
}

/// The apps on a domain.
pub fn apps_on(yunohost: &Yunohost, domain: &str) -> Vec<AppPlace> {
    let apps = apps::on_domain(yunohost, domain);
    apps.into_iter().map(|(id, label, path)| AppPlace { id, label, path }).collect()
}

/// Whether the firewall's configuration knows a TCP port.
pub fn firewall_knows(yunohost: &Yunohost, port: &str) -> bool {
    yunohost.firewall.knows("tcp", port)
}

/// The firewall's rules as its file holds them.
pub fn firewall_rules(yunohost: &Yunohost) -> String {
    yunohost.firewall.rules()
}

/// Whether the last diagnosis found a domain ready for a certificate; `None` when there is no result.
pub fn ready_for_certificate(yunohost: &Yunohost, domain: &str) -> Option<bool> {
    diagnosis::allows_certificate(yunohost, domain)
}

/// Regenerates the single sign-on's configuration: it reads the app catalogue, and fetches it when there is none. The
/// hooks of the apps then see who has an account.
///
/// # Errors
/// When the catalogue can neither be read nor fetched.
pub fn refresh_single_sign_on(context: &mut Context<'_>) -> Result<(), Refusal> {
    in_apps_room(context, |job| apps::ensure_catalog(job).map(|_| ()))?;
    apps::users_changed(context.state());
    Ok(())
}

/// Fetches the app catalogue.
///
/// # Errors
/// When it cannot be reached.
pub fn update_catalog(context: &mut Context<'_>) -> Result<(), Refusal> {
    in_apps_room(context, apps::download_catalog)
}

/// Removes an app as a part of another command.
///
/// # Errors
/// None today: removing an installed app always succeeds.
pub fn remove_app(context: &mut Context<'_>, app: &str) -> Result<(), Refusal> {
    in_apps_room(context, |job| {
        apps::remove_app(job, app, false);
        Ok(())
    })
}

/// Lets the apps' room work as a part of the command under way; what it says becomes part of the talk.
fn in_apps_room(
    context: &mut Context<'_>,
    work: impl FnOnce(&mut Job<'_>) -> Result<(), Failure>,
) -> Result<(), Refusal> {
    let env = BTreeMap::new();
    let mut outcome = Ok(());
    let reply = Job::run(context.machine, context.around, &env, |job| {
        outcome = work(job);
        Ok(None)
    });
    context.lines.extend(reply.into_iter().flat_map(|reply| reply.lines));
    outcome.map_err(|failure| match failure {
        Failure::Error(text) => Refusal::error(text),
        Failure::Traceback(last) => Refusal::crash(last),
        Failure::Said => Refusal { lines: Vec::new(), reason: String::new() },
    })
}
