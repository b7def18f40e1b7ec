//! What the scripts of a package say while they work, and the files they leave.

use crate::yunohost::job::Job;

use super::Installed;
use super::package::Package;

/// Which script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// `install`
    Install,
    /// `remove`
    Remove,
    /// `upgrade`
    Upgrade,
    /// `restore`
    Restore,
    /// `change_url`
    ChangeUrl,
}

/// The lines of a script that ends well.
pub fn lines(package: &Package, script: Script, id: &str, data_dir_skipped: Option<&str>) -> Vec<String> {
    if !package.behaviour.reports_progress {
        return match script {
            Script::Install => vec!["install".to_owned()],
            Script::Remove => vec!["remove".to_owned()],
            Script::Upgrade => vec!["upgrade".to_owned()],
            Script::Restore | Script::ChangeUrl => Vec::new(),
        };
    }
    let step = |done: usize, doing: usize, text: String| {
        format!("[{}{}{}] > {text}", "#".repeat(done), "+".repeat(doing), ".".repeat(20 - done - doing))
    };
    let end = |text: String| step(20, 0, text);
    match script {
        Script::Install => vec![
            step(0, 6, "Setting up source files...".to_owned()),
            step(6, 7, format!("Adding system configurations related to {id}...")),
            end(format!("Installation of {id} completed")),
        ],
        Script::Remove => vec![
            step(0, 10, format!("Removing system configurations related to {id}...")),
            end(format!("Removal of {id} completed")),
        ],
        Script::Upgrade => {
            vec![step(0, 10, "Upgrading source files...".to_owned()), end(format!("Upgrade of {id} completed"))]
        }
        Script::Restore => {
            let mut lines = vec![step(0, 6, "Restoring the app main directory...".to_owned())];
            lines.extend(data_dir_skipped.map(|folder| {
                format!("Skipping {folder} which doesn't exists in the archive, probably because restoring from a safety-backup-before-upgrade")
            }));
            lines.push(step(6, 7, "Restoring the MySQL database...".to_owned()));
            lines.push(end(format!("Restoration completed for {id}")));
            lines
        }
        Script::ChangeUrl => vec![
            step(0, 10, "Updating NGINX web server configuration...".to_owned()),
            end(format!("Change of URL completed for {id}")),
        ],
    }
}

/// What the backup script says; `core_only` leaves the data folder out.
pub(crate) fn backup_lines(app: &Installed, id: &str, core_only: bool) -> Vec<String> {
    if !app.package.behaviour.reports_progress {
        return Vec::new();
    }
    let mut lines = vec!["Declaring files to be backed up...".to_owned()];
    if let Some(folder) = app.setting("data_dir") {
        let reason = if core_only {
            Some("BACKUP_CORE_ONLY")
        } else {
            app.setting("do_not_backup_data").filter(|value| *value == "1").map(|_| "do_not_backup_data")
        };
        lines.extend(reason.map(|reason| format!("{folder} will not be saved, because '{reason}' is set.")));
    }
    lines.push("Backing up the MySQL database...".to_owned());
    lines.push(format!(
        "Backup script completed for {id}. (YunoHost will then actually copy those files to the archive)."
    ));
    lines
}

/// Where nginx keeps the part of an app.
pub fn nginx_path(domain: &str, id: &str) -> String {
    format!("/etc/nginx/conf.d/{domain}.d/{id}.conf")
}

/// Writes nginx's part for an app's address.
pub fn write_nginx(job: &mut Job<'_>, id: &str) {
    let Some(app) = job.ynh.apps.installed.get(id) else { return };
    let (Some(domain), path) = (app.setting("domain"), app.setting("path").unwrap_or("/")) else { return };
    let root = app.setting("install_dir").unwrap_or("/var/www");
    let text = format!("location {path} {{\n  alias {root}/;\n}}\n");
    job.files.write(&nginx_path(domain, id), text);
}

/// The extract of the log that a failed script shows on standard output.
pub fn show_extract(job: &mut Job<'_>, script: &str, before: &[String], said: &[String], words: &str, failure: &str) {
    for line in before {
        job.info(format!("DEBUG - {line}"));
    }
    job.info("DEBUG - Permissions were resynchronized to LDAP");
    job.info("DEBUG - Formating result in 'export' mode");
    job.info("DEBUG - SSO and portal configurations regenerated");
    job.info(format!("DEBUG - Executing command '['sh', '-c', '/bin/bash -x \"./{script}\"  7>&1']'"));
    for line in said {
        job.info(format!("INFO - {line}"));
    }
    job.info(format!("WARNING - {words}"));
    job.info(format!("ERROR - {failure}"));
}
