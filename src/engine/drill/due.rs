//! What is to be tried next, from what is on record: no site is asked.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::backup::drill::{Due, Known, Origin, due};
use crate::domain::ids::InstanceId;
use crate::engine::EngineError;
use crate::health::backups::proofs;
use crate::inventory::model::Inventory;
use crate::plan::desired::Subject;
use crate::store::{Scope, Store};

/// A backup that is to be tried, now or later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueDrill {
    /// Of which instance.
    pub instance: InstanceId,
    /// Which of its backups.
    pub from: Origin,
    /// When one of them was last proven.
    pub proven_at_us: Option<i64>,
    /// When one was last tried, whatever came of it.
    pub tried_at_us: Option<i64>,
    /// When the next one is due.
    pub due: Due,
    /// Why none is made, when the inventory leaves it out.
    pub without: Option<String>,
}

impl DueDrill {
    /// Whether it is to be tried now.
    pub fn is_now(&self) -> bool {
        self.without.is_none() && !matches!(self.due, Due::Later { .. })
    }
}

/// Every backup that is to be tried, in the order of instances; the remote one only where the site has one.
///
/// # Errors
/// When the store cannot be read.
pub async fn due_drills(store: &Store, inventory: &Inventory, now_us: i64) -> Result<Vec<DueDrill>, EngineError> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let day = now.to_zoned(inventory.cooperative_zone()).date();
    let mut drills = Vec::new();
    for instance in inventory.instances.values() {
        let Some(subject) = Subject::on(inventory, instance, day) else { continue };
        let proofs = proofs(store, &Scope::Staff, &subject).await?;
        for from in Origin::ALL {
            if from == Origin::Remote && subject.site.backup_server.is_none() {
                continue;
            }
            let known = store.known_of_drills(&Scope::Staff, &instance.id, from).await?;
            let known = Known { proven_at_us: proofs.get(&from).copied(), ..known };
            drills.push(DueDrill {
                instance: instance.id.clone(),
                from,
                proven_at_us: known.proven_at_us,
                tried_at_us: known.tried_at_us,
                due: due(from, known, now_us),
                without: instance.without_drill(from).map(str::to_owned),
            });
        }
    }
    Ok(drills)
}
