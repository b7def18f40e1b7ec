//! `app install`, and putting an app back from an archive.

use serde_json::{Map, Value, json};

use super::catalog::{self, Source};
use super::package::{Package, Program};
use super::scripts::{self, Script};
use super::{Inside, Installed, questions, remove, requirements, resources, settings};
use crate::yunohost::dolibarr::DolibarrState;
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::nextcloud::NextcloudState;
use crate::yunohost::operation_log::Running;
use crate::yunohost::reply::Args;
use crate::yunohost::view::{self, PermissionSpec};

/// The frame around a notice.
const NOTICE_FRAME: &str = "==========";

/// `app install`.
pub fn install(job: &mut Job<'_>, args: &Args) -> Outcome {
    let wanted = args.one("app").unwrap_or_default().to_owned();
    requirements::check_free_space(job)?;
    let listed_first = catalog::ensure(job)?.apps.get(&wanted).cloned();
    // Whether it may be trusted is asked before anything is fetched, and without a terminal nobody can answer.
    let known = listed_first.or_else(|| known_by_address(job, &wanted));
    let doubtful = known.as_ref().is_none_or(super::package::Listed::is_broken);
    let source = match catalog::resolve(job, &wanted) {
        Ok(_) if doubtful && !args.given("--force") => {
            return Err(Failure::error("Not a tty, can't do interactive prompts"));
        }
        other => other?,
    };
    let package = &source.package;
    if let Some(refusal) = requirements::unmet(package, args.given("--ignore-yunohost-version")) {
        return Err(Failure::error(refusal));
    }
    let given = questions::parse_args(args.one("--args").unwrap_or_default());
    let answers = questions::answers(job.ynh, package, &given)?;
    check_address(job, package, &answers)?;
    let id = free_id(job, package.id());
    let log_args = log_arguments(package, args, &answers);
    let description = format!("Install the '{id}' app");
    let running = Running::begin(job, "app_install", Some(("app", &id)), description, log_args);
    match carry_out(job, &source, &id, args, &answers) {
        Ok(()) => running.end(job, None),
        Err(InstallError::Resources(text)) => {
            // Said twice: as information for the log, and as the error that ends the command.
            let last = running.failed_text();
            job.error(text.clone());
            job.info(last.clone());
            running.end(job, Some(&text));
            return Err(Failure::Error(last));
        }
        Err(InstallError::Script(text)) => return Err(failed_script(job, running, &id, package, args, &text)),
    }
    if let Some(notice) = &package.behaviour.notice_after_install {
        job.out(format!("{NOTICE_FRAME}\n{notice}\n{NOTICE_FRAME}"));
    }
    Ok(None)
}

enum InstallError {
    Resources(String),
    Script(String),
}

/// An address that is that of a package in the catalogue is as good as its id.
fn known_by_address(job: &Job<'_>, wanted: &str) -> Option<super::package::Listed> {
    let apps = &job.ynh.apps.cache.as_ref()?.apps;
    let wanted = wanted.trim_end_matches('/').trim_end_matches(".git");
    apps.iter().find(|(id, _)| super::package::repository_url(id) == wanted).map(|(_, listed)| listed.clone())
}

/// Before anything is done: is the address free? Only packages with exactly one question of type domain are looked at
/// (sheet YunoHost, section 10).
fn check_address(job: &Job<'_>, package: &Package, answers: &Map<String, Value>) -> Result<(), Failure> {
    let Some(domain) = package.only_question("domain").and_then(|id| answers.get(id)).and_then(Value::as_str) else {
        return Ok(());
    };
    if let Some(path) = package.only_question("path").and_then(|id| answers.get(id)).and_then(Value::as_str) {
        let taken = resources::conflicts(job, domain, path, "");
        return if taken.is_empty() { Ok(()) } else { Err(Failure::Error(resources::conflict_text(&taken))) };
    }
    let whole_domain = package.questions().iter().all(|(_, one)| one.get("type") != Some(&json!("path")));
    if whole_domain && !resources::conflicts(job, domain, "/", "").is_empty() {
        return Err(Failure::error(format!(
            "Sorry, this app must be installed on a domain of its own, but other apps are already installed on the domain '{domain}'. You could use a subdomain dedicated to this app instead."
        )));
    }
    Ok(())
}

