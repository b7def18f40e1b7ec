//! `app change-url`.

use serde_json::json;

use super::scripts::{self, Script};
use super::{Inside, find, questions, resources, settings};
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;
use crate::yunohost::view;

/// `app change-url`. Only packages with exactly one question of type domain are kept from the address of another app,
/// and an unknown domain is found out by the script alone (sheet YunoHost, section 10).
pub fn change_url(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default().to_owned();
    let (Some(domain), Some(path)) = (args.one("--domain"), args.one("--path")) else {
        return Err(Failure::error("Not a tty, can't do interactive prompts"));
    };
    let path = questions::normal_path(path);
    let app = find(job.ynh, &id)?;
    if !app.package.behaviour.changes_url {
        return Err(Failure::error(format!(
            "The app '{id}' doesn't support URL modification yet. Maybe you should upgrade it."
        )));
    }
    let old_domain = app.setting("domain").unwrap_or_default().to_owned();
    if old_domain == domain && app.setting("path") == Some(path.as_str()) {
        return Err(Failure::error(format!(
            "The old and new domain/url_path are identical ('{domain}{path}'), nothing to do."
        )));
    }
    if app.package.only_question("domain").is_some() {
        let taken = resources::conflicts(job, domain, &path, &id);
        if !taken.is_empty() {
            return Err(Failure::Error(resources::conflict_text(&taken)));
        }
    }
    let description = format!("Change the URL of the '{id}' app");
    let log_args = json!({"app": id, "domain": domain, "path": path});
    let running = Running::begin(job, "app_change_url", Some(("app", &id)), description, log_args);
    job.takes_ms(2_000);
    let lines = scripts::lines(&job.ynh.apps.installed[&id].package, Script::ChangeUrl, &id, None);
    if !job.files.exists(&format!("/etc/nginx/conf.d/{domain}.d")) {
        return Err(failed(job, running, &id, domain, &lines));
    }
    for line in lines {
        job.info(line);
    }
    job.files.remove(&scripts::nginx_path(&old_domain, &id));
    if let Some(app) = job.ynh.apps.installed.get_mut(&id) {
        app.settings.insert("domain".to_owned(), json!(domain));
        app.settings.insert("path".to_owned(), json!(path));
        if let Inside::Nextcloud(state) = &mut app.program {
            state.move_to(domain, &path);
        }
    }
    view::move_permissions(job.ynh, &id);
    scripts::write_nginx(job, &id);
    settings::save(job, &id);
    job.success("The service 'nginx' was reloaded or restarted");
    job.success(format!("{id} URL is now {domain}{path}"));
    running.end(job, None);
    Ok(None)
}

fn failed(job: &mut Job<'_>, running: Running, id: &str, domain: &str, lines: &[String]) -> Failure {
    let words = format!("./change_url: line 4: {}: No such file or directory", scripts::nginx_path(domain, id));
    let failure = format!("Could not change the url for {id}: An error occured inside the change url script");
    let last = running.failed_text();
    let first = lines.first().cloned().unwrap_or_default();
    job.info(first.clone());
    job.warning(words.clone());
    job.error(failure.clone());
    job.info(last.clone());
    job.warning("Here's an extract of the logs before the crash. It might help debugging the error:");
    job.info("DEBUG - Executing command '['sh', '-c', '/bin/bash -x \"./change_url\"  7>&1']'");
    job.info(format!("INFO - {first}"));
    job.info(format!("WARNING - {words}"));
    job.warning("Restoring initial nginx config file");
    job.success("The service 'nginx' was reloaded or restarted");
    running.end(job, Some(&failure));
    Failure::Error(last)
}
