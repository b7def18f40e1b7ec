//! `occ`: the commands that health checks and configuration use; others are refused.

use serde_json::{Map, Value, json};

use super::{NextcloudState, Person};
use crate::os::Output;
use crate::world::Moment;
use crate::yunohost::when;

/// Why a command did not succeed: exit status and what is shown on standard output.
type Refused = (i32, String);
type Answer = Result<String, Refused>;

/// Runs `occ` with the arguments after the script's name. `directory` is who may use the app now.
pub fn occ(state: &mut NextcloudState, directory: &[Person], argv: &[String], now: Moment) -> Output {
    state.follow(directory);
    let call = Call::new(argv);
    let (exit, stdout) = match run(state, directory, &call, now) {
        Ok(text) => (0, text),
        Err(refused) => refused,
    };
    let mut output = Output { exit, duration_us: 400_000, ..Output::default() };
    // Symfony shows an unknown command or a missing argument on standard error, Nextcloud's own refusals on output.
    if stdout.starts_with("\n  ") {
        output.stderr = stdout;
    } else if !stdout.is_empty() {
        output.stdout = stdout + "\n";
    }
    output
}

/// The command, its arguments and its options (`--name=value`, `--name value` for the known ones, `--flag`).
struct Call<'a> {
    command: &'a str,
    arguments: Vec<&'a str>,
    options: Vec<(&'a str, Option<&'a str>)>,
}

const OPTIONS_WITH_VALUE: &[&str] =
    &["--output", "--value", "--type", "--path", "--default-value", "--limit", "--offset", "--destination"];

impl<'a> Call<'a> {
    fn new(argv: &'a [String]) -> Call<'a> {
        let mut call = Call { command: "list", arguments: Vec::new(), options: Vec::new() };
        let mut words = argv.iter().map(String::as_str).peekable();
        let mut named = false;
        while let Some(word) = words.next() {
            if let Some((name, value)) = word.split_once('=').filter(|(name, _)| name.starts_with("--")) {
                call.options.push((name, Some(value)));
            } else if word.starts_with('-') && word.len() > 1 {
                let value = if OPTIONS_WITH_VALUE.contains(&word) { words.next() } else { None };
                call.options.push((word, value));
            } else if named {
                call.arguments.push(word);
            } else {
                call.command = word;
                named = true;
            }
        }
        call
    }

    fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(one, _)| *one == name)?.1
    }

    fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(one, _)| *one == name)
    }

    fn argument(&self, at: usize, name: &str) -> Result<&'a str, Refused> {
        self.arguments.get(at).copied().ok_or_else(|| (1, format!("\n  Not enough arguments (missing: \"{name}\").\n")))
    }

    /// A value in the asked form: JSON, or the lines that stand for it.
    fn show(&self, value: &Value) -> String {
        match self.option("--output") {
            Some("json") => value.to_string(),
            Some("json_pretty") => serde_json::to_string_pretty(value).unwrap_or_default(),
            _ => plain(value, "  "),
        }
    }
}

