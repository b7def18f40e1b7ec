//! Which instances are meant: by their own name or by that of a client on them.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::failure::Failure;
use crate::domain::ids::{ClientId, InstanceId};
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::{Client, Inventory};

/// The instances that the names mean on a day; an empty list of names means all, as an empty list of instances does.
///
/// # Errors
/// A name that is neither an instance nor a client, or a client that lives nowhere on that day.
pub fn instances(inventory: &Inventory, names: &[String], day: Date) -> Result<Vec<InstanceId>, Failure> {
    let mut meant = BTreeSet::new();
    for name in names {
        if let Some(instance) = InstanceId::new(name).ok().filter(|id| inventory.instances.contains_key(id)) {
            meant.insert(instance);
            continue;
        }
        let client = find(inventory, name, "no client and no instance")?;
        let instance = client.instance_on(day).ok_or_else(|| {
            let first = client.placements.iter().map(|one| one.from).min();
            let first = first.map_or_else(|| "no day".to_owned(), |first| first.to_string());
            Failure::usage(
                format!("client `{name}` lives on no instance on {day}"),
                format!("its first placement begins on {first}"),
            )
        })?;
        meant.insert(instance.clone());
    }
    Ok(meant.into_iter().collect())
}

/// The client of this name.
///
/// # Errors
/// When there is none; the name may then be that of an instance, which is said.
pub fn client<'a>(inventory: &'a Inventory, name: &str) -> Result<&'a Client, Failure> {
    find(inventory, name, "no client")
}

fn find<'a>(inventory: &'a Inventory, name: &str, nobody: &str) -> Result<&'a Client, Failure> {
    if let Some(client) = ClientId::new(name).ok().and_then(|id| inventory.clients.get(&id)) {
        return Ok(client);
    }
    let clients = inventory.clients.keys().map(ClientId::as_str);
    let hint = match did_you_mean(name, clients.chain(inventory.instances.keys().map(InstanceId::as_str))) {
        Some(likely) if likely == name => "that is an instance: name one of its clients".to_owned(),
        Some(likely) => format!("did you mean `{likely}`?"),
        None => "`accolades status` lists what there is; what is new counts once it is accepted".to_owned(),
    };
    Err(Failure::usage(format!("{nobody} is called `{name}`"), hint))
}
