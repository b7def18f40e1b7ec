//! `app config get|set`: the panel of an app, kept in its settings.

use serde_json::{Map, Value, json};

use super::package::PanelSection;
use super::{Installed, questions, settings};
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::panel::Filter;
use crate::yunohost::reply::Args;
use crate::yunohost::words::Speech;

/// The one panel of the packages of the lab.
const PANEL: &str = "main";

/// A key taken apart: panel, section, option.
struct Key<'a> {
    section: Option<&'a str>,
    option: Option<&'a str>,
}

fn installed<'a>(job: &'a Job<'_>, id: &str) -> Result<&'a Installed, Failure> {
    job.ynh.apps.installed.get(id).ok_or_else(|| Failure::error("Unknown app"))
}

fn panel<'a>(job: &'a Job<'_>, id: &str) -> Result<(&'a Installed, &'a [PanelSection]), Failure> {
    let app = installed(job, id)?;
    let sections = app.package.behaviour.config_panel.as_slice();
    if sections.is_empty() { Err(Failure::error("No config panel found.")) } else { Ok((app, sections)) }
}

/// Takes a key apart and refuses what the panel does not have.
fn parse<'a>(sections: &[PanelSection], key: &'a str) -> Result<Key<'a>, Failure> {
    let mut parts = key.split('.').filter(|part| !part.is_empty());
    let (panel, section, option) = (parts.next(), parts.next(), parts.next());
    let python = |part: Option<&str>| part.map_or_else(|| "None".to_owned(), |part| format!("'{part}'"));
    let tuple = format!("({}, {}, {})", python(panel), python(section), python(option));
    let wrong = |shown: &str| Failure::error(format!("The filter key '{shown}' is incorrect."));
    if panel.is_some_and(|panel| panel != PANEL) {
        return Err(wrong(if section.is_some() { key } else { &tuple }));
    }
    let found = section.and_then(|wanted| sections.iter().find(|one| one.id == wanted));
    let known = match (section, found, option) {
        (None, _, _) | (Some(_), Some(_), None) => true,
        (Some(_), Some(found), Some(option)) => found.options.iter().any(|(id, _, _)| id == option),
        (Some(_), None, _) => false,
    };
    if known { Ok(Key { section, option }) } else { Err(wrong(&tuple)) }
}

fn value(app: &Installed, option: &str, default: bool) -> bool {
    match app.settings.get(option) {
        Some(Value::String(text)) => questions::boolean(option, text).unwrap_or(default),
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        Some(Value::Bool(yes)) => *yes,
        _ => default,
    }
}

/// `app config get`.
pub fn get(job: &mut Job<'_>, args: &Args) -> Outcome {
    let (app, sections) = panel(job, args.one("app").unwrap_or_default())?;
    let key = parse(sections, args.one("key").unwrap_or_default())?;
    let chosen = || sections.iter().filter(|section| key.section.is_none_or(|wanted| wanted == section.id));
    if let Some(wanted) = key.option {
        let mut options = chosen().flat_map(|section| &section.options);
        let found = options.find(|(id, _, _)| id == wanted).map(|(id, _, default)| value(app, id, *default));
        return Ok(found.map(|yes| json!(i32::from(yes))));
    }
    if args.given("--full") {
        return Ok(Some(full(app, chosen())));
    }
    let mut shown = Map::new();
    for section in chosen() {
        for (id, ask, default) in &section.options {
            let yes = value(app, id, *default);
            if args.given("--export") {
                shown.insert(id.clone(), json!(i32::from(yes).to_string()));
            } else {
                let text = if yes { "yes" } else { "no" };
                shown.insert(format!("{PANEL}.{}.{id}", section.id), json!({"ask": ask, "value": text}));
            }
        }
    }
    job.reply.keeps_order = true;
    Ok(Some(Value::Object(shown)))
}

fn full<'a>(app: &Installed, sections: impl Iterator<Item = &'a PanelSection>) -> Value {
    let option = |(id, ask, default): &(String, String, bool)| {
        json!({
            "type": "boolean",
            "id": id,
            "mode": "bash",
            "ask": ask,
            "readonly": false,
            "visible": true,
            "bind": "settings",
            "redact": false,
            "optional": true,
            "default": default,
            "yes": 1,
            "no": 0,
            "value": i32::from(value(app, id, *default)),
        })
    };
    let section = |one: &PanelSection| {
        json!({
            "options": one.options.iter().map(option).collect::<Vec<_>>(),
            "id": one.id,
            "name": one.name,
            "services": [],
            "visible": true,
            "optional": true,
            "collapsed": false,
            "is_action_section": false,
        })
    };
    json!({
        "version": 1.0,
        "panels": [{
            "id": PANEL,
            "name": format!("{} configuration", app.package.name()),
            "services": [],
            "actions": {"apply": {"en": "Apply"}},
            "sections": sections.map(section).collect::<Vec<_>>(),
        }],
    })
}

/// `app config set`.
pub fn set(job: &mut Job<'_>, args: &Args) -> Outcome {
    let id = args.one("app").unwrap_or_default();
    installed(job, id)?;
    if let Some(problem) = Filter::new(args.one("key")).refuses_value(args.one("--value")) {
        return Err(Failure::error(Speech::of(job.env).say(problem, &[])));
    }
    let (app, sections) = panel(job, id)?;
    let key = parse(sections, args.one("key").unwrap_or_default())?;
    let mut given = questions::parse_args(args.one("--args").unwrap_or_default());
    if let (Some(option), Some(value)) = (key.option, args.one("--value")) {
        given.insert(option.to_owned(), json!(value));
    }
    let mut changes = Vec::new();
    for section in sections.iter().filter(|section| key.section.is_none_or(|wanted| wanted == section.id)) {
        for (option, _, default) in &section.options {
            let Some(text) = given.get(option).and_then(Value::as_str) else { continue };
            let yes = questions::boolean(option, text)?;
            if yes != value(app, option, *default) {
                changes.push((option.clone(), yes));
            }
        }
    }
    // The script begins, and says so, even when nothing will change.
    for (done, doing, text) in [
        (0, 5, "Reading config panel description and current configuration..."),
        (5, 5, "Checking what changed in the new configuration..."),
    ] {
        job.info(step(done, doing, text));
    }
    if changes.is_empty() {
        job.info(step(20, 0, "Nothing has changed"));
        job.success("Config updated as expected");
        return Ok(None);
    }
    job.info(step(10, 5, "Validating the new configuration..."));
    job.info(step(15, 5, "Applying the new configuration..."));
    for (option, yes) in &changes {
        job.info(format!("Configuration key '{option}' edited in app settings"));
        apply(job, id, option, *yes);
    }
    job.info(step(20, 0, &format!("Configuration of {id} completed")));
    settings::save(job, id);
    job.success("Config updated as expected");
    Ok(None)
}

fn step(done: usize, doing: usize, text: &str) -> String {
    format!("[{}{}{}] > {text}", "#".repeat(done), "+".repeat(doing), ".".repeat(20 - done - doing))
}

/// The setting is kept as text; maintenance also reaches the program.
fn apply(job: &mut Job<'_>, id: &str, option: &str, yes: bool) {
    if let Some(app) = job.ynh.apps.installed.get_mut(id) {
        app.settings.insert(option.to_owned(), json!(i32::from(yes).to_string()));
    }
    if option == "maintenance_mode"
        && let Some(state) = job.ynh.apps.nextcloud(id)
    {
        state.maintenance = yes;
    }
}
