//! What is on record about instances and sites: everything that these pages know of them. No site is asked.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::ids::{InstanceId, SiteId};
use crate::health::backups::backups;
use crate::health::services::services;
use crate::health::standing::standing;
use crate::inventory::model::{Instance, Inventory};
use crate::plan::desired::Subject;
use crate::store::{Scope, Store, StoreError};

pub(super) use crate::health::backups::InstanceTruth;
pub(super) use crate::health::reach::{SiteReach, sites_reached};
pub(super) use crate::health::services::ClientServices;
pub(super) use crate::health::standing::{Standing, State, compared};

/// Everything on record about one instance.
pub(super) struct Known<'a> {
    pub(super) instance: &'a Instance,
    /// Where it stands; none before its first placement.
    pub(super) subject: Option<Subject<'a>>,
    /// The verdict on its backups; none where it stands nowhere.
    pub(super) truth: Option<InstanceTruth>,
    /// How it stands against the inventory.
    pub(super) standing: Standing,
    /// What runs in it, for each of its clients.
    pub(super) services: Vec<ClientServices>,
    /// Whether its site answers; none when it was never asked.
    pub(super) reach: Option<SiteReach>,
    /// When all this is judged.
    pub(super) now: Timestamp,
}

/// What is on record about instances (all when none is named), in order of their ids.
pub(super) async fn known<'a>(
    store: &Store,
    inventory: &'a Inventory,
    only: &[InstanceId],
    now: Timestamp,
) -> Result<Vec<Known<'a>>, StoreError> {
    let day = now.to_zoned(inventory.cooperative_zone()).date();
    let truths = backups(store, &Scope::Staff, inventory, only, now).await?;
    let mut truths: BTreeMap<InstanceId, InstanceTruth> =
        truths.into_iter().map(|one| (one.instance.clone(), one)).collect();
    let mut running: BTreeMap<InstanceId, Vec<ClientServices>> = BTreeMap::new();
    for one in services(store, &Scope::Staff, inventory, now).await? {
        running.entry(one.instance.clone()).or_default().push(one);
    }
    let reached: BTreeMap<SiteId, SiteReach> =
        sites_reached(store).await?.into_iter().map(|one| (one.site.clone(), one)).collect();
    let mut all = Vec::new();
    for instance in inventory.instances.values().filter(|one| only.is_empty() || only.contains(&one.id)) {
        let subject = Subject::on(inventory, instance, day);
        all.push(Known {
            instance,
            subject,
            truth: truths.remove(&instance.id),
            standing: standing(store, &instance.id, now).await?,
            services: running.remove(&instance.id).unwrap_or_default(),
            reach: subject.and_then(|subject| reached.get(&subject.site.id).cloned()),
            now,
        });
    }
    Ok(all)
}
