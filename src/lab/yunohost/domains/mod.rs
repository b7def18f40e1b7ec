//! `domain list|info|add|remove|main-domain|url-available` and `domain dyndns ...`.

pub mod certificates;
mod challenge;
pub mod config;
pub mod dns;
mod punycode;

use serde_json::{Map, Value, json};

use super::Yunohost;
use super::context::{Context, Outcome, Refusal, traceback};
use super::neighbours;
use super::reply::{Args, Line};
use super::state::{Certificate, Domain};
use super::users::{ADMIN_ALIASES, groups};

/// Domains that YunoHost's own dynamic DNS service gives.
const DYNAMIC: [&str; 3] = [".nohost.me", ".noho.st", ".ynh.fr"];

impl Yunohost {
    /// A domain by name.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.name == name)
    }

    fn domain_mut(&mut self, name: &str) -> Option<&mut Domain> {
        self.domains.iter_mut().find(|domain| domain.name == name)
    }
}

/// The names of all domains in YunoHost's order: by what was registered, subdomains after it.
pub fn sorted(yunohost: &Yunohost) -> Vec<String> {
    let mut names: Vec<String> = yunohost.domains.iter().map(|domain| domain.name.clone()).collect();
    names.sort_by_key(|name| {
        let mut labels: Vec<String> = name.split('.').map(str::to_owned).collect();
        let last = labels.pop().unwrap_or_default();
        if let Some(registered) = labels.last_mut() {
            registered.push_str(&last);
        }
        labels.reverse();
        labels
    });
    names
}

/// Refuses an unknown domain.
///
/// # Errors
/// When the server does not have it.
pub fn require(context: &mut Context<'_>, name: &str) -> Result<(), Refusal> {
    if context.state().domain(name).is_some() {
        return Ok(());
    }
    Err(context.refuse("domain_unknown", &[("domain", name)]))
}

/// The nearest domain of the server above this one.
fn parent_of<'a>(names: &'a [String], name: &str) -> Option<&'a String> {
    names.iter().filter(|other| is_below(name, other)).max_by_key(|other| other.len())
}

/// The highest domain of the server above this one.
fn topmost<'a>(names: &'a [String], name: &str) -> Option<&'a String> {
    names.iter().filter(|other| is_below(name, other)).min_by_key(|other| other.len())
}

fn is_below(name: &str, other: &str) -> bool {
    name.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a domain has a feature (`mail_in`, `mail_out`).
fn has_feature(domain: &Domain, feature: &str) -> bool {
    matches!(feature, "mail_in" | "mail_out") && domain.config.get(feature) != Some(&Value::from(0))
}

/// `domain list`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    let state = context.state();
    let main = state.main_domain.clone();
    let mut names = sorted(state);
    for feature in args.many("--features") {
        names.retain(|name| state.domain(name).is_some_and(|domain| has_feature(domain, feature)));
    }
    if args.given("--exclude-subdomains") {
        let all = names.clone();
        names.retain(|name| parent_of(&all, name).is_none());
    }
    let domains = if args.given("--tree") { tree(&names) } else { json!(names) };
    Ok(Some(json!({ "domains": domains, "main": main })))
}

fn tree(names: &[String]) -> Value {
    fn below(names: &[String], parent: Option<&String>) -> Value {
        let children = names.iter().filter(|name| parent_of(names, name) == parent);
        Value::Object(children.map(|name| (name.clone(), below(names, Some(name)))).collect::<Map<_, _>>())
    }
    below(names, None)
}

/// `domain info`.
pub fn info(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default();
    require(context, name)?;
    let certificate = certificates::status(context, name, true);
    let state = context.state();
    let names = sorted(state);
    let apps = neighbours::apps_on(state, name);
    let apps: Vec<Value> =
        apps.iter().map(|app| json!({ "id": app.id, "name": app.label, "path": app.path })).collect();
    Ok(Some(json!({
        "certificate": certificate,
        "registrar": parent_of(&names, name).map(|_| "parent_domain"),
        "apps": apps,
        "main": state.main_domain == name,
        "topest_parent": topmost(&names, name),
    })))
}

