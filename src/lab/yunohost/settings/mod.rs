//! `settings ...`: the server's global settings and what changing them sets in motion.

mod entries;

use serde_json::{Map, Value};

use super::Yunohost;
use super::cli_log;
use super::context::{Context, Outcome, Refusal, traceback};
use super::neighbours;
use super::panel::{Filter, Panel, is_on, same};
use super::regenconf::{self, Options};
use super::reply::{Args, Line};
use super::services;
use super::state::fingerprint;

/// Where settings that differ from their default are kept, readable by everybody (sheet, section 3).
pub const PATH: &str = "/etc/yunohost/settings.yml";

/// Settings that are kept elsewhere.
const VIRTUAL: [&str; 3] = ["root_password", "root_password_confirm", "passwordless_sudo"];

/// The present value of a setting as text: booleans as `1` or `0`, nothing as an empty text.
pub fn text(yunohost: &Yunohost, key: &str) -> String {
    let value = yunohost.settings.get(key).cloned().or_else(|| Some(entries::entry(key)?.default));
    match value {
        Some(Value::String(text)) => text,
        Some(Value::Bool(yes)) => if yes { "1" } else { "0" }.to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// `settings list`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    if args.given("--full") {
        return Err(not_simulated("settings list --full"));
    }
    let Some(Value::Object(mut all)) = get_all(context)? else { return Ok(None) };
    all.retain(|name, _| !name.starts_with("security.root_access"));
    Ok(Some(Value::Object(all)))
}

fn get_all(context: &mut Context<'_>) -> Outcome {
    let values = values(context.state());
    let panel = Panel { entries: entries::all(), values: &values };
    let covered: Vec<_> = panel.entries.iter().collect();
    Ok(Some(panel.classic(&covered)))
}

/// `settings get`.
pub fn get(context: &mut Context<'_>, args: &Args) -> Outcome {
    let key = args.one("key").unwrap_or_default();
    if args.given("--full") && args.given("--export") {
        return Err(Refusal::error("You can't use --full and --export together."));
    }
    if args.given("--full") {
        return Err(not_simulated("settings get --full"));
    }
    let values = values(context.state());
    let panel = Panel { entries: entries::all(), values: &values };
    let filter = Filter::new(Some(key));
    if filter.option().is_some() && !args.given("--export") {
        return match panel.entries.iter().find(|entry| filter.covers(entry)) {
            Some(entry) => Ok(panel.one(entry)),
            None => Err(context.refuse("config_unknown_filter_key", &[("key", key)])),
        };
    }
    let covered = panel.covered(filter, context)?;
    context.keeps_order = true;
    Ok(Some(if args.given("--export") { panel.export(&covered) } else { panel.classic(&covered) }))
}

/// `settings set`.
pub fn set(context: &mut Context<'_>, args: &Args) -> Outcome {
    let values = values(context.state());
    let panel = Panel { entries: entries::all(), values: &values };
    let filter = Filter::new(args.one("key"));
    let changes = panel.read_form(filter, args.one("--value"), args.one("--args"), context)?;
    context.operation("settings_set", None, |context| {
        apply(context, changes)?;
        context.success("config_applied", &[]);
        Ok(None)
    })
}

/// `settings reset` and `settings reset-all`.
pub fn reset(context: &mut Context<'_>, args: &Args) -> Outcome {
    let values = values(context.state());
    let panel = Panel { entries: entries::all(), values: &values };
    let key = args.one("key");
    let covered = panel.covered(Filter::new(key), context)?;
    let changes = covered
        .into_iter()
        .filter(|entry| !entry.default.is_null() && !VIRTUAL[..2].contains(&entry.key))
        .filter(|entry| !same(&panel.value(entry), &entry.default))
        .map(|entry| (entry.key.to_owned(), entry.default.clone()))
        .collect();
    let kind = if key.is_some() { "settings_reset" } else { "settings_reset_all" };
    context.operation(kind, None, |context| {
        apply(context, changes)?;
        context.success("global_settings_reset", &[]);
        Ok(None)
    })
}

fn not_simulated(what: &str) -> Refusal {
    Refusal::error(format!("not simulated in the lab: yunohost {what}"))
}

/// The values that are set, the one that is kept elsewhere included.
fn values(yunohost: &Yunohost) -> std::collections::BTreeMap<String, Value> {
    let mut values = yunohost.settings.clone();
    if yunohost.passwordless_sudo {
        values.insert("passwordless_sudo".to_owned(), Value::from(1));
    }
    values
}

