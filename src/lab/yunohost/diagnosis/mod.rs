//! `diagnosis *`: reports by category, kept until they grow old; filters for issues that are accepted.

mod checks;
mod items;
mod remote;
mod show;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use checks::size as human_size;
pub use items::Item;

use super::Yunohost;
use super::job::{Failure, Job, Outcome};
use super::reply::Args;
use crate::world::Moment;

/// Categories in the order they are run and shown: id, title, seconds a report stays valid, whether it needs `ip`.
pub(crate) const CATEGORIES: &[(&str, &str, i64, bool)] = &[
    ("basesystem", "Base system", 600, false),
    ("ip", "Internet connectivity", 600, false),
    ("dnsrecords", "DNS records", 600, true),
    ("ports", "Ports exposure", 600, true),
    ("web", "Web", 600, true),
    ("mail", "Email", 600, true),
    ("services", "Services status check", 300, false),
    ("systemresources", "System resources", 300, false),
    ("regenconf", "System configurations", 300, false),
    ("apps", "Applications", 300, false),
];

/// What diagnosis keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The latest report of each category that ran.
    pub reports: BTreeMap<String, Report>,
    /// Filters by category.
    pub filters: BTreeMap<String, Vec<Filter>>,
    /// How the machine looks from outside.
    pub outside: Outside,
}

/// Conditions on the `meta` of an item; values are compared as text.
pub type Filter = BTreeMap<String, String>;

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When it was made.
    pub timestamp: Moment,
    /// What it found.
    pub items: Vec<Item>,
}

/// How the machine looks from outside: kept up to date by the world around it (address, router, provider).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Public IPv4 address, when there is one.
    pub ipv4: Option<String>,
    /// Public IPv6 address, when there is one.
    pub ipv6: Option<String>,
    /// TCP ports that the router lets through.
    pub forwarded_ports: Vec<u16>,
    /// Whether the provider lets outgoing mail (port 25) pass.
    pub outgoing_port_25: bool,
    /// Name that the address resolves to, when one is set.
    pub reverse_dns: Option<String>,
}

impl Default for Outside {
    fn default() -> Outside {
        Outside {
            ipv4: Some("203.0.113.10".to_owned()),
            ipv6: None,
            forwarded_ports: Vec::new(),
            outgoing_port_25: false,
            reverse_dns: None,
        }
    }
}

/// Whether the cached reports let Let's Encrypt be asked for this domain: `dnsrecords` (basic records) and `web` must
/// both have found it well (sheet YunoHost, section 4). `None` when there is no result about the domain yet.
pub fn allows_certificate(ynh: &Yunohost, domain: &str) -> Option<bool> {
    let about = |item: &&Item| item.meta.get("domain").and_then(Value::as_str) == Some(domain);
    let found = |category: &str| ynh.diagnosis.reports.get(category)?.items.iter().find(about);
    // The basic records come first of a domain.
    let (records, web) = (found("dnsrecords")?, found("web")?);
    Some(records.status == "SUCCESS" && web.status == "SUCCESS")
}

/// Runs a `diagnosis` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "diagnosis list" => Ok(Some(json!({"categories": CATEGORIES.iter().map(|one| one.0).collect::<Vec<_>>()}))),
        "diagnosis show" => show::show(job, args),
        "diagnosis get" => show::get(job, args),
        "diagnosis run" => run(job, args),
        "diagnosis ignore" => ignore_command(job, args),
        "diagnosis unignore" => unignore_command(job, args),
        _ => return None,
    })
}

fn known_categories(asked: &[String]) -> Result<Vec<&'static (&'static str, &'static str, i64, bool)>, Failure> {
    let unknown: Vec<&str> =
        asked.iter().map(String::as_str).filter(|name| !CATEGORIES.iter().any(|one| one.0 == *name)).collect();
    if !unknown.is_empty() {
        return Err(Failure::error(format!("The following categories are unknown: {}", unknown.join(", "))));
    }
    if asked.is_empty() {
        return Ok(CATEGORIES.iter().collect());
    }
    // In the order they were asked for.
    Ok(asked.iter().filter_map(|name| CATEGORIES.iter().find(|one| one.0 == name)).collect())
}

fn run(job: &mut Job<'_>, args: &Args) -> Outcome {
    let categories = known_categories(args.many("categories"))?;
    if args.given("--except-if-never-ran-yet") && job.ynh.diagnosis.reports.is_empty() {
        return Ok(None);
    }
    let mut issues = false;
    for (id, title, valid_s, needs_ip) in &categories {
        let fresh = job
            .ynh
            .diagnosis
            .reports
            .get(*id)
            .is_some_and(|report| job.now().unix_seconds() - report.timestamp.unix_seconds() < *valid_s);
        if fresh && !args.given("--force") {
            job.info(format!("(Cache still valid for {title} diagnosis. Won't re-diagnose it yet!)"));
            continue;
        }
        if *needs_ip && has_errors(job.ynh, "ip") {
            job.error(format!(
                "Can't run diagnosis for {title} while there are important issues related to Internet connectivity."
            ));
            continue;
        }
        let items = checks::run(job, id);
        job.ynh.diagnosis.reports.insert((*id).to_owned(), Report { timestamp: job.now(), items });
        issues |= conclude(job, id, title);
    }
    if issues {
        job.warning("To see the issues found, you can go to the Diagnosis section of the webadmin, or run 'yunohost diagnosis show --issues --human-readable' from the command-line.");
    }
    Ok(None)
}