/// `nextcloud`, then `nextcloud__2`, and so on.
fn free_id(job: &Job<'_>, id: &str) -> String {
    let taken = |one: &String| job.ynh.apps.installed.contains_key(one);
    let numbered = (2..).map(|number| format!("{id}__{number}"));
    std::iter::once(id.to_owned()).chain(numbered).find(|one| !taken(one)).unwrap_or_default()
}

fn log_arguments(package: &Package, args: &Args, answers: &Map<String, Value>) -> Value {
    let secret = |id: &str| {
        package.questions().iter().any(|(name, one)| *name == id && one.get("type") == Some(&json!("password")))
    };
    let shown: Map<String, Value> =
        answers.iter().filter(|(id, _)| !secret(id)).map(|(id, value)| (id.clone(), value.clone())).collect();
    json!({
        "app": package.id(),
        "args": shown,
        "force": args.given("--force"),
        "label": args.one("--label"),
        "no_remove_on_failure": args.given("--no-remove-on-failure"),
    })
}

fn carry_out(
    job: &mut Job<'_>,
    source: &Source,
    id: &str,
    args: &Args,
    answers: &Map<String, Value>,
) -> Result<(), InstallError> {
    let package = &source.package;
    job.info(format!("Installing {}…", package.id()));
    create(job, id, package, args.one("--label"), answers);
    let init_main = answers.get("init_main_permission").and_then(Value::as_str);
    if let Err(failure) = resources::provision(job, id, package, init_main) {
        forget(job, id);
        let text = match failure {
            Failure::Error(text) => text,
            Failure::Said | Failure::Traceback(_) => String::new(),
        };
        return Err(InstallError::Resources(text));
    }
    job.takes_ms(package.behaviour.install_ms.max(3_000));
    if let Some(words) = &package.behaviour.install_error {
        for line in scripts::lines(package, Script::Install, id, None).into_iter().take(1) {
            job.info(line);
        }
        return Err(InstallError::Script(words.clone()));
    }
    for line in scripts::lines(package, Script::Install, id, None) {
        job.info(line);
    }
    bring_to_life(job, id);
    settings::save(job, id);
    job.success("Installation completed");
    Ok(())
}

/// The entry of a new app: settings from the answers (never a password), its folder under `/etc/yunohost/apps`.
fn create(job: &mut Job<'_>, id: &str, package: &Package, label: Option<&str>, answers: &Map<String, Value>) {
    let mut settings = Map::new();
    let questions = package.questions();
    for (key, value) in answers {
        let kind = questions.iter().find(|(one, _)| one == key).and_then(|(_, one)| one.get("type"));
        if key != "init_main_permission" && kind != Some(&json!("password")) {
            settings.insert(key.clone(), value.clone());
        }
    }
    if package.only_question("path").is_none() && settings.contains_key("domain") {
        settings.insert("path".to_owned(), json!("/"));
    }
    settings.insert("app".to_owned(), json!(package.id()));
    settings.insert("current_revision".to_owned(), json!(package.revision()));
    settings.insert("id".to_owned(), json!(id));
    settings.insert("install_time".to_owned(), json!(job.now().unix_seconds()));
    if let Some(label) = label {
        settings.insert("label".to_owned(), json!(label));
    }
    insert(job, id, Installed { package: package.clone(), settings, created: 0, program: Inside::Plain });
}

fn insert(job: &mut Job<'_>, id: &str, mut app: Installed) {
    job.ynh.apps.created += 1;
    app.created = job.ynh.apps.created;
    job.ynh.apps.installed.insert(id.to_owned(), app);
}

