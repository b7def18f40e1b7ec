//! `tools migrations *`: after a post-installation all of them are skipped.

use serde_json::{Value, json};

use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;

/// A migration that this version knows.
pub struct Migration {
    /// `0031_terms_of_services`.
    pub id: &'static str,
    automatic: bool,
    description: &'static str,
    disclaimer: Option<&'static str>,
}

const fn migration(id: &'static str, automatic: bool, description: &'static str) -> Migration {
    Migration { id, automatic, description, disclaimer: None }
}

const TERMS: &str = "This migration is purely an informational message about the fact that the YunoHost project now publishes Terms of Services related to the technical and community services.\n\nThe YunoHost project is a team of volunteers who have made common cause to create a free operating system for servers, called YunoHost. The YunoHost software is published under the AGPLv3 license (<https://www.gnu.org/licenses/agpl-3.0.txt>). In connection with this software, the project administers and makes available several technical and community services for various purposes. By using these services, you agree to be bound by the following Terms of Services: <https://yunohost.org/terms_of_services>.";

/// All of them in order.
pub const ALL: &[Migration] = &[
    migration("0027_migrate_to_bookworm", false, "Upgrade the system to Debian Bookworm and YunoHost 12"),
    migration("0028_delete_legacy_xmpp_permission", true, "Delete the old XMPP permissions, Metronome is now an app"),
    migration("0029_postgresql_13_to_15", true, "Migrate databases from PostgreSQL 13 to 15"),
    migration("0030_rebuild_python_venv_in_bookworm", true, "Repair Python app after bookworm migration"),
    Migration {
        id: "0031_terms_of_services",
        automatic: false,
        description: "Terms of services",
        disclaimer: Some(TERMS),
    },
    migration("0032_firewall_config", true, "Internal firewall config file migration"),
    migration("0033_rework_permission_infos", true, "Rework the way app permissions are stored"),
    migration("0034_fix_missing_admins_aliases", true, "Fix missing mail aliases for the admins group"),
    migration("0035_fix_apps_nodejs_version", true, "Fix nodejs versions in app systemd configurations"),
];

impl Migration {
    fn number(&self) -> u32 {
        self.id.split('_').next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    fn name(&self) -> &'static str {
        self.id.split_once('_').map_or(self.id, |(_, name)| name)
    }
}

fn state<'a>(job: &'a Job<'_>, id: &str) -> &'a str {
    job.ynh.tools.migrations.get(id).map_or("pending", String::as_str)
}

/// The migrations in a state: `pending`, `done` (which includes the skipped ones) or all.
pub fn shown(job: &Job<'_>, wanted: Option<&str>) -> Vec<Value> {
    let fits = |one: &&Migration| match wanted {
        Some("pending") => state(job, one.id) == "pending",
        Some(_) => state(job, one.id) != "pending",
        None => true,
    };
    ALL.iter()
        .filter(fits)
        .map(|one| {
            json!({
                "id": one.id,
                "number": one.number(),
                "name": one.name(),
                "mode": if one.automatic { "auto" } else { "manual" },
                "state": state(job, one.id),
                "description": one.description,
                "disclaimer": one.disclaimer,
            })
        })
        .collect()
}

/// `tools migrations list`.
pub fn list(job: &mut Job<'_>, args: &Args) -> Outcome {
    let wanted = match (args.given("--pending"), args.given("--done")) {
        (true, true) => {
            return Err(Failure::error("You cannot use both '--previous' and '--done' at the same time."));
        }
        (true, false) => Some("pending"),
        (false, true) => Some("done"),
        (false, false) => None,
    };
    Ok(Some(json!({"migrations": shown(job, wanted)})))
}

/// `tools migrations run`. A migration that is not accepted is passed over, and the exit status is 0 (sheet YunoHost,
/// section 3).
pub fn run(job: &mut Job<'_>, args: &Args) -> Outcome {
    let (skip, auto, rerun) = (args.given("--skip"), args.given("--auto"), args.given("--force-rerun"));
    if usize::from(skip) + usize::from(auto) + usize::from(rerun) > 1 {
        return Err(Failure::error("'--auto', '--skip', and '--force-rerun' are mutually exclusive options."));
    }
    let mut targets = Vec::new();
    for wanted in args.many("targets") {
        let found = ALL.iter().find(|one| one.id == wanted || one.name() == wanted || number_is(one, wanted));
        targets.push(found.ok_or_else(|| Failure::error(format!("There is no migration called '{wanted}'")))?);
    }
    if targets.is_empty() {
        if skip || rerun {
            return Err(Failure::error("You must provide explicit targets when using '--skip' or '--force-rerun'."));
        }
        targets = ALL.iter().filter(|one| state(job, one.id) == "pending").collect();
    } else {
        check_states(job, &targets, skip, rerun)?;
    }
    if targets.is_empty() {
        job.info("No migrations to run");
        return Ok(None);
    }
    for target in targets {
        if auto && !target.automatic {
            job.error(format!("Migration {} needs to be run manually. Please go to Tools → Migrations on the webadmin page, or run `yunohost tools migrations run`.", target.id));
            continue;
        }
        if skip {
            job.warning(format!("Skipping migration {}...", target.id));
            job.ynh.tools.migrations.insert(target.id.to_owned(), "skipped".to_owned());
            continue;
        }
        if let Some(disclaimer) = target.disclaimer.filter(|_| !args.given("--accept-disclaimer")) {
            job.warning(format!("To run the migration {}, your must accept the following disclaimer:\n---\n{disclaimer}\n---\nIf you accept to run the migration, please re-run the command with the option '--accept-disclaimer'.", target.id));
            continue;
        }
        job.info(format!("Running migration {}...", target.id));
        job.takes_ms(3_000);
        job.ynh.tools.migrations.insert(target.id.to_owned(), "done".to_owned());
        job.success(format!("Migration {} completed", target.id));
    }
    Ok(None)
}

fn number_is(migration: &Migration, wanted: &str) -> bool {
    wanted.parse::<u32>().is_ok_and(|number| number == migration.number())
}

fn check_states(job: &Job<'_>, targets: &[&Migration], skip: bool, rerun: bool) -> Result<(), Failure> {
    let pending = |one: &&&Migration| state(job, one.id) == "pending";
    let names = |list: Vec<&&Migration>| list.iter().map(|one| one.id).collect::<Vec<_>>().join(", ");
    let done: Vec<&&Migration> = targets.iter().filter(|one| !pending(one)).collect();
    if rerun {
        let waiting: Vec<&&Migration> = targets.iter().filter(pending).collect();
        return if waiting.is_empty() {
            Ok(())
        } else {
            Err(Failure::error(format!(
                "Those migrations are still pending, so cannot be run again: {}",
                names(waiting)
            )))
        };
    }
    if done.is_empty() {
        return Ok(());
    }
    Err(Failure::error(if skip {
        format!("These migrations are not pending, so cannot be skipped: {}", names(done))
    } else {
        format!("Those migrations are already done: {}", names(done))
    }))
}