/// An error that is not ignored: it keeps what depends on the category from running.
fn has_errors(ynh: &Yunohost, category: &str) -> bool {
    let Some(report) = ynh.diagnosis.reports.get(category) else { return false };
    report.items.iter().any(|item| item.status == "ERROR" && !is_ignored(ynh, category, item))
}

/// Says what a category found; true when there was an issue.
fn conclude(job: &mut Job<'_>, id: &str, title: &str) -> bool {
    let ynh = &*job.ynh;
    let items = ynh.diagnosis.reports.get(id).map(|report| report.items.as_slice()).unwrap_or_default();
    let count = |status: &str| items.iter().filter(|item| item.status == status && !is_ignored(ynh, id, item)).count();
    let (errors, warnings) = (count("ERROR"), count("WARNING"));
    let ignored = items.iter().filter(|item| item.is_issue() && is_ignored(ynh, id, item)).count();
    let more = if ignored > 0 { format!(" (+ {ignored} ignored issue(s))") } else { String::new() };
    match (errors, warnings) {
        (0, 0) => job.success(format!("Everything looks OK for {title}!{more}")),
        (0, warnings) => job.warning(format!("Found {warnings} item(s) that could be improved for {title}.{more}")),
        (errors, 0) => job.error(format!("Found {errors} significant issue(s) related to {title}!{more}")),
        (errors, warnings) => {
            job.error(format!(
                "Found {errors} significant issue(s) (and {warnings} warning(s)) related to {title}!{more}"
            ));
        }
    }
    errors + warnings > 0
}

fn is_ignored(ynh: &Yunohost, category: &str, item: &Item) -> bool {
    let filters = ynh.diagnosis.filters.get(category);
    item.is_issue() && filters.into_iter().flatten().any(|filter| matches(filter, item))
}

fn matches(filter: &Filter, item: &Item) -> bool {
    filter.iter().all(|(key, wanted)| {
        item.meta.get(key).is_some_and(|value| match value {
            Value::String(text) => text == wanted,
            Value::Number(number) => wanted.parse().is_ok_and(|wanted: serde_json::Number| wanted == *number),
            _ => false,
        })
    })
}

/// `--filter category key=value ...` taken apart.
fn filter_of(job: &mut Job<'_>, args: &Args) -> Result<Option<(String, Filter)>, Failure> {
    let [category, criteria @ ..] = args.many("--filter") else { return Ok(None) };
    let mut refuse = |text: String| {
        // These sentences have no translation, which YunoHost says first.
        job.warning(format!("unable to retrieve string to translate with key '{text}' for default locale 'locales/en.json' file (don't panic this is just a warning)"));
        Failure::error(text)
    };
    if !CATEGORIES.iter().any(|one| one.0 == category) {
        return Err(refuse(format!("{category} is not a diagnosis category")));
    }
    let mut filter = Filter::new();
    for one in criteria {
        let Some((key, value)) = one.split_once('=') else {
            return Err(refuse("Criterias should be of the form key=value (e.g. domain=yolo.test)".to_owned()));
        };
        filter.insert(key.to_owned(), value.to_owned());
    }
    Ok(Some((category.clone(), filter)))
}

fn ignore_command(job: &mut Job<'_>, args: &Args) -> Outcome {
    if args.given("--list") {
        return Ok(Some(json!({"ignore_filters": job.ynh.diagnosis.filters})));
    }
    if let Some((category, filter)) = filter_of(job, args)? {
        ignore(job, &category, filter)?;
    }
    Ok(None)
}

/// Adds a filter. It must match an issue of the latest report (sheet YunoHost, section 10, "Lock-outs").
///
/// # Errors
/// A traceback when nothing matches.
pub(crate) fn ignore(job: &mut Job<'_>, category: &str, filter: Filter) -> Result<(), Failure> {
    let no_issue = || Failure::Traceback("IndexError: list index out of range".to_owned());
    let Some(report) = job.ynh.diagnosis.reports.get(category) else {
        job.warning(format!("No diagnosis cache yet for category '{category}'"));
        return Err(no_issue());
    };
    if filter.is_empty() || !report.items.iter().any(|item| item.is_issue() && matches(&filter, item)) {
        return Err(no_issue());
    }
    let filters = job.ynh.diagnosis.filters.entry(category.to_owned()).or_default();
    if filters.contains(&filter) {
        job.warning(format!("(There is already a diagnosis {category} filter with these criterias)"));
        return Ok(());
    }
    filters.push(filter);
    job.success(format!("Added a {category} diagnosis filter"));
    Ok(())
}

fn unignore_command(job: &mut Job<'_>, args: &Args) -> Outcome {
    if let Some((category, filter)) = filter_of(job, args)? {
        unignore(job, &category, &filter);
    }
    Ok(None)
}

/// Removes a filter; one that is not there is only remarked upon.
pub(crate) fn unignore(job: &mut Job<'_>, category: &str, filter: &Filter) {
    let filters = job.ynh.diagnosis.filters.get_mut(category);
    let before = filters.as_ref().map_or(0, |filters| filters.len());
    let after = filters.map_or(0, |filters| {
        filters.retain(|one| one != filter);
        filters.len()
    });
    if after < before {
        job.success(format!("Removed a {category} diagnosis filter"));
    } else {
        job.warning(format!("(There is no such diagnosis {category} filter with these criterias to remove)"));
    }
}

/// A JSON object from a literal; everything else is an empty one.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
