//! `domain config get|set`: a domain's own options.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::context::{Context, Outcome, Refusal};
use super::super::neighbours;
use super::super::panel::{Entry, Filter, Kind, Panel, same};
use super::super::reply::Args;
use super::{parent_of, require, sorted, topmost};

/// The options of a domain.
fn entries(context: &mut Context<'_>, name: &str) -> Vec<Entry> {
    let state = context.state();
    let names = sorted(state);
    let entry = |place, key, kind, default, ask: String| Entry { place, key, kind, default, ask, needs: None };
    let mut apps = vec!["_none".to_owned()];
    apps.extend(neighbours::apps_on(state, name).into_iter().map(|app| app.id));
    let mut entries = vec![
        entry("feature.mail", "mail_out", Kind::Boolean, Value::Bool(true), "Outgoing emails".to_owned()),
        entry("feature.mail", "mail_in", Kind::Boolean, Value::Bool(true), "Incoming emails".to_owned()),
        entry("feature.app", "default_app", Kind::Select(apps), Value::from("_none"), "Default app".to_owned()),
    ];
    if let Some(top) = parent_of(&names, name).and_then(|_| topmost(&names, name)) {
        let explained = format!(
            "This domain is a subdomain of {top}. DNS registrar configuration should be managed in {top}'s \
             configuration panel."
        );
        let registrar = Value::from("parent_domain");
        entries.push(entry("dns.registrar", "registrar", Kind::ReadOnly, registrar, "registrar".to_owned()));
        entries.push(entry("dns.registrar", "infos", Kind::Alert, Value::Null, explained));
    }
    entries
}

/// The registrar's part of a domain of its own, and its portal, are not simulated.
fn refuse_unknown_parts(context: &mut Context<'_>, name: &str, filter: Filter<'_>) -> Result<(), Refusal> {
    let names = sorted(context.state());
    if parent_of(&names, name).is_none() && !filter.is_within("feature.mail") && !filter.is_within("feature.app") {
        return Err(Refusal::error("not simulated in the lab: registrar and portal options of a domain of its own"));
    }
    Ok(())
}

fn values(context: &mut Context<'_>, name: &str) -> BTreeMap<String, Value> {
    context.state().domain(name).map(|domain| domain.config.clone()).unwrap_or_default()
}

/// Reading the DNS part looks into the diagnosis.
fn look_into_diagnosis(context: &mut Context<'_>, covered: &[&Entry]) {
    if covered.iter().any(|entry| entry.place == "dns.registrar") {
        context.warning("diagnosis_no_cache", &[("category", "dnsrecords")]);
    }
}

/// `domain config get`.
pub fn get(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default();
    require(context, name)?;
    if args.given("--full") {
        return Err(Refusal::error("not simulated in the lab: yunohost domain config get --full"));
    }
    let filter = Filter::new(args.one("key"));
    refuse_unknown_parts(context, name, filter)?;
    let values = values(context, name);
    let panel = Panel { entries: entries(context, name), values: &values };
    let covered = panel.covered(filter, context)?;
    look_into_diagnosis(context, &covered);
    if filter.option().is_some() && !args.given("--export") {
        return Ok(covered.first().and_then(|entry| panel.one(entry)));
    }
    context.keeps_order = true;
    Ok(Some(if args.given("--export") { panel.export(&covered) } else { panel.classic(&covered) }))
}

/// `domain config set`.
pub fn set(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default().to_owned();
    require(context, &name)?;
    let filter = Filter::new(args.one("key"));
    let values = values(context, &name);
    let panel = Panel { entries: entries(context, &name), values: &values };
    let changes = panel.read_form(filter, args.one("--value"), args.one("--args"), context)?;
    refuse_unknown_parts(context, &name, filter)?;
    let covered = panel.covered(filter, context)?;
    look_into_diagnosis(context, &covered);
    context.info("config_saving", &[]);
    for (key, value) in &changes {
        let default = panel.entries.iter().find(|entry| entry.key == key).map(|entry| entry.default.clone());
        let Some(domain) = context.state().domain_mut(&name) else { continue };
        if default.is_some_and(|default| same(&default, value)) {
            domain.config.remove(key);
        } else {
            domain.config.insert(key.clone(), value.clone());
        }
    }
    if changes.iter().any(|(key, _)| key == "mail_in" || key == "mail_out") {
        context.regenerate(&["nginx", "postfix", "dovecot", "dnsmasq"]);
    }
    context.success("config_applied", &[]);
    Ok(None)
}
