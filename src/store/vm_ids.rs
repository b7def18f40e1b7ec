//! Numbers of virtual machines: once reserved for an instance, never given to another one.

use std::collections::BTreeMap;

use crate::domain::ids::{InstanceId, VmId};

use super::{Store, StoreError};

const RESERVE: &str =
    "INSERT INTO vm_ids (vmid, instance, reserved_at_us) VALUES ($1, $2, $3) ON CONFLICT (vmid) DO NOTHING";
const SELECT_OWNER: &str = "SELECT instance FROM vm_ids WHERE vmid = $1";
const SELECT_ALL: &str = "SELECT vmid, instance FROM vm_ids ORDER BY vmid";

impl Store {
    /// Reserves a number for an instance, for ever. Reserving it again for the same instance changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the number belongs to another instance, present or past.
    pub async fn reserve_vm_id(&self, vmid: VmId, instance: &InstanceId, at_us: i64) -> Result<(), StoreError> {
        let number = i64::from(vmid.0);
        let owner: String = on_pool!(self, |pool| {
            sqlx::query(RESERVE).bind(number).bind(instance.as_str()).bind(at_us).execute(pool).await?;
            sqlx::query_scalar(SELECT_OWNER).bind(number).fetch_one(pool).await?
        });
        if owner == instance.as_str() {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("VM id {vmid} belongs to `{owner}`, it cannot become `{instance}`'s"),
            "choose another id: ids are never used twice",
        ))
    }

    /// Every number that was ever reserved, with its instance.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn vm_ids(&self) -> Result<BTreeMap<VmId, InstanceId>, StoreError> {
        let rows: Vec<(i64, String)> = on_pool!(self, |pool| sqlx::query_as(SELECT_ALL).fetch_all(pool).await?);
        rows.into_iter().map(reservation).collect()
    }
}

fn reservation((vmid, instance): (i64, String)) -> Result<(VmId, InstanceId), StoreError> {
    let unreadable = StoreError::Unreadable { what: "reservation of a VM id" };
    match (u32::try_from(vmid), InstanceId::new(instance)) {
        (Ok(vmid), Ok(instance)) => Ok((VmId(vmid), instance)),
        _ => Err(unreadable),
    }
}