/// Writes the app's own files and starts the program inside.
fn bring_to_life(job: &mut Job<'_>, id: &str) {
    scripts::write_nginx(job, id);
    let people = super::people_of(job.ynh, id);
    let app = &job.ynh.apps.installed[id];
    let setting = |key: &str| app.setting(key).unwrap_or_default().to_owned();
    let version = app.package.upstream_version().to_owned();
    let note = format!("{} {version}\n", app.package.name());
    let (install_dir, data_dir, admin) = (setting("install_dir"), setting("data_dir"), setting("admin"));
    let (domain, path) = (setting("domain"), setting("path"));
    let (program, php_version) = match app.package.behaviour.program {
        Program::Plain => (Inside::Plain, None),
        Program::Nextcloud => {
            let state = NextcloudState::installed(&version, &admin, &domain, &path, &data_dir);
            job.files.create(&format!("{install_dir}/occ"), 0o640, id, "#!/usr/bin/env php\n");
            job.files.create(&format!("{install_dir}/config/config.php"), 0o640, id, "<?php\n");
            (Inside::Nextcloud(state), Some("8.4"))
        }
        Program::Dolibarr => {
            job.files.create(&format!("{install_dir}/htdocs/conf/conf.php"), 0o400, id, "<?php\n");
            job.files.make_folder(&format!("{install_dir}/documents"), 0o750, id);
            (Inside::Dolibarr(DolibarrState::installed(&version, &admin, &people)), Some("8.3"))
        }
    };
    if !install_dir.is_empty() {
        job.files.create(&format!("{install_dir}/index.txt"), 0o640, id, note);
    }
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        app.program = program;
        app.settings.extend(php_version.map(|version| ("php_version".to_owned(), json!(version))));
    }
}

fn forget(job: &mut Job<'_>, id: &str) {
    job.ynh.apps.installed.remove(id);
    view::delete_permissions(job.ynh, id);
    job.files.remove(&format!("/etc/yunohost/apps/{id}"));
}

fn failed_script(
    job: &mut Job<'_>,
    running: Running,
    id: &str,
    package: &Package,
    args: &Args,
    words: &str,
) -> Failure {
    let failure = format!("Unable to install {id}: An error occurred inside the app installation script : {words}");
    let last = running.failed_text();
    job.warning(words);
    job.error(failure.clone());
    job.info(last.clone());
    job.warning("Here's an extract of the logs before the crash. It might help debugging the error:");
    let before = [format!("Permission '{id}.main' updated"), format!("Creating LDAP perm {id}.main")];
    let said = scripts::lines(package, Script::Install, id, None);
    scripts::show_extract(job, "install", &before, &said[..1], words, &failure);
    running.end(job, Some(&failure));
    if args.given("--no-remove-on-failure") {
        settings::save(job, id);
        return Failure::error(format!(
            "The installation of {id} failed, but was not cleaned up as requested by --no-remove-on-failure."
        ));
    }
    job.warning("Removing the app after installation failure…");
    remove::run_script(job, id);
    let package = package.clone();
    resources::deprovision(job, id, &package, false);
    forget(job, id);
    Failure::Error(last)
}

/// Puts an app back as an archive holds it. `with_data` tells whether the archive has the data folder: what is there
/// already stays otherwise.
///
/// # Errors
/// Those of the resources: the app is registered all the same (sheet YunoHost, section 10).
pub(crate) fn restore_app(
    job: &mut Job<'_>,
    id: &str,
    saved: &Installed,
    permissions: &[PermissionSpec],
    with_data: bool,
) -> Result<(), Failure> {
    insert(job, id, saved.clone());
    resources::provision(job, id, &saved.package, None)?;
    for spec in permissions {
        view::create_permission(job.ynh, spec.clone());
    }
    job.takes_ms(5_000);
    let skipped = saved.setting("data_dir").filter(|_| !with_data);
    for line in scripts::lines(&saved.package, Script::Restore, id, skipped) {
        job.info(line);
    }
    scripts::write_nginx(job, id);
    settings::save(job, id);
    Ok(())
}
