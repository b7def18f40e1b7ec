//! The verdict on what runs, per client, from what is on record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::matter;
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::services::{App, Bounds, Finding, NOT_INSTALLED, ServicesHealth, ServicesSeen, judge};
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

/// What to do about a finding on a machine: commands with that machine's own names (`docs/services.md`).
pub fn mend(finding: &Finding, subject: &Subject<'_>) -> String {
    let (instance, site) = (subject.instance, subject.site);
    let (id, vmid, node) = (&instance.id, &instance.vmid, &site.node.name);
    match finding {
        Finding::MachineOff => format!(
            "`accolades backup check {id}` names a lock when there is one; then `qm start {vmid}` as root on `{node}`"
        ),
        Finding::MachineMissing => {
            format!("it was removed, or the inventory's VM id {vmid} is wrong: `accolades plan {id}` says more")
        }
        Finding::GuestSilent => format!(
            "it boots or hangs: look at its console in Proxmox; when it stays so, `qm reset {vmid}` as root on `{node}`"
        ),
        Finding::ServiceDown { unit, .. } => format!(
            "as root on `{node}`: `qm guest exec {vmid} -- systemctl restart {unit}`; why it stopped: \
             `qm guest exec {vmid} -- journalctl -u {unit} -n 50`"
        ),
        Finding::AppSilent { answer, .. } if answer == NOT_INSTALLED => format!("`accolades apply {id}` installs it"),
        Finding::AppSilent { address, .. } => format!(
            "open https://{address} and its log at https://{}/yunohost/admin/; an upgrade that is under way ends by itself",
            instance.main_domain
        ),
        Finding::NoReport { .. } => format!("`accolades apply {id}`: it sets the guest's timer up again"),
        Finding::Unreadable { .. } => format!(
            "`accolades site prepare {}`, then `accolades apply {id}`: a right is missing, or the guest's program is of \
             another version",
            site.id
        ),
        Finding::NotSeen { .. } => {
            format!("look at power and network of the site, then `accolades watch --once {}`", site.id)
        }
    }
}

/// The bounds of the verdict.
pub fn bounds() -> Bounds {
    Bounds { sight_max: limits::SERVICES_SIGHT_MAX, report_max: limits::SERVICES_REPORT_AGE_MAX }
}
