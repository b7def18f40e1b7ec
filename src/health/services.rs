//! The verdict on what runs, per client, from what is on record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::matter;
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::services::{App, Bounds, ServicesHealth, ServicesSeen, judge};
use crate::inventory::model::{Client, Instance, Inventory};
use crate::plan::desired::Subject;
use crate::store::{Look, Scope, Store, StoreError};
use crate::util::limits;

/// The verdict on what runs for one client on one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientServices {
    /// The client.
    pub client: ClientId,
    /// The instance.
    pub instance: InstanceId,
    /// The verdict.
    #[serde(flatten)]
    pub health: ServicesHealth,
}

/// The verdict on what runs for every client that the scope may see, in order of instances and clients.
///
/// # Errors
/// When the store cannot be read.
pub async fn services(
    store: &Store,
    scope: &Scope,
    inventory: &Inventory,
    now: Timestamp,
) -> Result<Vec<ClientServices>, StoreError> {
    let day = now.to_zoned(inventory.cooperative_zone()).date();
    let mut looks: BTreeMap<(String, Scope), Vec<Look>> = BTreeMap::new();
    for look in store.looks_at_all(scope, matter::INSTANCE).await? {
        looks.entry((look.subject_id.clone(), look.scope.clone())).or_default().push(look);
    }
    let verdict = |(instance, client): (&Instance, &Client)| {
        let own = Scope::Client(client.id.clone());
        let seen = looks.get(&(instance.id.to_string(), own)).map_or(&[][..], Vec::as_slice);
        ClientServices { client: client.id.clone(), instance: instance.id.clone(), health: health(seen, now) }
    };
    Ok(lives(scope, inventory, day).into_iter().map(verdict).collect())
}

/// The verdict on what runs for one client, by its own looks at its instance.
pub fn health(own: &[Look], now: Timestamp) -> ServicesHealth {
    judge(&matter::sight::<ServicesSeen>(own, matter::SERVICES), now, &bounds())
}

/// Who lives where on a day, of those that the scope may see, in order of instances and clients.
fn lives<'a>(scope: &Scope, inventory: &'a Inventory, day: Date) -> Vec<(&'a Instance, &'a Client)> {
    let place = |client: &'a Client| {
        let instance = inventory.instances.get(client.instance_on(day)?)?;
        // Before its instance has a place nothing of it can run.
        Subject::on(inventory, instance, day).map(|_| (instance, client))
    };
    match scope {
        Scope::Staff => {
            let mut all: Vec<_> = inventory.clients.values().filter_map(place).collect();
            all.sort_by_key(|(instance, client)| (&instance.id, &client.id));
            all
        }
        Scope::Client(id) => inventory.clients.get(id).and_then(place).into_iter().collect(),
    }
}

/// The applications that a client was promised, each with its domain and path.
pub fn promised(client: &Client) -> Vec<(App, String, String)> {
    let nextcloud = client.nextcloud.iter().map(|app| (App::Nextcloud, app.domain.clone(), app.path.clone()));
    let dolibarr = client.dolibarr.iter().map(|app| (App::Dolibarr, app.domain.clone(), app.path.clone()));
    nextcloud.chain(dolibarr).collect()
}

/// The bounds of the verdict.
pub fn bounds() -> Bounds {
    Bounds { sight_max: limits::SERVICES_SIGHT_MAX, report_max: limits::SERVICES_REPORT_AGE_MAX }
}
