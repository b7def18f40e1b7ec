//! The lab's table of Proxmox methods against Proxmox's own description of its API.

use std::collections::{BTreeMap, BTreeSet};

use accolades::lab::pve::access::privileges;
use accolades::lab::pve::schema::{Check, Format, Groups, Kind, Method, Param, Rights};
use accolades::lab::pve::table;
use serde_json::{Map, Value, json};

#[test]
fn the_table_agrees_with_the_description_of_the_api() {
    let Some(described) = description() else { return };
    let mut differences = Vec::new();
    // The index of everything is not in the description, which starts below it.
    for method in table::methods().filter(|method| method.path != "/") {
        let id = format!("{} {}", method.verb.name(), method.path);
        match described.get(&id) {
            Some(description) => compare(&id, method, description, &mut differences),
            None => differences.push(format!("{id}: no such method")),
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn the_privileges_are_those_of_the_description() {
    let Some(described) = description() else { return };
    let of_role = &described["GET /access/roles/{roleid}"]["returns"]["properties"];
    let expected: BTreeSet<&str> = of_role.as_object().expect("properties").keys().map(String::as_str).collect();
    assert_eq!(privileges::all(), expected);
}

/// Every described method by verb and path.
fn description() -> Option<BTreeMap<String, Value>> {
    let path = crate::contracts::folder()?.join("proxmox/pve-api.json");
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
    expect("name", description["name"].clone(), json!(method.name));
    expect("token", json!(description["allowtoken"] == json!(1)), json!(method.token));
    expect("open", json!(description["parameters"]["additionalProperties"] == json!(1)), json!(method.open));
    let permissions = &description["permissions"];
    let expected = match (permissions.get("check"), permissions["user"].as_str()) {
        (Some(check), _) => check.clone(),
        (None, Some(user)) => json!(user),
        (None, None) => Value::Null,
    };
    expect("rights", expected, rights(method.rights));
    let empty = Map::new();
    let properties = description["parameters"]["properties"].as_object().unwrap_or(&empty);
    let ours: BTreeMap<String, &Param> = params(method.params);
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<String>>();
    expect("parameters", json!(names(properties.keys().collect())), json!(names(ours.keys().collect())));
    for (name, param) in &ours {
        if let Some(property) = properties.get(name) {
            compare_param(&format!("{id} {name}"), param, property, differences);
        }
    }
}

fn params(groups: &'static [&'static [Param]]) -> BTreeMap<String, &'static Param> {
    let name = |param: &Param| if param.count > 0 { format!("{}[n]", param.name) } else { param.name.to_owned() };
    groups.iter().flat_map(|group| group.iter()).map(|param| (name(param), param)).collect()
}

fn compare_param(id: &str, param: &Param, property: &Value, differences: &mut Vec<String>) {
    if property.get("alias").is_some() || param.alias.is_some() {
        let same = property["alias"] == json!(param.alias)
            && property.get("keyAlias").cloned().unwrap_or_default() == json!(param.key_alias);
        if !same {
            differences.push(format!("{id}: another alias"));
        }
        return;
    }
    let number = |key: &str| property[key].as_f64().or_else(|| property[key].as_str()?.parse().ok());
    let kind = match property["type"].as_str().unwrap_or("string") {
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        "array" => Kind::List,
        _ => Kind::Text,
    };
    let mut expect = |what: &str, expected: Value, ours: Value| {
        if expected != ours {
            differences.push(format!("{id}: {what}: expected {expected}, ours {ours}"));
        }
    };
    expect("type", json!(kind.name()), json!(param.kind.name()));
    expect("optional", json!(property["optional"] == json!(1)), json!(param.optional));
    expect("minimum", json!(number("minimum")), json!(param.min));
    expect("maximum", json!(number("maximum")), json!(param.max));
    expect("shortest", json!(property["minLength"].as_u64()), json!(param.min_length));
    expect("longest", json!(property["maxLength"].as_u64()), json!(param.max_length));
    expect("requires", property.get("requires").cloned().unwrap_or_default(), json!(param.requires));
    expect("pattern", json!(property["pattern"].as_str().map(our_pattern)), json!(param.pattern));
    let values = property["enum"].as_array().cloned().unwrap_or_default();
    expect("values", json!(values), json!(param.allowed_values()));
    expect("default key", json!(property["default_key"] == json!(1)), json!(param.default_key));
    match (&property["format"], param.format) {
        (Value::Object(keys), Format::Properties(ours)) => {
            let ours = params(ours);
            let names: BTreeSet<&String> = keys.keys().collect();
            expect("keys", json!(names), json!(ours.keys().collect::<BTreeSet<_>>()));
            for (name, key) in &ours {
                if let Some(described) = keys.get(name) {
                    compare_param(&format!("{id}.{name}"), key, described, differences);
                }
            }
        }
        (format, ours) => {
            let ours = match ours {
                Format::Named(name) => json!(name),
                Format::Free => Value::Null,
                Format::Properties(_) => json!("properties"),
            };
            expect("format", format.clone(), ours);
        }
    }
}

/// Perl's regular expressions in the syntax of ours.
fn our_pattern(pattern: &str) -> String {
    pattern.replace("(?^i:", "(?i:").replace("(?^:", "(?:").replace("{,", "{0,").replace("\\/", "/")
}

fn rights(rights: Rights) -> Value {
    match rights {
        Rights::World => json!("world"),
        Rights::AnyUser => json!("all"),
        Rights::RootOnly => Value::Null,
        Rights::Check(one) => check(one),
    }
}

fn check(one: Check) -> Value {
    let many = |name: &str, checks: &[Check]| {
        let all = checks.iter().map(|one| check(*one));
        Value::Array(std::iter::once(json!(name)).chain(all).collect())
    };
    match one {
        Check::All(checks) => many("and", checks),
        Check::Any(checks) => many("or", checks),
        Check::On { path, privileges, any: true, .. } => json!(["perm", path, privileges, "any", 1]),
        Check::On { path, privileges, with: Some(name), .. } => {
            json!(["perm", path, privileges, "require_param", name])
        }
        Check::On { path, privileges, .. } => json!(["perm", path, privileges]),
        Check::ModifyPermissions(path) => json!(["perm-modify", path]),
        Check::OwnUser => json!(["userid-param", "self"]),
        Check::UserOfRealm => json!(["userid-param", "Realm.AllocateUser"]),
        Check::GroupOfUser { privileges, groups } => match groups {
            Groups::Ignored => json!(["userid-group", privileges]),
            Groups::OfNewUser => json!(["userid-group", privileges, "groups_param", "create"]),
            Groups::OfExistingUser => json!(["userid-group", privileges, "groups_param", "update"]),
        },
    }
}
