//! `service *`: the services YunoHost watches, and the few ways in which their state lies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::job::{Failure, Job, Outcome};
use super::reply::Args;
use super::{diagnosis, when};
use crate::os::Files;
use crate::world::Moment;

/// The services of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// Services by name.
    pub known: BTreeMap<String, Service>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// What `service status` says it is for.
    pub description: String,
    /// Whether systemd knows the unit at all.
    pub unit: bool,
    /// Whether it runs.
    pub running: bool,
    /// Whether it starts with the machine.
    pub enabled: bool,
    /// Whether YunoHost can test its configuration.
    pub testable: bool,
    /// When it last changed its state.
    pub since: Moment,
    /// Log files besides the journal.
    pub logs: Vec<String>,
}

/// Name, description, whether the configuration can be tested, log file.
const CORE: &[(&str, &str, bool, &str)] = &[
    ("dnsmasq", "Handles domain name resolution (DNS)", true, ""),
    ("dovecot", "Allows e-mail clients to access/fetch email (via IMAP and POP3)", false, "/var/log/mail.log"),
    (
        "fail2ban",
        "Protects against brute-force and other kinds of attacks from the Internet",
        true,
        "/var/log/fail2ban.log",
    ),
    ("mysql", "Stores app data (SQL database)", false, "/var/log/mysql.log"),
    ("nginx", "Serves or provides access to all the websites hosted on your server", true, "/var/log/nginx"),
    ("opendkim", "Signs outgoing emails using DKIM such that they are less likely to be flagged as spam", true, ""),
    ("postfix", "Used to send and receive e-mails", false, "/var/log/mail.log"),
    ("slapd", "Stores users, domains and related info", true, ""),
    ("ssh", "Allows you to connect remotely to your server via a terminal (SSH protocol)", true, "/var/log/auth.log"),
    (
        "yunohost-portal-api",
        "Manages interactions between the different portal web interfaces and the system",
        false,
        "",
    ),
    ("yunohost-api", "Manages interactions between the YunoHost web interface and the system", false, ""),
    ("nftables", "Manages open and close connection ports to services", false, ""),
    ("yunomdns", "Allows you to reach your server using 'yunohost.local' in your local network", false, ""),
];

impl Default for Services {
    fn default() -> Services {
        let known = CORE
            .iter()
            .map(|(name, description, testable, log)| {
                let service = Service {
                    description: (*description).to_owned(),
                    unit: true,
                    running: true,
                    enabled: true,
                    testable: *testable,
                    since: Moment::default(),
                    logs: if log.is_empty() { Vec::new() } else { vec![(*log).to_owned()] },
                };
                ((*name).to_owned(), service)
            })
            .collect();
        Services { known }
    }
}

/// What is wrong with a service's configuration, as its own test says; empty when it is valid.
pub fn configuration_errors(files: &Files, name: &str, now: Moment) -> Vec<String> {
    if name != "nginx" {
        return Vec::new();
    }
    let broken = files.list("/etc/nginx/conf.d").into_iter().filter(|file| file.ends_with(".conf")).find_map(|file| {
        let path = format!("/etc/nginx/conf.d/{file}");
        let text = files.read(&path)?;
        let bare: String = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
        let ended = bare.trim_end().ends_with([';', '}']) || bare.trim().is_empty();
        (!ended).then(|| (path, text.matches('\n').count() + 1))
    });
    let cut_short =
        broken.map(|(path, line)| format!("unexpected end of file, expecting \";\" or \"}}\" in {path}:{line}"));
    let Some(words) = cut_short.or_else(|| empty_allow(files)) else { return Vec::new() };
    let stamp = when::date_and_time(now).replace('-', "/");
    vec![
        format!("{stamp} [emerg] 1#1: {words}"),
        "nginx: configuration file /etc/nginx/nginx.conf test failed".to_owned(),
    ]
}

/// An `allow` that names nobody in the administration page's configuration.
fn empty_allow(files: &Files) -> Option<String> {
    let path = "/etc/nginx/conf.d/yunohost_admin.conf.inc";
    let line = files.read(path)?.lines().position(|line| line.trim() == "allow ;")?;
    Some(format!("invalid number of arguments in \"allow\" directive in {path}:{}", line + 1))
}

/// Runs a `service` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "service status" => status(job, args),
        "service start" | "service stop" | "service restart" | "service reload" | "service reload_or_restart" => {
            each(job, args, |job, name| act(job, command.trim_start_matches("service "), name))
        }
        "service enable" => each(job, args, enable),
        "service disable" => each(job, args, disable),
        "service add" => add(job, args),
        "service remove" => remove(job, args),
        "service log" => log(job, args),
        _ => return None,
    })
}

fn unknown(name: &str) -> Failure {
    Failure::error(format!("Unknown service '{name}'"))
}

fn each(job: &mut Job<'_>, args: &Args, act: impl Fn(&mut Job<'_>, &str) -> Result<(), Failure>) -> Outcome {
    for name in args.many("names") {
        if !job.ynh.services.known.contains_key(name) {
            return Err(unknown(name));
        }
        job.takes_ms(300);
        act(job, name)?;
    }
    Ok(None)
}

