//! What YunoHost writes down by itself: the log of its command line and the logs of regenerated configurations, with what
//! ought not to stand in them (sheet, section 3: passwords of people are masked there, the relay's is not).

use super::reply::Args;
use super::{settings, when};
use crate::os::{Files, Machine};
use crate::world::Moment;

/// The log of the command line.
pub const CLI_LOG: &str = "/var/log/yunohost/yunohost-cli.log";

/// Where operations have their logs.
const OPERATIONS: &str = "/var/log/yunohost/operations";

/// What stands in the place of a password.
const MASK: &str = "**********";

/// Notes a command with its arguments. A password argument is masked; a text that merely holds one is not.
pub fn note(files: &mut Files, command: &str, args: &Args, at: Moment) {
    let shown = args.0.iter().filter(|(_, values)| !values.is_empty()).map(|(name, values)| {
        let key = name.trim_start_matches('-').replace('-', "_");
        let value = if key.contains("password") { MASK.to_owned() } else { values.join(" ") };
        format!("'{key}': '{value}'")
    });
    let line = format!(
        "{} DEBUG moulinette.actionsmap process - processing action: yunohost.{} with args={{{}}}\n",
        stamp(at),
        command.replace(' ', "."),
        shown.collect::<Vec<_>>().join(", ")
    );
    if !files.exists(CLI_LOG) {
        files.make_folder("/var/log/yunohost", 0o750, "root");
        files.create(CLI_LOG, 0o600, "root", "");
    }
    files.append(CLI_LOG, &line);
}

/// The lines that the hook of a configuration leaves in the log of its operation: the shell traces what it does, and
/// postfix's reads the relay's password from the settings.
pub fn traced(machine: &Machine, categories: &[&str]) -> Vec<String> {
    let Some(yunohost) = machine.yunohost.as_deref() else { return Vec::new() };
    let relayed = settings::text(yunohost, "smtp_relay_enabled") == "1";
    let of_postfix = categories.is_empty() || categories.contains(&"postfix");
    if !(relayed && of_postfix) {
        return Vec::new();
    }
    ["smtp_relay_host", "smtp_relay_port", "smtp_relay_user", "smtp_relay_password"]
        .into_iter()
        .flat_map(|key| {
            let variable = key.trim_start_matches("smtp_");
            let value = settings::text(yunohost, key);
            [format!("DEBUG - ++ jq -r .{key}"), format!("DEBUG - + {variable}={}", traced_word(&value))]
        })
        .collect()
}

/// Keeps the log of configurations that were regenerated as a part of another command.
pub fn keep_regenerated(machine: &mut Machine, categories: &[&str], at: Moment) {
    let lines = traced(machine, categories);
    if lines.is_empty() {
        return;
    }
    let about = if categories.is_empty() { String::new() } else { format!("-{}", categories.join("-")) };
    let path = format!("{OPERATIONS}/{}-regen_conf{about}.log", when::stamp(at));
    let text: String = lines.iter().map(|line| format!("{}: {line}\n", stamp(at))).collect();
    machine.files.make_folder(OPERATIONS, 0o750, "root");
    machine.files.create(&path, 0o640, "root", text);
}

/// A word as a tracing shell shows it: in quotes where it needs them.
fn traced_word(word: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || "_-./:@%+,=".contains(one);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn stamp(at: Moment) -> String {
    when::python(at).replace('.', ",")
}
