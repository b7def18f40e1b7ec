//! The journal of operations: what `yunohost log` shows, and how commands of other rooms come into it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cli_log;
use super::operation_log::{logged, write_files};
use super::reply::{Args, Line, Reply};
use super::when;
use crate::os::Machine;
use crate::world::{Moment, Surroundings};

/// One logged operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `20260718-101500-user_create-alice`.
    pub name: String,
    /// `user_create`.
    pub kind: String,
    /// `Add 'alice' user`.
    pub description: String,
    /// The arguments as they are shown (no passwords).
    pub args: Value,
    /// What it is about, for example `("user", "alice")`.
    pub related_to: Vec<(String, String)>,
    /// The operation that started it.
    pub parent: Option<String>,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// Why it failed; `None` for a success.
    pub error: Option<String>,
    /// The lines of its log, without the time before them.
    pub log: Vec<String>,
}

/// The name of an operation that began at a moment: kind, then what it is about.
pub fn name(moment: Moment, kind: &str, about: Option<&str>) -> String {
    match about {
        Some(about) => format!("{}-{kind}-{about}", when::stamp(moment)),
        None => format!("{}-{kind}", when::stamp(moment)),
    }
}

/// Command, kind of operation, what it is about and the argument that names it, sentence. Commands that are not here
/// keep no log; those of the apps and backups write theirs themselves.
const UNITS: &[(&str, &str, &str, &str, &str)] = &[
    ("tools postinstall", "tools_postinstall", "domain", "--domain", "Postinstall your YunoHost server"),
    ("tools regen-conf", "regen_conf", "configuration", "names", "Regenerate system configurations '{}'"),
    ("tools upgrade", "tools_upgrade", "", "", "Upgrade system packages"),
    ("user create", "user_create", "user", "username", "Add '{}' user"),
    ("user delete", "user_delete", "user", "username", "Delete '{}' user"),
    ("user update", "user_update", "user", "username", "Update info for user '{}'"),
    ("user import", "user_import", "user", "", "Import users"),
    ("user group create", "user_group_create", "group", "groupname", "Create '{}' group"),
    ("user group delete", "user_group_delete", "group", "groupname", "Delete '{}' group"),
    ("user group add", "user_group_update", "group", "groupname", "Update '{}' group"),
    ("user group remove", "user_group_update", "group", "groupname", "Update '{}' group"),
    (
        "user permission add",
        "user_permission_update",
        "permission",
        "permission",
        "Update accesses for permission '{}'",
    ),
    (
        "user permission remove",
        "user_permission_update",
        "permission",
        "permission",
        "Update accesses for permission '{}'",
    ),
    ("domain add", "domain_add", "domain", "domain", "Add '{}' domain into system configuration"),
    ("domain remove", "domain_remove", "domain", "domain", "Remove '{}' domain from system configuration"),
    ("domain main-domain", "domain_main_domain", "domain", "--new-main-domain", "Make '{}' the main domain"),
    ("domain config set", "domain_config_set", "domain", "domain", "Update configuration for domain '{}'"),
    ("settings set", "settings_set", "", "", "Apply settings"),
    ("settings reset", "settings_reset", "", "", "Reset setting"),
    ("settings reset-all", "settings_reset_all", "", "", "Reset all settings"),
    ("app config set", "app_config_set", "app", "app", "Apply config to '{}' app"),
    ("app makedefault", "app_makedefault", "app", "app", "Make '{}' the default app"),
];

/// Keeps the log of a command that ran as one operation. A command that was refused before it began has none; one
/// that failed later has said so itself ("The operation '...' could not be completed").
pub fn record(machine: &mut Machine, command: &str, args: &Args, reply: &Reply, around: Surroundings<'_>) {
    let Some((_, kind, about_kind, argument, sentence)) = UNITS.iter().find(|(one, ..)| *one == command) else {
        return;
    };
    let said_so =
        reply.lines.iter().any(|line| matches!(line, Line::Info(text) if text.starts_with("The operation '")));
    let only_looked = ["--dry-run", "--list-pending"].iter().any(|flag| args.given(flag));
    let nothing_asked = !argument.is_empty() && !args.given(argument) && *kind == "domain_main_domain";
    if (reply.exit != 0 && !said_so) || only_looked || nothing_asked {
        return;
    }
    // Packages only: upgraded apps have logs of their own.
    if command == "tools upgrade" && args.one("target") != Some("system") {
        return;
    }
    let about = args.given(argument).then(|| args.many(argument).join("-")).filter(|about| !about.is_empty());
    let about = about.as_deref();
    let error = reply.lines.iter().rev().find_map(|line| match line {
        Line::Error(text) if reply.exit != 0 => Some(text.clone()),
        _ => None,
    });
    let last = error.as_ref().map(|text| format!("ERROR - {text}"));
    let traced = match command {
        "tools regen-conf" => {
            let names: Vec<&str> = args.many("names").iter().map(String::as_str).collect();
            cli_log::traced(machine, &names)
        }
        _ => Vec::new(),
    };
    let operation = Operation {
        name: name(around.now, kind, about),
        kind: (*kind).to_owned(),
        description: sentence.replace("{}", about.unwrap_or_default()),
        args: Value::Object(shown_args(args)),
        related_to: about.into_iter().map(|about| ((*about_kind).to_owned(), about.to_owned())).collect(),
        parent: None,
        started: around.now,
        ended: around.now.plus_us(reply.duration_us),
        // The error that ended the operation is in its metadata, not among the lines.
        log: traced
            .into_iter()
            .chain(reply.lines.iter().filter_map(logged).filter(|line| Some(line) != last.as_ref()))
            .collect(),
        error,
    };
    let Some(ynh) = machine.yunohost.as_deref_mut() else { return };
    for one in std::iter::once(operation.clone()).chain(parts(&operation, about)) {
        write_files(&mut machine.files, &one);
        ynh.operations.push(one);
    }
}

/// The operations that a whole one started: a new user gets a group and joins another.
fn parts(whole: &Operation, about: Option<&str>) -> Vec<Operation> {
    let Some(user) = about.filter(|_| whole.kind == "user_create" && whole.error.is_none()) else { return Vec::new() };
    let part = |kind: &str, group: &str, description: String| Operation {
        name: name(whole.started, kind, Some(group)),
        kind: kind.to_owned(),
        description,
        args: serde_json::json!({"groupname": group}),
        related_to: vec![("group".to_owned(), group.to_owned())],
        parent: Some(whole.name.clone()),
        log: Vec::new(),
        ..whole.clone()
    };
    vec![
        part("user_group_create", user, format!("Create '{user}' group")),
        part("user_group_update", "all_users", "Update 'all_users' group".to_owned()),
    ]
}

/// The arguments as the log keeps them: never a password, nor a value that may be one.
fn shown_args(args: &Args) -> Map<String, Value> {
    let secret = |name: &str| name.contains("password") || name == "--value" || name == "--args";
    let given = args.0.iter().filter(|(name, _)| !secret(name));
    given
        .map(|(name, values)| {
            let value = match values.as_slice() {
                [one] => Value::from(one.clone()),
                many => Value::from(many.to_vec()),
            };
            (name.trim_start_matches('-').replace('-', "_"), value)
        })
        .collect()
}
