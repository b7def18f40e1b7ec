//! Which backup is tried, and whether there is room for it.

use std::collections::BTreeSet;

use super::{Course, Setback};
use crate::domain::backup::drill::TriedBackup;
use crate::domain::ids::VmId;
use crate::engine::EngineError;
use crate::pve::{PveError, SavedConfig, Volume};
use crate::store::{RestoreState, Scope};
use crate::util::limits;

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

/// A size that a backup server gives for a snapshot without a whole manifest (sheet Proxmox, section 9c).
const UNFINISHED_BYTES: u64 = 1;

/// A chosen backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Chosen {
    pub(in crate::engine) volume: String,
    pub(in crate::engine) at_us: i64,
    pub(in crate::engine) size_bytes: u64,
    pub(in crate::engine) encrypted: bool,
}

impl Chosen {
    fn of(saved: &Volume) -> Option<Chosen> {
        Some(Chosen {
            volume: saved.volid.clone(),
            at_us: i64::try_from(saved.ctime?).ok()?.checked_mul(1_000_000)?,
            size_bytes: saved.size,
            encrypted: saved.encrypted.is_some(),
        })
    }

    pub(in crate::engine) fn tried(&self) -> TriedBackup {
        TriedBackup {
            volume: self.volume.clone(),
            at_us: self.at_us,
            size_bytes: self.size_bytes,
            encrypted: self.encrypted,
        }
    }
}

/// The newest backup of a machine that may be good: whole, not found damaged, made neither in the future nor after
/// `not_after_us`. Of the others nothing can be expected.
pub fn newest_good(saved: &[Volume], vmid: VmId, not_after_us: i64) -> Option<&Volume> {
    let may_be_good = |one: &&Volume| {
        one.vmid == Some(vmid)
            && one.subtype.as_deref().is_none_or(|subtype| subtype == "qemu")
            && one.size > UNFINISHED_BYTES
            && one.verification.as_ref().is_none_or(|verification| verification.state != "failed")
            && one.ctime.and_then(|at| i64::try_from(at).ok()).is_some_and(|at| at <= not_after_us / 1_000_000)
    };
    saved.iter().filter(may_be_good).max_by_key(|one| one.ctime)
}

