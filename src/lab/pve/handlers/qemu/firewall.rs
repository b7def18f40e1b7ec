//! `/nodes/{node}/qemu/{vmid}/firewall`

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{existing_vmid, index as names, number, options_object, vm, vm_mut};
use crate::pve::state::{Firewall, property};
use crate::world::{Site, Surroundings};

/// Fields of a rule.
const RULE_FIELDS: [&str; 13] = [
    "type",
    "action",
    "comment",
    "dest",
    "dport",
    "enable",
    "icmp-type",
    "iface",
    "log",
    "macro",
    "proto",
    "source",
    "sport",
];

/// Options of the file.
const OPTIONS: [&str; 10] = [
    "dhcp",
    "enable",
    "ipfilter",
    "log_level_in",
    "log_level_out",
    "macfilter",
    "ndp",
    "policy_in",
    "policy_out",
    "radv",
];

/// `GET …/firewall`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    existing_vmid(site, call)?;
    Ok(names("name", &["options", "rules"]))
}

/// `GET …/firewall/options`
pub fn options(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let firewall = of(site, call)?;
    let mut answer = options_object(&firewall.options);
    answer.insert("digest".to_owned(), json!(firewall.digest()));
    Ok(Value::Object(answer))
}

/// `PUT …/firewall/options`
pub fn set_options(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let firewall = changed(site, call)?;
    for key in property::list(&call.text("delete").unwrap_or_default()) {
        firewall.options.remove(&key);
    }
    firewall.options.extend(fields(call, &OPTIONS));
    Ok(Value::Null)
}

/// `GET …/firewall/rules`
pub fn rules(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let firewall = of(site, call)?;
    let digest = firewall.digest();
    Ok(firewall.rules.iter().enumerate().map(|(position, rule)| shown(position, rule, &digest)).collect())
}

/// `GET …/firewall/rules/{pos}`
pub fn rule(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let firewall = of(site, call)?;
    let position = position(call, firewall)?;
    Ok(shown(position, &firewall.rules[position], &firewall.digest()))
}

/// `POST …/firewall/rules`: every new rule stands first, and without `enable` it does nothing (sheet Proxmox,
/// section 11).
pub fn add_rule(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let mut rule = fields(call, &RULE_FIELDS);
    rule.entry("enable".to_owned()).or_insert_with(|| "0".to_owned());
    changed(site, call)?.rules.insert(0, rule);
    Ok(Value::Null)
}

/// `PUT …/firewall/rules/{pos}`
pub fn change_rule(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let target: Option<usize> = number(call, "moveto")?;
    let firewall = changed(site, call)?;
    let position = position(call, firewall)?;
    if let Some(target) = target {
        let rule = firewall.rules.remove(position);
        // The number counts the places before the rule is taken out.
        let place = if target > position { target - 1 } else { target };
        firewall.rules.insert(place.min(firewall.rules.len()), rule);
        return Ok(Value::Null);
    }
    let rule = &mut firewall.rules[position];
    for key in property::list(&call.text("delete").unwrap_or_default()) {
        rule.remove(&key);
    }
    rule.extend(fields(call, &RULE_FIELDS));
    Ok(Value::Null)
}

/// `DELETE …/firewall/rules/{pos}`
pub fn delete_rule(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let firewall = changed(site, call)?;
    let position = position(call, firewall)?;
    firewall.rules.remove(position);
    Ok(Value::Null)
}

fn of<'a>(site: &'a Site, call: &Call) -> Result<&'a Firewall, Refusal> {
    let vmid = existing_vmid(site, call)?;
    Ok(&vm(&site.pve, vmid)?.firewall)
}

/// The firewall to be changed, when its digest is still the one that the caller saw.
fn changed<'a>(site: &'a mut Site, call: &Call) -> Result<&'a mut Firewall, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let firewall = &mut vm_mut(&mut site.pve, vmid)?.firewall;
    if call.text("digest").is_some_and(|digest| digest != firewall.digest()) {
        return Err(Refusal::died("detected modified configuration - file changed by other user? Try again."));
    }
    Ok(firewall)
}

fn position(call: &Call, firewall: &Firewall) -> Result<usize, Refusal> {
    let position: usize = number(call, "pos")?.unwrap_or_default();
    if position >= firewall.rules.len() {
        return Err(Refusal::died(format!("no rule at position {position}")));
    }
    Ok(position)
}

fn fields(call: &Call, names: &[&str]) -> BTreeMap<String, String> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), call.text(name)?))).collect()
}

fn shown(position: usize, rule: &BTreeMap<String, String>, digest: &str) -> Value {
    let mut answer: Map<String, Value> = rule
        .iter()
        .map(|(key, value)| {
            // Ports stay text: they may be ranges.
            let shown = if key == "enable" { json!(value.parse::<u8>().unwrap_or_default()) } else { json!(value) };
            (key.clone(), shown)
        })
        .collect();
    answer.insert("pos".to_owned(), json!(position));
    answer.insert("digest".to_owned(), json!(digest));
    Value::Object(answer)
}
