//! Proxmox VE's own programs on a node: `pveversion`, `pvesh`.

use serde_json::Value;

use crate::os::process::Os;
use crate::os::{Exec, Output};

/// `pveversion`
pub fn pveversion(os: &mut Os<'_>, exec: &Exec) -> Output {
    if exec.argv.len() > 1 {
        return Output::fail(2, format!("lab: pveversion {} is not simulated", exec.argv[1]));
    }
    let version = os.machine.packages.version("pve-manager").unwrap_or_default();
    Output::out(format!("pve-manager/{version}/0123456789abcdef (running kernel: 6.17.2-1-pve)\n"))
}

/// `pvesh get|create|set|delete|ls PATH [--NAME VALUE]… [--output-format json]`: the API as `root@pam`.
pub fn pvesh(os: &mut Os<'_>, exec: &Exec) -> Output {
    let (verb, path, rest) = match exec.argv.get(1..) {
        Some([verb, path, rest @ ..]) if ["get", "create", "set", "delete", "ls"].contains(&verb.as_str()) => {
            (verb.clone(), path.clone(), rest)
        }
        _ => return Output::fail(255, "ERROR: unknown command 'pvesh'"),
    };
    if exec.user != "root" {
        return Output::fail(1, "please run as root");
    }
    let mut params: Vec<(String, String)> = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let Some(name) = word.trim_start_matches('-').split('=').next().filter(|_| word.starts_with('-')) else {
            return Output::fail(255, "400 too many arguments");
        };
        let inline = word.split_once('=').map(|(_, value)| value.to_owned());
        let Some(value) = inline.or_else(|| words.next().cloned()) else {
            return Output::fail(255, format!("400 Parameter verification failed.\n{name}: missing value"));
        };
        params.push((name.to_owned(), value));
    }
    let format = params.iter().find(|(name, _)| name == "output-format").map(|(_, value)| value.clone());
    params.retain(|(name, _)| !["output-format", "noborder", "noheader", "quiet"].contains(&name.as_str()));
    let Some(api) = os.pvesh.as_deref_mut() else { return Output::fail(255, "lab: pvesh: no API at hand") };
    match api(&verb, &path, &params) {
        Err(reason) => Output { exit: 2, stderr: format!("{reason}\n"), duration_us: 600_000, ..Output::default() },
        Ok(value) => {
            let text = match (format.as_deref(), &value) {
                (_, Value::Null) => String::new(),
                (Some("json-pretty"), _) => format!("{value:#}\n"),
                (Some("json"), _) => format!("{value}\n"),
                (_, Value::String(text)) => format!("{text}\n"),
                (_, _) => return Output::fail(2, "lab: pvesh: only --output-format json is simulated"),
            };
            Output { duration_us: 600_000, ..Output::out(text) }
        }
    }
}