/// `domain add`.
pub fn add(context: &mut Context<'_>, args: &Args) -> Outcome {
    let asked = args.one("domain").unwrap_or_default();
    let name = punycode::to_ascii(&asked.to_lowercase());
    if context.state().domain(&name).is_some() {
        let text = format!("attribute 'virtualdomain' with value '{name}' is not unique");
        context.lines.push(Line::Info(text));
        return Err(context.refuse("domain_exists", &[]));
    }
    context.operation("domain_add", Some(&name), |context| {
        if is_dynamic(&name) && !args.given("--ignore-dyndns") {
            return Err(dynamic_unreachable(context, &name));
        }
        write_certificate(context, &name);
        context.regenerate(&["nginx", "postfix"]);
        context.success("certmanager_selfsigned_installed", &[("domain", &name)]);
        enter(context, &name);
        context.regenerate(&["nginx", "dnsmasq", "postfix", "mdns", "dovecot"]);
        if let Err(refusal) = neighbours::refresh_single_sign_on(context) {
            // What was begun is undone; that fails in the same way, but is done by then.
            let undone: Result<(), Refusal> = context.operation("domain_remove", Some(&name), |context| {
                forget(context, &name);
                context.regenerate(&["nginx", "dnsmasq", "postfix", "mdns"]);
                neighbours::refresh_single_sign_on(context)
            });
            return Err(undone.err().unwrap_or(refusal));
        }
        if args.given("--install-letsencrypt-cert") {
            certificates::after_adding(context, &name);
        }
        context.success("domain_created", &[]);
        Ok(None)
    })
}

/// Writes the server's own certificate for a domain.
pub fn write_certificate(context: &mut Context<'_>, name: &str) {
    let path = format!("/etc/yunohost/certs/{name}/crt.pem");
    context.files().create(&path, 0o640, "root", "self-signed\n");
}

/// Adds a domain to the directory: from then on it takes part in the configuration.
pub fn enter(context: &mut Context<'_>, name: &str) {
    let made_at = context.around.now.unix_seconds();
    let certificate = Certificate { made_at, ..Certificate::default() };
    let domain = Domain { name: name.to_owned(), certificate, ..Domain::default() };
    context.state().domains.push(domain);
}

/// Whether YunoHost's dynamic DNS service gives this domain.
pub fn is_dynamic(name: &str) -> bool {
    DYNAMIC.iter().any(|suffix| name.ends_with(suffix))
}

fn dynamic_unreachable(context: &Context<'_>, name: &str) -> Refusal {
    if context.around.internet.validators_reachable {
        return Refusal::error("not simulated in the lab: YunoHost's dynamic DNS service");
    }
    let pool = "HTTPSConnectionPool(host='dyndns.yunohost.org', port=443): Max retries exceeded with url: ";
    let connection = "<urllib3.connection.HTTPSConnection object at 0x7f0000000000>: Failed to establish a new \
                      connection: [Errno -3] Temporary failure in name resolution";
    let retries = format!("{pool}/test/{name} (Caused by NewConnectionError('{connection}'))");
    let traces = [
        "socket.gaierror: [Errno -3] Temporary failure in name resolution".to_owned(),
        format!("urllib3.exceptions.NewConnectionError: {connection}"),
        format!("urllib3.exceptions.MaxRetryError: {retries}"),
        format!("requests.exceptions.ConnectionError: {retries}"),
    ];
    let text = traces
        .map(|last| traceback(&last))
        .join("\n\nDuring handling of the above exception, another exception occurred:\n\n");
    Refusal { lines: vec![Line::Err(text)], reason: retries }
}

