//! The lab's table of backup server methods against Proxmox's own description of that API.

use std::collections::{BTreeMap, BTreeSet};

use accolades::lab::pbs::schema::{Format, Kind, Method, Param, Rights};
use accolades::lab::pbs::table;
use serde_json::{Value, json};

#[test]
fn the_table_of_backup_server_methods_agrees_with_the_description_of_the_api() {
    let Some(described) = description() else { return };
    let mut differences = Vec::new();
    for method in table::methods() {
        let id = format!("{} {}", method.verb.name(), method.path);
        match described.get(&id) {
            Some(description) => compare(&id, method, description, &mut differences),
            None => differences.push(format!("{id}: no such method")),
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_described_method_of_a_backup_server_is_simulated_or_refused_by_name() {
    let Some(described) = description() else { return };
    let ours: BTreeSet<String> =
        table::methods().map(|method| format!("{} {}", method.verb.name(), method.path)).collect();
    let unknown: Vec<&String> = described
        .keys()
        .filter(|id| !ours.contains(*id))
        .filter(|id| {
            let (verb, path) = id.split_once(' ').expect("a verb and a path");
            let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            table::not_simulated(verb, &segments).is_none()
        })
        .collect();
    assert!(unknown.is_empty(), "neither simulated nor refused: {unknown:#?}");
}

fn description() -> Option<BTreeMap<String, Value>> {
    let path = crate::contracts::folder()?.join("proxmox/pbs-api.json");
    let text = std::fs::read_to_string(path).expect("the description is there");
    let tree: Value = serde_json::from_str(&text).expect("the description is JSON");
    let mut described = BTreeMap::new();
    collect(&tree, &mut described);
    Some(described)
}

fn collect(nodes: &Value, described: &mut BTreeMap<String, Value>) {
    for node in nodes.as_array().into_iter().flatten() {
        let path = node["path"].as_str().unwrap_or_default();
        for (verb, info) in node["info"].as_object().into_iter().flatten() {
            described.insert(format!("{verb} {path}"), info.clone());
        }
        collect(&node["children"], described);
    }
}

fn compare(id: &str, method: &Method, description: &Value, differences: &mut Vec<String>) {
    let mut expect = |what: &str, expected: Value, ours: Value| {
        if expected != ours {
            differences.push(format!("{id}: {what}: expected {expected}, ours {ours}"));
        }
    };
    let open = &description["parameters"]["additionalProperties"];
    expect("open", json!(*open == json!(true) || *open == json!(1)), json!(method.open));
    expect("rights", described_rights(&description["permissions"]), rights(method.rights));
    let ours: BTreeMap<&str, &Param> =
        method.params.iter().flat_map(|group| group.iter()).map(|param| (param.name, param)).collect();
    let theirs = description["parameters"]["properties"].as_object().cloned().unwrap_or_default();
    let names: BTreeSet<&str> = theirs.keys().map(String::as_str).collect();
    expect("parameters", json!(names), json!(ours.keys().collect::<BTreeSet<_>>()));
    for (name, param) in ours {
        let Some(property) = theirs.get(name) else { continue };
        let is_optional = property["optional"] == json!(1);
        // What stands in the path cannot be left out.
        let in_path = method.path.contains(&format!("{{{name}}}"));
        expect(&format!("{name} optional"), json!(is_optional && !in_path), json!(param.optional && !in_path));
        let kind = match param.kind {
            Kind::Text => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::List => "array",
        };
        expect(&format!("{name} type"), property["type"].clone(), json!(kind));
        let inner = if param.kind == Kind::List { &property["items"] } else { property };
        let number = |value: Option<f64>| value.map_or(Value::Null, |value| json!(value as i64));
        // The largest numbers of all say nothing.
        if param.max.is_some() {
            expect(&format!("{name} maximum"), inner["maximum"].clone(), number(param.max));
        }
        expect(&format!("{name} minimum"), inner["minimum"].clone(), number(param.min));
        expect(&format!("{name} shortest"), inner["minLength"].clone(), json!(param.min_length));
        expect(&format!("{name} longest"), inner["maxLength"].clone(), json!(param.max_length));
        let values = inner.get("enum").cloned().unwrap_or_else(|| json!([]));
        expect(&format!("{name} values"), values, json!(param.one_of));
        let checks_itself = matches!(param.format, Format::Named(name) if ["host", "network"].contains(&name));
        if !checks_itself {
            let pattern = inner["pattern"].as_str().map(|text| {
                text.trim_start_matches('/')
                    .trim_end_matches('/')
                    .trim_start_matches('^')
                    .trim_end_matches('$')
                    .to_owned()
            });
            let ours = param.pattern.map(bare);
            expect(&format!("{name} pattern"), json!(pattern.as_deref().map(bare)), json!(ours));
        }
    }
}

/// A pattern without the group around the whole of it.
fn bare(pattern: &str) -> String {
    pattern.strip_prefix("(?:").and_then(|rest| rest.strip_suffix(')')).unwrap_or(pattern).to_owned()
}

fn described_rights(permissions: &Value) -> Value {
    let on = |check: &Value| {
        let parts: Vec<&str> = check["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        json!({ "on": format!("/{}", parts.join("/")), "privileges": check["privs"] })
    };
    if let Some(either) = permissions["or"].as_array() {
        return json!({ "or self": on(&either[0]["check"]) });
    }
    match (permissions.get("check"), permissions["user"].as_str()) {
        (Some(check), _) => on(check),
        (None, Some(user)) => json!(user),
        (None, None) => Value::Null,
    }
}

fn rights(rights: Rights) -> Value {
    match rights {
        Rights::World => json!("world"),
        Rights::Everybody => json!("all"),
        Rights::RootOnly => Value::Null,
        Rights::On { path, privileges } => json!({ "on": path, "privileges": privileges }),
        Rights::OnOrSelf { path, privileges } => json!({ "or self": { "on": path, "privileges": privileges } }),
    }
}