impl Course<'_> {
    /// The backup that was named, or the newest good one made at `not_after_us` or before.
    pub(in crate::engine) async fn choose(
        &self,
        named: Option<&str>,
        not_after_us: Option<i64>,
    ) -> Result<Chosen, Setback> {
        let (storage, vmid) = (self.storage.clone(), self.subject.instance.vmid);
        let saved = match self.patiently(|| self.link.pve.volumes(&storage, Some("backup"), Some(vmid))).await {
            Ok(saved) => saved,
            Err(error) => return Err(self.storage_words(&storage, error).await),
        };
        if saved.is_empty() {
            return Err(self.nothing_listed(&storage).await);
        }
        if let Some(name) = named {
            let found = saved.iter().find(|one| one.volid == name).and_then(Chosen::of);
            let not_there = || format!("`{name}` is not among the {} backups of vm {vmid} on `{storage}`", saved.len());
            return found.ok_or_else(|| Setback::NotTested(not_there()));
        }
        let now_us = self.engine.now_us().await?;
        let found = newest_good(&saved, vmid, not_after_us.unwrap_or(now_us).min(now_us)).and_then(Chosen::of);
        found.ok_or_else(|| match not_after_us {
            Some(_) => Setback::NotTested(format!("none of the {} backups on `{storage}` is that old", saved.len())),
            None => Setback::Failed(format!(
                "none of the {} backups on `{storage}` can be good: unfinished, found damaged, or dated in the future",
                saved.len()
            )),
        })
    }

    /// Why a storage could not be listed: often it is simply not there.
    async fn storage_words(&self, storage: &str, error: EngineError) -> Setback {
        match &error {
            EngineError::Pve(inner) if inner.is_absent_storage() => {
                Setback::NotTested(format!("the node has no storage `{storage}`"))
            }
            EngineError::Pve(PveError::Refused { .. }) => match self.link.pve.storage_status(storage).await {
                Ok(status) if !status.active => absent(storage),
                _ => Setback::from(error),
            },
            _ => Setback::from(error),
        }
    }

    /// An empty list is no proof of anything: an unplugged disk and missing rights look the same.
    async fn nothing_listed(&self, storage: &str) -> Setback {
        match self.patiently(|| self.link.pve.storage_status(storage)).await {
            Ok(status) if !status.active => absent(storage),
            Ok(_) => Setback::NotTested(format!(
                "no backup is seen on `{storage}`: none was made yet, or our token may not see it"
            )),
            Err(error) => Setback::from(error),
        }
    }

    /// The configuration that a backup holds.
    pub(in crate::engine) async fn saved_config(&self, volume: &str) -> Result<SavedConfig, Setback> {
        match self.patiently(|| self.link.pve.saved_config(volume)).await {
            Ok(saved) => Ok(saved),
            Err(EngineError::Pve(error @ (PveError::Refused { .. } | PveError::Parameters { .. }))) => {
                // The node is there and read the backup, or tried to.
                let cause = error.to_string();
                Err(Setback::Failed(format!("its configuration cannot be read: {cause}")))
            }
            Err(other) => Err(Setback::from(other)),
        }
    }

    /// Disk and memory for the machine, looked at before anything is made: a node without memory ends other machines. Gives
    /// the memory that the machine gets.
    pub(in crate::engine) async fn check_space(&self, saved: &SavedConfig) -> Result<u32, Setback> {
        let devices: Vec<&str> = saved.passed_through().collect();
        if !devices.is_empty() {
            let devices = devices.join(", ");
            return Err(Setback::NotTested(format!("it uses devices of its node ({devices}), which the client's has")));
        }
        let mut needed_bytes: u64 = 0;
        for (disk, bytes) in saved.disks() {
            let Some(bytes) = bytes else {
                return Err(Setback::NotTested(format!("the size of its disk {disk} is not known")));
            };
            needed_bytes = needed_bytes.saturating_add(bytes);
        }
        if needed_bytes == 0 {
            return Err(Setback::Failed("the backup holds no disk".to_owned()));
        }
        let storage = &self.site.node.vm_storage;
        let status = self.patiently(|| self.link.pve.storage_status(storage)).await?;
        let free_bytes = status.avail.unwrap_or(0);
        if !status.active || free_bytes < needed_bytes {
            return Err(Setback::NotTested(format!(
                "`{storage}` on `{}` has {} GiB free and {} GiB are needed",
                self.site.node.name,
                free_bytes >> 30,
                needed_bytes.div_ceil(1 << 30)
            )));
        }
        let memory_mib = saved.memory_mib().min(limits::DRILL_MEMORY_MIB);
        let node = self.patiently(|| self.link.pve.node_status()).await?;
        // Before version 9 there is only `free`, which counts caches as used: too careful rather than not enough.
        let available_mib = node.memory.available.unwrap_or(node.memory.free) / MIB;
        let needed_mib = u64::from(memory_mib) + limits::DRILL_MEMORY_RESERVE_MIB;
        if available_mib < needed_mib {
            return Err(Setback::NotTested(format!(
                "`{}` has {available_mib} MiB of memory available and {needed_mib} MiB are needed ({memory_mib} for the \
                 machine, the rest is kept for the others)",
                self.site.node.name
            )));
        }
        Ok(memory_mib)
    }

    /// Ids to try, in order: those under which machines of ours for the same instance came and went without a trace, then
    /// unused ones from the top of the range downwards. Clients' ids grow from its bottom.
    pub(in crate::engine) async fn ids_to_try(&self) -> Result<Vec<VmId>, Setback> {
        let inventory = self.subject.inventory;
        let range = inventory.cooperative.vm_ids;
        let instance = &self.subject.instance.id;
        let reserved = self.engine.store.vm_ids().await?;
        let mut taken: BTreeSet<VmId> = inventory.instances.values().map(|one| one.vmid).collect();
        taken.extend(inventory.sites.values().filter_map(|site| site.node.template));
        let rows = self.engine.store.restores(&Scope::Staff, instance).await?;
        // A machine that had the client's work on it keeps its id for good: there are backups under it.
        let came_and_went =
            |vmid: VmId| rows.iter().filter(|row| row.new.vmid == vmid).all(|row| row.state == RestoreState::Gone);
        let mut ids = Vec::new();
        for vmid in rows.iter().map(|row| row.new.vmid) {
            let is_ours = reserved.get(&vmid) == Some(instance);
            if is_ours && came_and_went(vmid) && !taken.contains(&vmid) && !ids.contains(&vmid) {
                ids.push(vmid);
            }
        }
        let is_new = |vmid: &VmId| !reserved.contains_key(vmid) && !taken.contains(vmid);
        let unused = (range.first.0..=range.last.0).rev().map(VmId).filter(is_new);
        ids.extend(unused.take(limits::DRILL_IDS_TRIED_MAX));
        if ids.is_empty() {
            return Err(Setback::NotTested("no VM id is left in the reserved range".to_owned()));
        }
        Ok(ids)
    }
}

fn absent(storage: &str) -> Setback {
    Setback::NotTested(format!("the storage `{storage}` is not there at present"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pve::VolumeVerification;

    fn saved(volid: &str, ctime: u64) -> Volume {
        Volume {
            volid: volid.to_owned(),
            content: "backup".to_owned(),
            format: "vma.zst".to_owned(),
            size: 1000,
            ctime: Some(ctime),
            vmid: Some(VmId(1001)),
            subtype: Some("qemu".to_owned()),
            notes: None,
            protected: false,
            encrypted: None,
            verification: None,
        }
    }

    fn newest(list: &[Volume]) -> Option<&str> {
        newest_good(list, VmId(1001), 100_000_000).map(|one| one.volid.as_str())
    }

    #[test]
    fn the_newest_backup_that_may_be_good_is_chosen() {
        let verification = |state: &str| Some(VolumeVerification { state: state.to_owned(), upid: None });
        let unfinished = Volume { size: 1, ..saved("unfinished", 90) };
        let damaged = Volume { verification: verification("failed"), ..saved("damaged", 80) };
        let foreign = Volume { vmid: Some(VmId(1002)), ..saved("foreign", 85) };
        let container = Volume { subtype: Some("lxc".to_owned()), ..saved("container", 84) };
        let verified = Volume { verification: verification("ok"), ..saved("verified", 60) };
        let undated = Volume { ctime: None, ..saved("undated", 0) };
        let list = [saved("old", 50), verified, unfinished, damaged, foreign, container, undated, saved("future", 101)];
        assert_eq!(newest(&list), Some("verified"));
        assert_eq!(newest(&list[2..]), None);
    }
}
