//! What no file can know alone: references, numbers, addresses and names across the whole inventory. Every check is
//! linear in the size of the inventory (maps, no pairs of everything).

mod addresses;
mod backups;
mod names;
mod references;

use std::collections::BTreeMap;

use super::mistake::Place;
use super::model::{BackupServer, Client, Instance, Site};
use super::read::{BackupServerClaims, ClientClaims, CooperativeClaims, Draft, InstanceClaims, SiteClaims};
use super::reader::Findings;
use crate::domain::ids::{BackupServerId, ClientId, InstanceId, SiteId};

/// A site's draft.
pub type SiteDraft = Draft<SiteId, Site, SiteClaims>;
/// A backup server's draft.
pub type BackupServerDraft = Draft<BackupServerId, BackupServer, BackupServerClaims>;
/// An instance's draft.
pub type InstanceDraft = Draft<InstanceId, Instance, InstanceClaims>;
/// A client's draft.
pub type ClientDraft = Draft<ClientId, Client, ClientClaims>;

/// All files, read.
#[derive(Debug, Default)]
pub struct Drafts {
    /// The co-operative.
    pub cooperative: CooperativeClaims,
    /// Sites.
    pub sites: BTreeMap<SiteId, SiteDraft>,
    /// Backup servers.
    pub backup_servers: BTreeMap<BackupServerId, BackupServerDraft>,
    /// Instances.
    pub instances: BTreeMap<InstanceId, InstanceDraft>,
    /// Clients.
    pub clients: BTreeMap<ClientId, ClientDraft>,
    /// False when the syntax of a client's file is broken: what clients do not say then means nothing.
    pub every_client_readable: bool,
}

impl Drafts {
    /// Takes what was read from another part of the files. No id is in two parts: it is the name of a file.
    pub fn take(&mut self, part: Drafts) {
        // One by one: `append` builds the whole map anew, for each part.
        self.sites.extend(part.sites);
        self.backup_servers.extend(part.backup_servers);
        self.instances.extend(part.instances);
        self.clients.extend(part.clients);
        self.every_client_readable &= part.every_client_readable;
    }

    /// The clients that ever live on each instance, in order of id.
    fn clients_by_instance(&self) -> BTreeMap<&InstanceId, Vec<&ClientDraft>> {
        let mut by_instance: BTreeMap<&InstanceId, Vec<&ClientDraft>> = BTreeMap::new();
        for client in self.clients.values() {
            for instance in client.claims.instances() {
                let clients = by_instance.entry(&instance.value).or_default();
                // Placements of one client are read together: its double is the last one.
                if clients.last().is_none_or(|last| last.id != client.id) {
                    clients.push(client);
                }
            }
        }
        by_instance
    }
}

/// Records every conflict between files.
pub fn find(drafts: &Drafts, findings: &Findings) {
    references::find(drafts, findings);
    addresses::find(drafts, findings);
    names::find(drafts, findings);
    backups::find(drafts, findings);
}

/// A value seen before, with its place and whose it is.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    id: &'a str,
    place: &'a Place,
}