/// Nextcloud's list form: `  - key: value`, nested lists two spaces further.
fn plain(value: &Value, indent: &str) -> String {
    let line = |key: Option<&String>, value: &Value| {
        let head = key.map(|key| format!("{key}:")).unwrap_or_default();
        match value {
            Value::Object(_) | Value::Array(_) => format!("{indent}- {head}\n{}", plain(value, &format!("{indent}  "))),
            Value::String(text) => format!("{indent}- {head} {text}").replace("-  ", "- "),
            other => format!("{indent}- {head} {other}").replace("-  ", "- "),
        }
    };
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| line(Some(key), value)).collect::<Vec<_>>().join("\n"),
        Value::Array(list) => list.iter().map(|value| line(None, value)).collect::<Vec<_>>().join("\n"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn run(state: &mut NextcloudState, directory: &[Person], call: &Call<'_>, now: Moment) -> Answer {
    match call.command {
        "status" => Ok(call.show(&Value::Object(state.status()))),
        "maintenance:mode" => Ok(maintenance(state, call)),
        "user:list" => Ok(user_list(state, directory, call)),
        "user:info" => user_info(state, directory, call),
        "group:list" => Ok(call.show(&json!({"admin": state.admins}))),
        "group:adduser" => group_add(state, call),
        "app:list" => Ok(call.show(&json!({"enabled": state.apps, "disabled": state.apps_off}))),
        "app:enable" => app_switch(state, call, true),
        "app:disable" => app_switch(state, call, false),
        "config:app:get" => app_get(state, call),
        "config:app:set" => app_set(state, call),
        "config:app:delete" => app_delete(state, call),
        "config:system:get" => system_get(state, call),
        "config:system:set" => system_set(state, call),
        "files:transfer-ownership" => transfer(state, call, now),
        "files:scan" => Ok("Starting scan for user 1 out of 1".to_owned()),
        "setupchecks" => Ok(call.show(&setup_checks(state))),
        other => Err((1, format!("\n  Command \"{other}\" is not defined or not simulated in the lab.\n"))),
    }
}

fn maintenance(state: &mut NextcloudState, call: &Call<'_>) -> String {
    let (word, before) = (|on: bool| if on { "enabled" } else { "disabled" }, state.maintenance);
    let wanted = if call.flag("--on") {
        Some(true)
    } else if call.flag("--off") {
        Some(false)
    } else {
        None
    };
    match wanted {
        None => format!("Maintenance mode is currently {}", word(before)),
        Some(on) if on == before => format!("Maintenance mode already {}", word(on)),
        Some(on) => {
            state.maintenance = on;
            format!("Maintenance mode {}", word(on))
        }
    }
}

fn user_list(state: &NextcloudState, directory: &[Person], call: &Call<'_>) -> String {
    let mut users = Map::new();
    let mut people: Vec<&Person> = directory.iter().collect();
    people.sort_by(|a, b| a.uid.cmp(&b.uid));
    for person in people {
        let shown =
            if call.flag("--info") || call.flag("-i") { info(state, person) } else { Value::from(person.name.clone()) };
        users.insert(person.uid.clone(), shown);
    }
    call.show(&Value::Object(users))
}

fn user_info(state: &NextcloudState, directory: &[Person], call: &Call<'_>) -> Answer {
    let uid = call.argument(0, "user")?;
    match directory.iter().find(|person| person.uid == uid) {
        Some(person) => Ok(call.show(&info(state, person))),
        None => Err((1, "user not found".to_owned())),
    }
}

fn info(state: &NextcloudState, person: &Person) -> Value {
    let groups: Vec<&str> = if state.admins.contains(&person.uid) { vec!["admin"] } else { Vec::new() };
    let used: u64 = state.files.get(&person.uid).map(|files| files.values().sum()).unwrap_or_default();
    let data = state.system_config.get("datadirectory").map(String::as_str).unwrap_or_default();
    json!({
        "user_id": person.uid,
        "display_name": person.name,
        "email": person.mail,
        "cloud_id": format!("{}@{}", person.uid, state.system_config.get("trusted_domains 1").map(String::as_str).unwrap_or_default()),
        "enabled": true,
        "groups": groups,
        "quota": "none",
        "storage": {"free": -3, "used": used, "total": -3, "relative": 0, "quota": -3},
        "user_directory": format!("{data}/{}", person.uid),
        "backend": "LDAP",
    })
}

fn group_add(state: &mut NextcloudState, call: &Call<'_>) -> Answer {
    let (group, uid) = (call.argument(0, "group")?, call.argument(1, "user")?);
    if group != "admin" {
        return Err((1, "group not found".to_owned()));
    }
    if !state.known.contains_key(uid) {
        return Err((1, "user not found".to_owned()));
    }
    state.admins.insert(uid.to_owned());
    Ok(String::new())
}

fn app_switch(state: &mut NextcloudState, call: &Call<'_>, on: bool) -> Answer {
    call.argument(0, "app-id")?;
    let mut said = Vec::new();
    let mut exit = 0;
    for app in &call.arguments {
        let (from, to, word) = if on {
            (&mut state.apps_off, &mut state.apps, "enabled")
        } else {
            (&mut state.apps, &mut state.apps_off, "disabled")
        };
        if let Some(version) = from.remove(*app) {
            said.push(format!("{app} {version} {word}"));
            to.insert((*app).to_owned(), version);
        } else if let Some(version) = to.get(*app) {
            said.push(if on {
                format!("{app} already enabled")
            } else {
                format!("No such app enabled: {app} {version}")
            });
        } else if on {
            said.push(format!("{app} not found: apps.nextcloud.com is not simulated in the lab"));
            exit = 1;
        } else {
            said.push(format!("No such app enabled: {app}"));
        }
    }
    let text = said.join("\n");
    if exit == 0 { Ok(text) } else { Err((exit, text)) }
}

fn app_get(state: &NextcloudState, call: &Call<'_>) -> Answer {
    let (app, key) = (call.argument(0, "app")?, call.argument(1, "name")?);
    let value = state.app_config.get(app).and_then(|keys| keys.get(key)).map(String::as_str);
    value.or(call.option("--default-value")).map(|value| call.show(&Value::from(value))).ok_or((1, String::new()))
}

fn app_set(state: &mut NextcloudState, call: &Call<'_>) -> Answer {
    let (app, key) = (call.argument(0, "app")?, call.argument(1, "name")?);
    let Some(value) = call.option("--value") else {
        return Err((1, "Invalid \"--value\": a value is needed".to_owned()));
    };
    state.app_config.entry(app.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
    Ok(format!("Config value '{key}' for app '{app}' is now set to '{value}', stored as mixed in fast cache"))
}

fn app_delete(state: &mut NextcloudState, call: &Call<'_>) -> Answer {
    let (app, key) = (call.argument(0, "app")?, call.argument(1, "name")?);
    if let Some(keys) = state.app_config.get_mut(app) {
        keys.remove(key);
    }
    Ok(format!("Config value {key} of app {app} deleted"))
}

fn system_get(state: &NextcloudState, call: &Call<'_>) -> Answer {
    call.argument(0, "name")?;
    let key = call.arguments.join(" ");
    if let Some(value) = state.system_config.get(&key) {
        return Ok(call.show(&Value::from(value.clone())));
    }
    // A name that holds a list shows the whole list.
    let inside = format!("{key} ");
    let listed: Vec<String> = state
        .system_config
        .iter()
        .filter(|(name, _)| name.starts_with(&inside))
        .map(|(_, value)| value.clone())
        .collect();
    if !listed.is_empty() {
        let list = Value::from(listed.clone());
        return Ok(if call.option("--output").is_some() { call.show(&list) } else { listed.join("\n") });
    }
    call.option("--default-value").map(|value| call.show(&Value::from(value))).ok_or((1, String::new()))
}

fn system_set(state: &mut NextcloudState, call: &Call<'_>) -> Answer {
    let key = call.argument(0, "name").map(|_| call.arguments.join(" "))?;
    let Some(value) = call.option("--value") else {
        return Err((1, "Invalid \"--value\": a value is needed".to_owned()));
    };
    state.system_config.insert(key.clone(), value.to_owned());
    let kind = call.option("--type").unwrap_or("string");
    Ok(format!("System config value {} set to {kind} {value}", call.arguments.join(" => ")))
}

/// Hands all files of one account to another, into a folder that names where they came from.
fn transfer(state: &mut NextcloudState, call: &Call<'_>, now: Moment) -> Answer {
    let (from, to) = (call.argument(0, "source-user")?, call.argument(1, "destination-user")?);
    let Some((name, _)) = state.known.get(from).cloned() else {
        return Err((1, format!("Unknown source user {from}")));
    };
    if !state.known.contains_key(to) {
        return Err((1, format!("Unknown destination user {to}")));
    }
    if from == to {
        return Err((1, "Ownership can't be transferred when Source and Destination users are the same user. Please check your input.".to_owned()));
    }
    let below = call.option("--path").map(|path| format!("{}/", path.trim_matches('/')));
    let moved = |path: &String| below.as_deref().is_none_or(|below| path.starts_with(below));
    let files = state.files.remove(from).unwrap_or_default();
    let (moving, staying): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| moved(path));
    let count = moving.len();
    let folder = if call.flag("--move") {
        String::new()
    } else {
        format!("Transferred from {name} on {}/", when::date_and_time(now).replace(':', "-"))
    };
    let target = state.files.entry(to.to_owned()).or_default();
    target.extend(moving.into_iter().map(|(path, bytes)| (format!("{folder}{path}"), bytes)));
    if !staying.is_empty() {
        state.files.insert(from.to_owned(), staying.into_iter().collect());
    }
    Ok(format!(
        "Validating quota\nAnalysing files of {from} ...\n    {count} [============================]\nCollecting all file shares...\nTransferring files to {to}/files/{folder} ...\nRestoring shares ..."
    ))
}

/// The checks that a simulated instance can answer for truthfully.
fn setup_checks(state: &NextcloudState) -> Value {
    let check = |name: &str, ok: bool, text: &str| {
        json!({
            "name": name,
            "severity": if ok { "success" } else { "warning" },
            "description": text,
            "linkToDoc": null,
        })
    };
    let cron = state.app_config.get("core").and_then(|keys| keys.get("backgroundjobs_mode"));
    let cron_ok = cron.is_none_or(|mode| mode == "cron");
    let https = state.system_config.get("overwrite.cli.url").is_some_and(|url| url.starts_with("https://"));
    json!({
        "system": {
            "OCA\\Settings\\SetupChecks\\CronInfo": check("Cron last run", cron_ok, "Last background job execution ran recently."),
            "OCA\\Settings\\SetupChecks\\DatabasePendingBigIntConversions": check("Database pending bigint migrations", !state.needs_upgrade, "None"),
        },
        "security": {
            "OCA\\Settings\\SetupChecks\\HttpsUrlGeneration": check("HTTPS access and URLs", https, "You are accessing your instance over a secure connection, and your instance is generating secure URLs."),
        },
    })
}