/// Saves values and does what hangs on each.
fn apply(context: &mut Context<'_>, changes: Vec<(String, Value)>) -> Result<(), Refusal> {
    let given = |key: &str| changes.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    if let Some(Value::String(password)) = given("root_password").filter(|value| value != "") {
        if given("root_password_confirm") != Some(Value::from(password.as_str())) {
            return Err(context.refuse("password_confirmation_not_the_same", &[]));
        }
        context.state().root_password = fingerprint(&password);
        context.info("root_password_changed", &[]);
    }
    if let Some(value) = given("passwordless_sudo") {
        context.state().passwordless_sudo = is_on(&value);
    }
    context.info("config_saving", &[]);
    let kept: Vec<_> = changes.into_iter().filter(|(key, _)| !VIRTUAL.contains(&key.as_str())).collect();
    for (key, value) in &kept {
        let default = entries::entry(key).map(|entry| entry.default).unwrap_or_default();
        if same(value, &default) {
            context.state().settings.remove(key);
        } else {
            context.state().settings.insert(key.clone(), value.clone());
        }
    }
    save(context);
    kept.iter().try_for_each(|(key, _)| after_change(context, key))
}

/// Writes the settings file.
fn save(context: &mut Context<'_>) {
    let settings: Map<String, Value> = context.state().settings.clone().into_iter().collect();
    let lines = settings.iter().map(|(key, value)| format!("{key}: {}\n", yaml(value)));
    let text: String = lines.collect();
    context.files().write(PATH, if text.is_empty() { "{}\n".to_owned() } else { text });
}

/// A scalar in YAML: quoted where it would be read as something else.
fn yaml(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let misread = text.is_empty()
        || text.parse::<f64>().is_ok()
        || matches!(text.to_lowercase().as_str(), "yes" | "no" | "true" | "false" | "on" | "off" | "null" | "~")
        || text.starts_with(|c: char| "!&*-?|>@`\"'%{}[]#, ".contains(c))
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with([':', ' ']);
    if misread { format!("'{}'", text.replace('\'', "''")) } else { text.clone() }
}

/// What hangs on a setting. `smtp_relay_enabled` has nothing hanging on it: it reaches postfix at the next
/// regeneration only (sheet, section 10).
fn after_change(context: &mut Context<'_>, key: &str) -> Result<(), Refusal> {
    match key {
        "nginx_redirect_to_https"
        | "nginx_compatibility"
        | "webadmin_allowlist_enabled"
        | "webadmin_allowlist"
        | "tls_passthrough_enabled"
        | "tls_passthrough_list" => context.regenerate(&["nginx"]),
        "security_experimental_enabled" => context.regenerate(&["nginx", "yunohost"]),
        "ssh_compatibility" | "ssh_password_authentication" => context.regenerate(&["ssh"]),
        "ssh_port" => {
            context.regenerate(&["ssh", "fail2ban"]);
            return reload_firewall(context);
        }
        "smtp_allow_ipv6"
        | "smtp_relay_host"
        | "smtp_relay_port"
        | "smtp_relay_user"
        | "smtp_relay_password"
        | "smtp_backup_mx_domains"
        | "smtp_backup_mx_emails_whitelisted"
        | "postfix_compatibility" => {
            context.regenerate(&["postfix"]);
        }
        "pop3_enabled" => context.regenerate(&["dovecot"]),
        _ => {}
    }
    Ok(())
}

/// Reloading the firewall fails when it does not know the SSH port; sshd has moved by then (sheet, "Lock-outs").
fn reload_firewall(context: &mut Context<'_>) -> Result<(), Refusal> {
    let port = regenconf::sshd_port(context.files());
    if neighbours::firewall_knows(context.state(), &port) {
        context.success("firewall_reloaded", &[]);
        return Ok(());
    }
    let trace = traceback(&format!("KeyError: {port}"));
    let lines = vec![
        Line::Error(format!("Post-change hook for setting failed : {port}")),
        Line::Error(format!("Applying the new configuration failed: Something unexpected went wrong: \n{trace}\n")),
        Line::Err(trace),
    ];
    Err(Refusal { lines, reason: format!("KeyError: {port}") })
}

impl Context<'_> {
    /// Regenerates categories of configuration as a part of a command, and repeats what that says.
    pub fn regenerate(&mut self, names: &[&str]) {
        let done = regenconf::regenerate(self.machine, names, Options::default(), self.speech);
        self.lines.extend(done.lines);
        if names.contains(&"nginx") {
            // nginx tests what was written before it takes it over; only these lines tell that it did not.
            let errors = services::configuration_errors(&self.machine.files, "nginx", self.around.now);
            self.lines.extend(errors.into_iter().map(Line::Error));
        }
        cli_log::keep_regenerated(self.machine, names, self.around.now);
    }
}
