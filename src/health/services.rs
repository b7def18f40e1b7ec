//! The verdict on what runs, per client, from what is on record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::matter;
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::services::{App, Bounds, ServicesHealth, ServicesSeen, judge};
use crate::inventory::model::{Client, Inventory};
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
    let mut verdicts = Vec::new();
    for instance in inventory.instances.values() {
        let Some(subject) = Subject::on(inventory, instance, day) else { continue };
        for client in subject.clients() {
            let own = Scope::Client(client.id.clone());
            if *scope != Scope::Staff && *scope != own {
                continue;
            }
            let seen = looks.get(&(instance.id.to_string(), own)).map_or(&[][..], Vec::as_slice);
            verdicts.push(ClientServices {
                client: client.id.clone(),
                instance: instance.id.clone(),
                health: judge(&matter::sight::<ServicesSeen>(seen, matter::SERVICES), now, &bounds()),
            });
        }
    }
    Ok(verdicts)
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