/// `domain remove`.
pub fn remove(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default().to_owned();
    require(context, &name)?;
    let state = context.state();
    let others: Vec<String> = sorted(state).into_iter().filter(|other| *other != name).collect();
    if state.main_domain == name {
        if others.is_empty() {
            return Err(context.refuse("domain_cannot_remove_main_only", &[("domain", &name)]));
        }
        let list: String = others.iter().map(|other| format!("\n * {other}")).collect();
        return Err(context.refuse("domain_cannot_remove_main", &[("domain", &name), ("others", &list)]));
    }
    let apps = neighbours::apps_on(state, &name);
    if !apps.is_empty() && !args.given("--remove-apps") {
        let list: Vec<String> = apps
            .iter()
            .map(|app| format!("    - {} \"{}\" on https://{name}{}", app.id, app.label, app.path))
            .collect();
        return Err(context.refuse("domain_uninstall_app_first", &[("apps", &list.join("\n"))]));
    }
    if !apps.is_empty() && !args.given("--force") {
        return Err(context.refuse("not_a_tty", &[]));
    }
    context.operation("domain_remove", Some(&name), |context| {
        for app in &apps {
            neighbours::remove_app(context, &app.id)?;
        }
        forget(context, &name);
        context.regenerate(&["nginx", "dnsmasq", "postfix", "mdns"]);
        neighbours::refresh_single_sign_on(context)?;
        context.success("domain_deleted", &[]);
        Ok(None)
    })
}

/// Takes a domain and its own files off the server.
fn forget(context: &mut Context<'_>, name: &str) {
    let state = context.state();
    state.domains.retain(|domain| domain.name != name);
    let cleared = [format!("/etc/nginx/conf.d/{name}.conf"), format!("/etc/dnsmasq.d/{name}")];
    state.regenconf.written.retain(|path, _| !cleared.contains(path));
    let others = [format!("/var/www/.well-known/{name}"), format!("/etc/yunohost/certs/{name}")];
    for path in cleared.iter().chain(&others) {
        context.files().remove(path);
    }
}

/// `domain main-domain` and `tools maindomain`.
pub fn main_domain(context: &mut Context<'_>, args: &Args) -> Outcome {
    let Some(new) = args.one("--new-main-domain") else {
        let main = context.state().main_domain.clone();
        return Ok(Some(json!({ "current_main_domain": main })));
    };
    require(context, new)?;
    context.operation("domain_main_domain", Some(new), |context| {
        let old = std::mem::replace(&mut context.state().main_domain, new.to_owned());
        context.files().write("/etc/yunohost/current_host", format!("{new}\n"));
        context.regenerate(&[]);
        // Making the main domain main again fails here, with everything above done (sheet, section 10).
        context.duration_us += 11_500_000;
        move_admin_aliases(context, Some(&old), new)?;
        neighbours::refresh_single_sign_on(context)?;
        context.success("main_domain_changed", &[]);
        Ok(None)
    })
}

/// Gives the administrators their addresses at the new main domain and takes those at the old one away.
pub fn move_admin_aliases(context: &mut Context<'_>, old: Option<&str>, new: &str) -> Result<(), Refusal> {
    let at = |domain: &str| ADMIN_ALIASES.map(|name| format!("{name}@{domain}")).to_vec();
    let mut gone = old.map(at).unwrap_or_default();
    gone.reverse();
    groups::edit_aliases(context, "admins", &at(new), &gone)
}

/// `domain url-available`.
pub fn url_available(context: &mut Context<'_>, args: &Args) -> Outcome {
    let (domain, path) = (args.one("domain").unwrap_or_default(), args.one("path").unwrap_or_default());
    require(context, domain)?;
    let wanted = format!("/{}", path.trim_matches('/'));
    let apps = neighbours::apps_on(context.state(), domain);
    // The root of a domain conflicts with everything below it, and the other way round.
    let conflict = apps.iter().any(|app| {
        let taken = format!("/{}", app.path.trim_matches('/'));
        taken == wanted || taken == "/" || wanted == "/"
    });
    Ok(Some(json!(!conflict)))
}

/// `domain dyndns subscribe` and `dyndns subscribe`.
pub fn subscribe(context: &mut Context<'_>, args: &Args) -> Outcome {
    let domain = args.one("domain").or_else(|| args.one("--domain")).unwrap_or_default();
    if !is_dynamic(domain) {
        return Err(context.refuse("dyndns_domain_not_provided", &[("domain", domain)]));
    }
    Err(dynamic_unreachable(context, domain))
}