fn status(job: &mut Job<'_>, args: &Args) -> Outcome {
    let names = args.many("names");
    if let Some(name) = names.iter().find(|name| !job.ynh.services.known.contains_key(*name)) {
        return Err(unknown(name));
    }
    job.takes_ms(600);
    if let [name] = names {
        return Ok(Some(one_status(job, name)));
    }
    let asked: Vec<String> =
        if names.is_empty() { job.ynh.services.known.keys().cloned().collect() } else { names.to_vec() };
    let mut shown = Map::new();
    for name in asked {
        let status = one_status(job, &name);
        shown.insert(name, status);
    }
    Ok(Some(Value::Object(shown)))
}

fn one_status(job: &mut Job<'_>, name: &str) -> Value {
    let service = job.ynh.services.known[name].clone();
    if !service.unit {
        job.error(format!(
            "Failed to get status information via dbus for service {name}, systemctl didn't recognize this service ('NoSuchUnit')."
        ));
        return json!({
            "status": "unknown",
            "start_on_boot": "unknown",
            "last_state_change": "unknown",
            "description": "Error: failed to get information for this service, it doesn't exists for systemd",
            "configuration": "unknown",
        });
    }
    let errors = configuration_errors(job.files, name, job.now());
    let mut status = json!({
        "status": if service.running { "running" } else { "dead" },
        "start_on_boot": if service.enabled { "enabled" } else { "disabled" },
        "last_state_change": when::iso(service.since),
        "description": service.description,
        "configuration": match (service.testable, errors.is_empty()) {
            (false, _) => "unknown",
            (true, true) => "valid",
            (true, false) => "broken",
        },
    });
    if !errors.is_empty() {
        status["configuration-details"] = Value::from(errors);
    }
    status
}

fn act(job: &mut Job<'_>, action: &str, name: &str) -> Result<(), Failure> {
    let now = job.now();
    if action == "reload_or_restart" {
        // Only this one looks at the configuration first, and a broken one is no failure for the exit status.
        let errors = configuration_errors(job.files, name, now);
        if !errors.is_empty() {
            let shown = errors.iter().map(|line| format!("'{line}'")).collect::<Vec<_>>().join(", ");
            job.error(format!(
                "Not reloading/restarting service '{name}' because its configuration is broken: [{shown}]"
            ));
            return Ok(());
        }
    }
    let service = job.ynh.services.known.get_mut(name).ok_or_else(|| unknown(name))?;
    if !service.unit {
        let verb = if action == "reload_or_restart" { "reload or restart" } else { action };
        return Err(Failure::error(format!("Could not {verb} the service '{name}'\n\nRecent service logs:")));
    }
    let running = action != "stop";
    if service.running != running || action == "restart" {
        service.since = now;
    }
    service.running = running;
    job.success(match action {
        "start" => format!("Service '{name}' started"),
        "stop" => format!("Service '{name}' stopped"),
        "restart" => format!("Service '{name}' restarted"),
        "reload" => format!("Service '{name}' reloaded"),
        _ => format!("The service '{name}' was reloaded or restarted"),
    });
    Ok(())
}

fn enable(job: &mut Job<'_>, name: &str) -> Result<(), Failure> {
    set_enabled(job, name, true);
    job.success(format!("The service '{name}' will now be automatically started during system boots."));
    diagnosis::unignore(job, "services", &service_filter(name));
    Ok(())
}

/// Disabling first asks the diagnosis to ignore the service, which fails unless an issue about it was reported:
/// the service is then still enabled (sheet YunoHost, section 10, "Lock-outs").
fn disable(job: &mut Job<'_>, name: &str) -> Result<(), Failure> {
    diagnosis::ignore(job, "services", service_filter(name))?;
    set_enabled(job, name, false);
    job.success(format!("The service '{name}' will not be started anymore when system boots."));
    Ok(())
}

fn service_filter(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("service".to_owned(), name.to_owned())])
}

fn set_enabled(job: &mut Job<'_>, name: &str, enabled: bool) {
    if let Some(service) = job.ynh.services.known.get_mut(name) {
        service.enabled = enabled;
    }
}

fn add(job: &mut Job<'_>, args: &Args) -> Outcome {
    let name = args.one("name").unwrap_or_default().to_owned();
    let service = Service {
        description: args.one("--description").unwrap_or_default().to_owned(),
        unit: job.files.exists(&format!("/etc/systemd/system/{name}.service")),
        running: true,
        enabled: true,
        testable: args.given("--test_conf"),
        since: job.now(),
        logs: args.many("--log").to_vec(),
    };
    job.ynh.services.known.insert(name.clone(), service);
    job.success(format!("The service '{name}' was added"));
    Ok(None)
}

fn remove(job: &mut Job<'_>, args: &Args) -> Outcome {
    let name = args.one("name").unwrap_or_default();
    if job.ynh.services.known.remove(name).is_none() {
        return Err(unknown(name));
    }
    job.success(format!("Service '{name}' removed"));
    Ok(None)
}

fn log(job: &mut Job<'_>, args: &Args) -> Outcome {
    let name = args.one("name").unwrap_or_default();
    let service = job.ynh.services.known.get(name).ok_or_else(|| unknown(name))?;
    let lines: usize = args.one("--number").and_then(|text| text.parse().ok()).unwrap_or(50);
    let mut logs = Map::new();
    logs.insert("journalctl".to_owned(), Value::from(Vec::<String>::new()));
    for path in &service.logs {
        let Some(text) = job.files.read(path) else { continue };
        let all: Vec<&str> = text.lines().collect();
        logs.insert(path.clone(), Value::from(all[all.len().saturating_sub(lines)..].to_vec()));
    }
    Ok(Some(Value::Object(logs)))
}
