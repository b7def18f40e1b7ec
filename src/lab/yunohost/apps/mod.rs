//! `app *`: packages, their installation and life, and the programs inside them.

mod catalog;
mod change_url;
mod config_panel;
mod install;
mod listing;
pub mod package;
mod questions;
mod remove;
mod requirements;
mod resources;
mod scripts;
mod settings;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Yunohost;
use super::dolibarr::{DolibarrState, Taken};
use super::job::{Failure, Job, Outcome};
use super::nextcloud::NextcloudState;
use super::reply::{Args, Reply};
use super::{backups, diagnosis, firewall, operation_log, services, tools, view};
use crate::os::Machine;
use crate::world::Surroundings;
use package::{Catalog, Package};

pub use catalog::{download as download_catalog, ensure as ensure_catalog};
pub(crate) use install::restore_app;
pub(crate) use remove::remove_app;
pub use resources::{conflicts as url_conflicts, permission_label};
pub(crate) use scripts::backup_lines;
pub(crate) use upgrade::{available as available_upgrades, upgrade_all};

/// Installed apps and the catalogue as last downloaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Apps {
    /// Installed apps by instance id (`nextcloud`, `nextcloud__2`).
    pub installed: BTreeMap<String, Installed>,
    /// The catalogue that was last downloaded.
    pub cache: Option<Catalog>,
    /// When it was downloaded.
    pub cache_fetched_at: crate::world::Moment,
    /// How many installations and restorations there were: folders are listed newest first.
    pub created: u64,
}

/// An installed app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Installed {
    /// The package it was installed or last upgraded from.
    pub package: Package,
    /// Its settings (`settings.yml`), without the permissions.
    pub settings: Map<String, Value>,
    /// The number of its creation.
    pub created: u64,
    /// The program inside.
    pub program: Inside,
}

/// The program inside an app.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Inside {
    /// Nothing but files.
    #[default]
    Plain,
    /// A Nextcloud.
    Nextcloud(NextcloudState),
    /// A Dolibarr.
    Dolibarr(DolibarrState),
}

impl Installed {
    /// A setting as text.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key)?.as_str()
    }

    /// The name for people: the label that was chosen, or the package's.
    pub fn label(&self) -> &str {
        self.setting("label").unwrap_or_else(|| self.package.name())
    }

    /// `domain/path`, for apps with a web page.
    pub fn domain_path(&self) -> Option<String> {
        let domain = self.setting("domain")?;
        Some(format!("{domain}{}", self.setting("path").unwrap_or("/")))
    }
}

impl Apps {
    /// The Nextcloud of an instance.
    pub fn nextcloud(&mut self, id: &str) -> Option<&mut NextcloudState> {
        match &mut self.installed.get_mut(id)?.program {
            Inside::Nextcloud(state) => Some(state),
            _ => None,
        }
    }

    /// The tables of a database with their numbers of rows; none where there is no such database. Of Nextcloud those that
    /// hold what is known of it here.
    pub fn tables_of(&self, database: &str) -> Option<Vec<(String, u64)>> {
        let mut apps = self.installed.iter();
        let (id, app) = apps.find(|(id, app)| app.setting("db_name").unwrap_or(id) == database)?;
        Some(match &app.program {
            Inside::Nextcloud(state) => state.tables(),
            Inside::Dolibarr(state) => state.row_counts(),
            _ if app.setting("db_name").is_some() => vec![(format!("{id}_data"), 0)],
            _ => return None,
        })
    }

    /// Regular files that an app keeps in its data folder, by absolute path: what its program knows of, not the machine.
    pub fn data_files(&self) -> Vec<String> {
        let files = |app: &Installed| match &app.program {
            Inside::Nextcloud(state) => state.data_files(),
            _ => Vec::new(),
        };
        self.installed.values().flat_map(files).collect()
    }

    /// The Dolibarr of an instance.
    pub fn dolibarr(&mut self, id: &str) -> Option<&mut DolibarrState> {
        match &mut self.installed.get_mut(id)?.program {
            Inside::Dolibarr(state) => Some(state),
            _ => None,
        }
    }

    /// The app that answers at an address, with the path that is left for it: the longest path wins.
    pub fn at(&self, domain: &str, path: &str) -> Option<(&str, String)> {
        let fits = |app: &Installed| {
            let base = app.setting("path").unwrap_or("/").trim_end_matches('/').to_owned();
            let rest = path.strip_prefix(&base)?;
            let whole = rest.is_empty() || rest.starts_with(['/', '?']);
            (app.setting("domain") == Some(domain) && whole).then_some((base.len(), rest.to_owned()))
        };
        let found = self.installed.iter().filter_map(|(id, app)| Some((fits(app)?, id)));
        found.max_by_key(|((length, _), _)| *length).map(|((_, rest), id)| (id.as_str(), rest))
    }

    /// Instance ids as a folder lists them: the newest first.
    pub fn newest_first(&self) -> Vec<String> {
        let mut apps: Vec<(&String, u64)> = self.installed.iter().map(|(id, app)| (id, app.created)).collect();
        apps.sort_by_key(|(_, created)| std::cmp::Reverse(*created));
        apps.into_iter().map(|(id, _)| id.clone()).collect()
    }
}

/// The name of an app for people: the label that its main permission was given, or the package's name.
pub fn label(ynh: &Yunohost, id: &str) -> String {
    let Some(app) = ynh.apps.installed.get(id) else { return id.to_owned() };
    let shown = view::permission_label(ynh, id, "main");
    if shown.is_empty() || shown == resources::capitalised(id) { app.label().to_owned() } else { shown }
}

