//! `accolades dns`: the records to publish for clients' domains.

use clap::Args;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{selection, when};
use crate::domain::ids::{ClientId, InstanceId};
use crate::inventory::model::{Client, Exposure, Inventory};
use crate::plan::desired::Subject;
use crate::plan::dns::{Record, public_addresses, records};

/// Version of what `dns --json` prints.
const JSON_VERSION: u32 = 1;

/// Whose records.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Clients; all of them when none is named.
    #[arg(value_name = "CLIENT")]
    clients: Vec<String>,
}

#[derive(Serialize)]
struct OfClient {
    client: ClientId,
    /// The site's public address is not fixed, or it has none: these records have no `A`.
    address_unknown: bool,
    records: Vec<Record>,
}

/// Prints the records.
///
/// # Errors
/// When no inventory is accepted, or a name is none of a client.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let day = when::day(session.now().await?, &when::zone(&inventory.cooperative));
    let clients: Vec<&Client> = match arguments.clients.as_slice() {
        [] => inventory.clients.values().collect(),
        names => names.iter().map(|name| selection::client(inventory, name)).collect::<Result<_, _>>()?,
    };
    let found: Vec<OfClient> = clients.into_iter().filter_map(|client| of_client(inventory, client, day)).collect();
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "clients": found }))?;
        return Ok(Exit::Ok);
    }
    for (at, one) in found.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        session.output.data(&format!("{gap}; {}\n{}", one.client, zone(&one.records)))?;
        if one.address_unknown {
            session.output.warn(&format!(
                "the site of `{}` has no fixed public IPv4 address in the inventory: records that need one are left out",
                one.client
            ));
        }
    }
    Ok(Exit::Ok)
}

fn of_client(inventory: &Inventory, client: &Client, day: Date) -> Option<OfClient> {
    let instance = inventory.instances.get(client.instance_on(day)?)?;
    let subject = Subject::on(inventory, instance, day)?;
    let reachable = subject.site.exposure != Exposure::Lan;
    Some(OfClient {
        client: client.id.clone(),
        address_unknown: reachable && public_addresses(subject.site, subject.placement).v4.is_none(),
        records: records(inventory, subject.site, subject.placement, std::iter::once(client)),
    })
}

/// The records of every client on an instance.
pub fn of_instance(inventory: &Inventory, instance: &InstanceId, day: Date) -> Vec<Record> {
    let clients = inventory.clients_on(instance, day);
    clients.filter_map(|client| of_client(inventory, client, day)).flat_map(|one| one.records).collect()
}

/// The records as a zone file has them, the reason as a comment.
pub fn zone(records: &[Record]) -> String {
    let values: Vec<String> = records.iter().map(value).collect();
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let names = width(&mut records.iter().map(|record| record.name.len() + 1));
    let shown = width(&mut values.iter().map(String::len));
    let lines = records.iter().zip(&values).map(|(record, value)| {
        format!("{:names$}  IN  {:5}  {value:shown$}  ; {}\n", format!("{}.", record.name), record.kind, record.why)
    });
    lines.collect()
}

fn value(record: &Record) -> String {
    if record.kind == "TXT" { format!("\"{}\"", record.value) } else { record.value.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_in_quotes_and_names_end_with_a_dot() {
        let record =
            |kind, value: &str| Record { name: "a.example".to_owned(), kind, value: value.to_owned(), why: "x" };
        let lines = zone(&[record("A", "192.0.2.1"), record("TXT", "v=spf1 -all")]);
        assert_eq!(lines, "a.example.  IN  A      192.0.2.1      ; x\na.example.  IN  TXT    \"v=spf1 -all\"  ; x\n");
    }
}
