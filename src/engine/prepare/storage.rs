//! Pools, storages, the VM id range, the snippet and the image.

use std::collections::BTreeMap;

use super::disk::MOUNT_POINT;
use super::{BACKUP_STORAGE, Preparation, PrepareStep};
use crate::domain::ids::VmId;
use crate::engine::EngineError;
use crate::engine::journal::ActionLog;
use crate::plan::decide::{CLIENT_POOL, DRILL_POOL, VENDOR_SNIPPET};
use crate::pve::{Download, NextIdRange, StorageDefinition, Upid, wait_task};
use crate::ssh::Stdin;
use crate::util::limits;

/// What cloud-init does besides what Proxmox tells it: the agent is how we learn a guest's host key.
const SNIPPET: &str = "#cloud-config
# written by accolades: installs the guest agent on the first start
package_update: true
packages:
  - qemu-guest-agent
runcmd:
  - [systemctl, enable, --now, qemu-guest-agent]
";

/// What the image storage has to take.
const IMAGE_CONTENT: [&str; 2] = ["import", "snippets"];

impl Preparation<'_> {
    pub(super) async fn has_pools(&self) -> Result<bool, EngineError> {
        let pools = self.set_up().await?.pools().await?;
        Ok(self.wanted_pools().iter().all(|(wanted, _)| pools.iter().any(|pool| pool.poolid == *wanted)))
    }

    pub(super) async fn create_pools(&self) -> Result<(), EngineError> {
        let pve = self.set_up().await?;
        let pools = pve.pools().await?;
        for (pool, comment) in self.wanted_pools() {
            if !pools.iter().any(|one| one.poolid == pool) {
                pve.create_pool(&pool, &comment).await?;
            }
        }
        Ok(())
    }

    fn wanted_pools(&self) -> Vec<(String, String)> {
        let shared = [(CLIENT_POOL, "machines of clients"), (DRILL_POOL, "restore tests")];
        let shared = shared.map(|(pool, comment)| (pool.to_owned(), comment.to_owned()));
        shared.into_iter().chain(self.instance_pools()).collect()
    }

    /// Defined rightly, and usable at this moment: an unmounted disk makes it inactive.
    pub(super) async fn has_backup_storage(&self) -> Result<bool, EngineError> {
        let pve = self.set_up().await?;
        let definitions = pve.storage_definitions().await?;
        let Some(definition) = definitions.iter().find(|one| one.storage == BACKUP_STORAGE) else { return Ok(false) };
        let is = |key: &str, value: &str| definition.options.get(key).map(String::as_str) == Some(value);
        if definition.kind != "dir" || !is("path", MOUNT_POINT) {
            return Err(EngineError::Conflict(format!(
                "storage `{BACKUP_STORAGE}` exists on `{}` and is not the directory {MOUNT_POINT}; it is left untouched",
                self.site.node.name
            )));
        }
        let guarded = is("is_mountpoint", "yes") || is("is_mountpoint", "1");
        Ok(guarded && pve.storage_status(BACKUP_STORAGE).await?.active)
    }

    pub(super) async fn create_backup_storage(&self) -> Result<(), EngineError> {
        let pve = self.set_up().await?;
        let option = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        // Without `is_mountpoint` an unmounted disk would let the backups fill the node's own.
        if pve.storage_definitions().await?.iter().any(|one| one.storage == BACKUP_STORAGE) {
            let options = BTreeMap::from([option("is_mountpoint", "yes")]);
            pve.update_storage(BACKUP_STORAGE, &options).await?;
        } else {
            let definition = StorageDefinition {
                storage: BACKUP_STORAGE.to_owned(),
                kind: "dir".to_owned(),
                options: BTreeMap::from([
                    option("path", MOUNT_POINT),
                    option("content", "backup"),
                    option("is_mountpoint", "yes"),
                    option("create-base-path", "0"),
                    option("nodes", &self.site.node.name),
                ]),
            };
            pve.create_storage(&definition).await?;
        }
        Ok(())
    }

    async fn image_storage(&self) -> Result<StorageDefinition, EngineError> {
        let wanted = self.site.node.image_storage.as_str();
        let found = self.set_up().await?.storage_definitions().await?.into_iter().find(|one| one.storage == wanted);
        found.ok_or_else(|| {
            EngineError::Conflict(format!(
                "`{}` has no storage `{wanted}`\n\ncorrect `image_storage` in the inventory",
                self.site.node.name
            ))
        })
    }

    pub(super) async fn image_storage_is_ready(&self) -> Result<bool, EngineError> {
        let definition = self.image_storage().await?;
        let content = definition.options.get("content").map_or("", String::as_str);
        Ok(IMAGE_CONTENT.iter().all(|wanted| content.split(',').any(|one| one == *wanted)))
    }

    /// Adds to what the storage takes; nothing is taken from it.
    pub(super) async fn extend_image_storage(&self) -> Result<(), EngineError> {
        let definition = self.image_storage().await?;
        let mut content: Vec<&str> = definition
            .options
            .get("content")
            .map_or("", String::as_str)
            .split(',')
            .filter(|one| !one.is_empty())
            .collect();
        content.extend(IMAGE_CONTENT.iter().filter(|wanted| !content.contains(wanted)).copied().collect::<Vec<_>>());
        let options = BTreeMap::from([("content".to_owned(), content.join(","))]);
        Ok(self.set_up().await?.update_storage(&definition.storage, &options).await?)
    }

    /// Proxmox offers free ids from 100 on unless it is told a range: our ids lie above that range, so that nobody who
    /// clicks "create" gets one.
    fn offered_range(&self) -> NextIdRange {
        NextIdRange { lower: VmId(100), upper: self.inventory.cooperative.vm_ids.first }
    }

    pub(super) async fn has_vm_id_range(&self) -> Result<bool, EngineError> {
        Ok(self.set_up().await?.next_id_range().await? == Some(self.offered_range()))
    }

    pub(super) async fn set_vm_id_range(&self) -> Result<(), EngineError> {
        Ok(self.set_up().await?.set_next_id_range(self.offered_range()).await?)
    }

    async fn snippet_path(&self) -> Result<String, EngineError> {
        let definition = self.image_storage().await?;
        let path = definition.options.get("path").ok_or_else(|| {
            EngineError::Conflict(format!("storage `{}` is no directory: it cannot hold snippets", definition.storage))
        })?;
        Ok(format!("{path}/snippets/{VENDOR_SNIPPET}"))
    }

    pub(super) async fn has_snippet(&self) -> Result<bool, EngineError> {
        let path = self.snippet_path().await?;
        // Absent is an answer here, so the exit status is part of the text.
        let text = self.on_node(&["sh", "-c", "cat \"$1\" 2>/dev/null || true", "sh", &path]).await?;
        Ok(text == SNIPPET)
    }

    /// Snippets cannot be uploaded over the API (sheet Proxmox, 5a).
    pub(super) async fn write_snippet(&self) -> Result<(), EngineError> {
        let path = self.snippet_path().await?;
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let script = "mkdir -p \"$1\" && cat > \"$2.new\" && mv \"$2.new\" \"$2\"";
        let stdin = Stdin::Bytes(SNIPPET.as_bytes().to_vec());
        self.on_node_with(&["sh", "-c", script, "sh", folder, &path], Some(stdin)).await.map(drop)
    }

    pub(super) async fn has_image(&self) -> Result<bool, EngineError> {
        // A site that clones a template needs no image.
        if self.site.node.template.is_some() {
            return Ok(true);
        }
        let storage = &self.site.node.image_storage;
        let wanted = format!("{storage}:import/{}", self.inventory.cooperative.image.filename);
        let volumes = self.set_up().await?.volumes(storage, Some("import"), None).await?;
        Ok(volumes.iter().any(|volume| volume.volid == wanted))
    }

    /// The node checks the sum itself and keeps nothing that does not match.
    pub(super) async fn download_image(&self, log: &ActionLog<'_>) -> Result<(), EngineError> {
        let pve = self.set_up().await?;
        let image = &self.inventory.cooperative.image;
        if let Some(upid) = log.open_task().await?.and_then(|task| task.parse::<Upid>().ok()) {
            wait_task(&pve, &upid, &self.engine.clock, limits::PVE_TASK_TIMEOUT).await?;
            if self.has_image().await? {
                return Ok(());
            }
        }
        let download = Download {
            url: image.url.clone(),
            content: "import".to_owned(),
            filename: image.filename.clone(),
            sha512: image.sha512.clone(),
        };
        let upid = pve.download(&self.site.node.image_storage, &download).await?;
        log.submitted(upid.as_str()).await?;
        let end = wait_task(&pve, &upid, &self.engine.clock, limits::PVE_TASK_TIMEOUT).await?;
        if end.verdict.is_success() {
            return Ok(());
        }
        let problem = format!("{:?} {}", end.verdict, end.log_tail.join("; "));
        Err(self.failed(PrepareStep::Image, &problem, "check the image's address and sum in `cooperative.toml`"))
    }
}