/// Apps on a domain: id, label, path.
pub fn on_domain(ynh: &Yunohost, domain: &str) -> Vec<(String, String, String)> {
    let apps = ynh.apps.installed.iter().filter(|(_, app)| app.setting("domain") == Some(domain));
    apps.map(|(id, app)| (id.clone(), label(ynh, id), app.setting("path").unwrap_or("/").to_owned())).collect()
}

/// Installed apps that the catalogue flags as broken: id and label.
pub fn broken_in_catalog(ynh: &Yunohost) -> Vec<(String, String)> {
    let broken = |app: &Installed| {
        ynh.apps
            .cache
            .as_ref()
            .and_then(|catalog| catalog.apps.get(app.package.id()))
            .is_some_and(package::Listed::is_broken)
    };
    let apps = ynh.apps.installed.iter().filter(|(_, app)| broken(app));
    apps.map(|(id, _)| (id.clone(), label(ynh, id))).collect()
}

/// The `post_user_create` hook of the installed apps: Dolibarr takes over the new users, as far as its filter lets it. They
/// are in no group yet but everybody's.
pub fn users_changed(ynh: &mut Yunohost) {
    let ids: Vec<String> = ynh.apps.installed.keys().cloned().collect();
    for id in ids {
        // The hook says that it failed, and nothing else happens.
        let _ = synchronise_dolibarr(ynh, &id);
    }
}

/// Dolibarr's script that takes over users of the directory.
///
/// # Errors
/// A filter of the directory that is not simulated, in words; `None` when the app is no Dolibarr.
pub fn synchronise_dolibarr(ynh: &mut Yunohost, id: &str) -> Option<Result<(), String>> {
    let taken = ynh.apps.dolibarr(id)?.taken();
    let people = view::people(ynh);
    let people = match taken {
        Taken::Everybody => people,
        Taken::Permitted(permission) => {
            let allowed: BTreeSet<String> = view::permitted_users(ynh, &permission).into_iter().collect();
            people.into_iter().filter(|person| allowed.contains(&person.uid)).collect()
        }
        Taken::NotSimulated(filter) => return Some(Err(format!("lab: LDAP filter not simulated: {filter}"))),
    };
    ynh.apps.dolibarr(id)?.synchronise(&people);
    Some(Ok(()))
}

/// The people who may use an app, as its directory filter sees them.
pub fn people_of(ynh: &Yunohost, id: &str) -> Vec<super::nextcloud::Person> {
    let allowed: BTreeSet<String> = view::permitted_users(ynh, &format!("{id}.main")).into_iter().collect();
    view::people(ynh).into_iter().filter(|person| allowed.contains(&person.uid)).collect()
}

/// Answers a command of these rooms (apps, backups, tools, diagnosis, logs, services, firewall); `None` for those of
/// others. `env` is the command's environment.
pub fn dispatch(
    machine: &mut Machine,
    command: &str,
    args: &Args,
    env: &BTreeMap<String, String>,
    around: Surroundings<'_>,
) -> Option<Reply> {
    let mut known = true;
    let reply = Job::run(machine, around, env, |job| {
        let group = command.split(' ').next().unwrap_or_default();
        let outcome = match group {
            "app" => app_command(job, command, args),
            "backup" => backups::dispatch(job, command, args),
            "diagnosis" => diagnosis::dispatch(job, command, args),
            "log" => operation_log::dispatch(job, command, args),
            "service" => services::dispatch(job, command, args),
            "firewall" => firewall::dispatch(job, command, args),
            "tools" | "hook" | "storage" => tools::dispatch(job, command, args),
            _ => None,
        };
        known = outcome.is_some();
        outcome.unwrap_or(Ok(None))
    });
    reply.filter(|_| known)
}

/// Runs an `app` command.
fn app_command(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "app catalog" => catalog::catalog(job, args),
        "app search" => catalog::search(job, args),
        "app manifest" => catalog::manifest(job, args),
        "app list" => listing::list(job, args),
        "app info" => listing::info(job, args),
        "app map" => listing::map(job, args),
        "app install" => install::install(job, args),
        "app remove" => remove::remove(job, args),
        "app upgrade" => upgrade::upgrade(job, args),
        "app change-url" => change_url::change_url(job, args),
        "app setting" => settings::setting(job, args),
        "app config get" => config_panel::get(job, args),
        "app config set" => config_panel::set(job, args),
        "app change-label" => settings::change_label(job, args),
        "app makedefault" => settings::make_default(job, args),
        "app register-url" => settings::register_url(job, args),
        "app ssowatconf" => Ok(None),
        "app action list" => {
            find(job.ynh, args.one("app").unwrap_or_default()).map(|_| Some(Value::Object(Map::new())))
        }
        _ => return None,
    })
}

/// An installed app.
///
/// # Errors
/// The sentence with the list of what is installed.
pub(crate) fn find<'a>(ynh: &'a Yunohost, id: &str) -> Result<&'a Installed, Failure> {
    ynh.apps.installed.get(id).ok_or_else(|| not_installed(ynh, id))
}

fn not_installed(ynh: &Yunohost, id: &str) -> Failure {
    let ids: Vec<&str> = ynh.apps.installed.keys().map(String::as_str).collect();
    let list = format!("\n - {}", ids.join("\n - "));
    Failure::error(format!("Could not find {id} in the list of installed apps: {list}"))
}
