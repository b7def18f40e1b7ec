//! `hook *`.

use serde_json::{Map, Value, json};

use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;

/// Hooks that come with YunoHost: action, priority, name.
const CORE: &[(&str, &str, &str)] = &[
    ("backup", "05", "conf_ldap"),
    ("backup", "17", "data_home"),
    ("backup", "18", "data_multimedia"),
    ("backup", "20", "conf_ynh_settings"),
    ("backup", "21", "conf_ynh_certs"),
    ("backup", "23", "data_mail"),
    ("backup", "50", "conf_manually_modified_files"),
    ("restore", "05", "conf_ldap"),
    ("restore", "17", "data_home"),
    ("restore", "18", "data_multimedia"),
    ("restore", "20", "conf_ynh_settings"),
    ("restore", "21", "conf_ynh_certs"),
    ("restore", "23", "data_mail"),
    ("restore", "50", "conf_manually_modified_files"),
    ("post_user_create", "05", "ynh_multimedia"),
];

struct Hook {
    priority: String,
    name: String,
    path: String,
}

fn hooks_of(job: &Job<'_>, action: &str) -> Vec<Hook> {
    let core = CORE.iter().filter(|(of, ..)| *of == action).map(|(_, priority, name)| Hook {
        priority: (*priority).to_owned(),
        name: (*name).to_owned(),
        path: format!("/usr/share/yunohost/hooks/{action}/{priority}-{name}"),
    });
    let own = job.ynh.tools.hooks.iter().filter(|(of, ..)| of == action).map(|(_, name, path)| Hook {
        priority: path.rsplit('/').next().and_then(|file| file.split('-').next()).unwrap_or("50").to_owned(),
        name: name.clone(),
        path: path.clone(),
    });
    core.chain(own).collect()
}

/// Runs a `hook` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "hook list" => Ok(Some(list(job, args))),
        "hook info" => info(job, args),
        "hook add" => add(job, args),
        "hook remove" => remove(job, args),
        "hook callback" => Ok(Some(callback(job, args))),
        "hook exec" => exec(job, args),
        _ => return None,
    })
}

fn list(job: &Job<'_>, args: &Args) -> Value {
    let hooks = hooks_of(job, args.one("action").unwrap_or_default());
    let shown: Value = match args.one("--list-by") {
        Some("priority") => {
            let mut by: Map<String, Value> = Map::new();
            for hook in hooks {
                by.entry(hook.priority).or_insert_with(|| json!({}))[&hook.name] = json!({"path": hook.path});
            }
            Value::Object(by)
        }
        Some("folder") => hooks.into_iter().map(|hook| (hook.path, Value::Null)).collect::<Map<_, _>>().into(),
        _ if args.given("--show-info") => {
            let entry = |hook: Hook| (hook.name, json!({"priority": hook.priority, "path": hook.path}));
            Value::Object(hooks.into_iter().map(entry).collect())
        }
        _ => hooks.into_iter().map(|hook| hook.name).collect::<Vec<_>>().into(),
    };
    json!({"hooks": shown})
}

fn info(job: &Job<'_>, args: &Args) -> Outcome {
    let (action, name) = (args.one("action").unwrap_or_default(), args.one("name").unwrap_or_default());
    let found = hooks_of(job, action).into_iter().find(|hook| hook.name == name);
    let hook = found.ok_or_else(|| Failure::error(format!("Unknown hook name '{name}'")))?;
    let entry = json!({"priority": hook.priority, "path": hook.path});
    Ok(Some(json!({"action": action, "name": name, "hooks": [entry]})))
}

/// `hook add APP FILE`: the action is the file's name.
fn add(job: &mut Job<'_>, args: &Args) -> Outcome {
    let (app, file) = (args.one("app").unwrap_or_default(), args.one("file").unwrap_or_default());
    let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".sh");
    let (priority, action) = match name.split_once('-') {
        Some((priority, action)) if priority.chars().all(|one| one.is_ascii_digit()) => (priority, action),
        _ => ("50", name),
    };
    let path = format!("/etc/yunohost/hooks.d/{action}/{priority}-{app}");
    let text = job.files.read(file).unwrap_or_default().to_owned();
    job.files.create(&path, 0o755, "root", text);
    job.ynh.tools.hooks.push((action.to_owned(), app.to_owned(), path.clone()));
    Ok(Some(json!({"hook": path})))
}

fn remove(job: &mut Job<'_>, args: &Args) -> Outcome {
    let app = args.one("app").unwrap_or_default();
    for (_, _, path) in job.ynh.tools.hooks.iter().filter(|(_, name, _)| name == app).cloned().collect::<Vec<_>>() {
        job.files.remove(&path);
    }
    job.ynh.tools.hooks.retain(|(_, name, _)| name != app);
    Ok(None)
}

/// The hooks of an action succeed: the scripts themselves are not run in the lab.
fn callback(job: &Job<'_>, args: &Args) -> Value {
    let hooks = hooks_of(job, args.one("action").unwrap_or_default());
    let entry = |hook: Hook| (hook.name, json!({hook.path: {"state": "succeed", "stdreturn": {}}}));
    Value::Object(hooks.into_iter().map(entry).collect())
}

/// `hook exec`: only the exit status that a script ends with is known to the lab.
fn exec(job: &mut Job<'_>, args: &Args) -> Outcome {
    let path = args.one("path").unwrap_or_default();
    let Some(text) = job.files.read(path) else {
        return Err(Failure::error(format!("The file {path} does not exist.")));
    };
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let exit: i32 = last.trim().strip_prefix("exit ").and_then(|number| number.parse().ok()).unwrap_or_default();
    if exit != 0 && args.given("--raise-on-error") {
        return Err(Failure::error(format!("Could not run script: {path}")));
    }
    Ok(Some(json!([exit, {}])))
}
