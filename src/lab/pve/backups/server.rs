//! Backups on a Proxmox Backup Server, as Proxmox VE's own storage plugin sees them.
//!
//! Some things it asks the server's API itself, for the rest it starts `proxmox-backup-client`: the same failure has
//! different words in each (recorded in `pve-pbs-storage.jsonl`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Attributes, Entry, Level, Pruned, Which};
use crate::os::Machine;
use crate::pbs::node_side::{self, Failure, Login};
use crate::pbs::state::names::{parse_time, time_text};
use crate::pbs::state::{CryptMode, EncryptionKey, GroupId};
use crate::pbs::{retention, traffic};
use crate::pve::retention::{Keep, Mark};
use crate::world::{Site, Surroundings};

/// The folder with what nobody but root may read of storages.
pub const SECRETS: &str = "/etc/pve/priv/storage";

/// The port of backup servers.
const PORT: u16 = 8007;

/// A storage on a backup server: its definition, and the secrets that the node keeps for it.
#[derive(Debug, Clone)]
pub struct Plugin<'a> {
    /// Id of the storage.
    pub id: &'a str,
    /// Its definition.
    pub options: &'a BTreeMap<String, String>,
    /// Password or token secret.
    pub password: Option<String>,
    /// The key file.
    pub key: Option<String>,
    /// Whether the node has a way to the server.
    pub online: bool,
    /// The node's address, for the server's traffic control.
    pub from: Option<IpAddr>,
}

/// How full the storage is: total, free and used bytes, and whether it is active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// Size.
    pub total: u64,
    /// Free.
    pub free: u64,
    /// Used.
    pub used: u64,
    /// Whether the server answered.
    pub active: bool,
}

/// A volume's name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeName {
    /// The group.
    pub kind: String,
    /// A VM's number or a host's name.
    pub backup_id: String,
    /// Seconds since 1970.
    pub time: i64,
}

impl VolumeName {
    /// Reads `backup/vm/101/2026-08-01T02:00:00Z`.
    ///
    /// # Errors
    /// It is not the name of a snapshot.
    pub fn parse(name: &str) -> Result<VolumeName, String> {
        let wrong = || format!("unable to parse PBS volume name '{name}'");
        let parts: Vec<&str> = name.split('/').collect();
        let ["backup", kind, backup_id, time] = parts.as_slice() else { return Err(wrong()) };
        let plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains('_');
        if !plain(kind) || !plain(backup_id) {
            return Err(wrong());
        }
        let time = parse_time(time).ok_or_else(wrong)?;
        Ok(VolumeName { kind: (*kind).to_owned(), backup_id: (*backup_id).to_owned(), time })
    }

    /// `vm/101/2026-08-01T02:00:00Z`.
    pub fn snapshot(&self) -> String {
        format!("{}/{}/{}", self.kind, self.backup_id, time_text(self.time))
    }

    /// `pbs-vm`, `pbs-ct`.
    pub fn format(&self) -> String {
        format!("pbs-{}", self.kind)
    }

    /// The guest, when it is of one.
    pub fn vmid(&self) -> Option<u32> {
        self.backup_id.parse().ok().filter(|_| matches!(self.kind.as_str(), "vm" | "ct"))
    }

    fn group(&self) -> GroupId {
        GroupId::new(&self.kind, &self.backup_id)
    }
}

impl<'a> Plugin<'a> {
    /// The plugin of a storage of a site.
    pub fn of(site: &'a Site, id: &'a str, options: &'a BTreeMap<String, String>) -> Plugin<'a> {
        let from = site.node.addresses.first().and_then(|one| one.split('/').next()?.parse().ok());
        Plugin {
            id,
            options,
            password: secret(&site.node, id, "pw"),
            key: secret(&site.node, id, "enc"),
            online: site.online,
            from,
        }
    }

    fn option(&self, name: &str) -> &str {
        self.options.get(name).map(String::as_str).unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.option("port").parse().unwrap_or(PORT)
    }

    /// User or token.
    fn user(&self) -> &str {
        self.options.get("username").map_or("root@pam", String::as_str)
    }

    /// How the node reaches the datastore.
    pub fn login(&self) -> Login<'_> {
        Login {
            address: self.option("server"),
            port: self.port(),
            fingerprint: self.options.get("fingerprint").map(String::as_str),
            auth_id: self.user(),
            secret: self.password.as_deref().unwrap_or_default(),
            datastore: self.option("datastore"),
            namespace: self.option("namespace"),
        }
    }

    /// The repository as the client's command line names it.
    pub fn repository(&self) -> String {
        let (user, server, datastore) = (self.user(), self.option("server"), self.option("datastore"));
        let port = if self.options.contains_key("port") { format!(":{}", self.port()) } else { String::new() };
        format!("{user}@{server}{port}:{datastore}")
    }

    /// The namespace as the client's command line names it.
    pub fn namespace_argument(&self) -> String {
        self.options.get("namespace").map(|namespace| format!(" --ns {namespace}")).unwrap_or_default()
    }

    /// The key that the node keeps, when it can be used.
    ///
    /// # Errors
    /// A key is configured, and its file is gone or none.
    pub fn encryption_key(&self) -> Result<Option<EncryptionKey>, String> {
        match (&self.key, self.options.get("encryption-key")) {
            (Some(file), _) => EncryptionKey::parse(file)
                .map(Some)
                .ok_or_else(|| "unable to load encryption key - the key file is not usable".to_owned()),
            (None, Some(fingerprint)) => {
                Err(format!("encryption configured ('{fingerprint}') but no encryption key file found!"))
            }
            (None, None) => Ok(None),
        }
    }

    /// As long as the site has no uplink nothing is reached, whatever the server does.
    fn ask<T>(&self, run: impl FnOnce(&Login<'_>) -> Result<T, Failure>) -> Result<T, Failed> {
        if self.online {
            return run(&self.login()).map_err(Failed::There);
        }
        Err(Failed::NoWay { server: self.option("server").to_owned(), port: self.port() })
    }

    /// The datastores that the login may see.
    ///
    /// # Errors
    /// No connection, wrong certificate, wrong login.
    pub fn scan_datastores(&self, around: Surroundings<'_>) -> Result<Vec<String>, String> {
        self.ask(|login| node_side::datastores(around, login))
            .map_err(|failed| format!("error fetching datastores - {}", failed.in_plugin()))
    }

    /// Makes sure that the storage can be used; the namespace does not matter.
    ///
    /// # Errors
    /// As [`Plugin::scan_datastores`], or the datastore is not among them.
    pub fn activate(&self, around: Surroundings<'_>) -> Result<(), String> {
        let id = self.id;
        let datastore = self.option("datastore");
        let there = self.scan_datastores(around).map_err(|error| format!("{id}: {error}"))?;
        if there.iter().any(|one| one == datastore) {
            return Ok(());
        }
        Err(format!("{id}: Cannot find datastore '{datastore}', check permissions and existence!"))
    }

    /// How full it is: every failure gives zeros and a warning in the system's log.
    pub fn status(&self, around: Surroundings<'_>) -> (Status, Vec<String>) {
        match self.ask(|login| node_side::status(around, login)) {
            Ok(usage) => (Status { total: usage.total, free: usage.free, used: usage.used, active: true }, Vec::new()),
            Err(failed) => (Status::default(), vec![failed.in_client()]),
        }
    }

    /// The snapshots of guests; others, and groups whose id is no number, are not listed.
    ///
    /// # Errors
    /// The server refuses, or is not reached.
    pub fn list(&self, around: Surroundings<'_>, vmid: Option<u32>) -> Result<Vec<Entry>, String> {
        let found = self.ask(|login| node_side::snapshots(around, login, None));
        let found = found.map_err(|failed| format!("error listing snapshots - {}", failed.in_plugin()))?;
        let of_guest = found.into_iter().filter_map(|one| {
            let number = one.group.id.parse::<u32>().ok().filter(|_| matches!(one.group.kind.as_str(), "vm" | "ct"))?;
            let kind = one.group.kind.as_str();
            Some(Entry {
                volid: self.volid(kind, &one.group.id, one.time),
                format: format!("pbs-{kind}"),
                // Without a manifest nobody knows how large it is.
                size_bytes: one.size_bytes.unwrap_or(1),
                made_s: one.time,
                vmid: Some(number),
                subtype: Some(if kind == "vm" { "qemu" } else { "lxc" }),
                notes: one.comment.filter(|comment| !comment.is_empty()),
                protected: one.protected,
                encrypted: one.fingerprint,
                verification: one
                    .verification
                    .map(|state| (if state.ok { "ok" } else { "failed" }.to_owned(), state.upid)),
                standard_name: true,
            })
        });
        Ok(of_guest.filter(|one| vmid.is_none_or(|vmid| one.vmid == Some(vmid))).collect())
    }

    fn volid(&self, kind: &str, backup_id: &str, time: i64) -> String {
        format!("{}:backup/{kind}/{backup_id}/{}", self.id, time_text(time))
    }

    /// Size of a snapshot's files in bytes.
    ///
    /// # Errors
    /// It is not there, or the server refuses.
    pub fn size(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<u64, String> {
        let files = self.file_sizes(around, name)?;
        if files.is_empty() {
            // In the words of whoever looks for its manifest.
            return self.notes(around, name).map(|_| 0);
        }
        Ok(files.iter().map(|(_, bytes)| bytes).sum())
    }

    /// What can be read of one snapshot.
    ///
    /// # Errors
    /// It is not there, or the server refuses.
    pub fn attributes(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<Attributes, String> {
        let namespace = self.options.get("namespace").map(|one| format!("?ns={}", one.replace('/', "%2f")));
        Ok(Attributes {
            path: format!("pbs://{}/{}{}", self.repository(), name.snapshot(), namespace.unwrap_or_default()),
            format: name.format(),
            size_bytes: self.size(around, name)?,
            notes: self.notes(around, name).unwrap_or_default(),
            protected: self.protected(around, name).unwrap_or_default(),
        })
    }

    /// The notes of a snapshot, by the client.
    ///
    /// # Errors
    /// It is not there, or the server refuses.
    pub fn notes(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<String, String> {
        self.ask(|login| node_side::notes(around, login, &name.group(), name.time)).map_err(|failed| failed.in_client())
    }

    /// Writes the notes of a snapshot, by the client.
    ///
    /// # Errors
    /// It is not there, or the server refuses.
    pub fn set_notes(&self, around: Surroundings<'_>, name: &VolumeName, text: &str) -> Result<(), String> {
        self.ask(|login| node_side::set_notes(around, login, &name.group(), name.time, text))
            .map_err(|failed| failed.in_client())
    }

    /// Whether a snapshot is protected, by the API; one that is not there is not.
    ///
    /// # Errors
    /// The server refuses.
    pub fn protected(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<bool, String> {
        self.ask(|login| node_side::protection(around, login, &name.group(), name.time))
            .map_err(|failed| failed.in_plugin())
    }

    /// Protects a snapshot, or no longer, by the API.
    ///
    /// # Errors
    /// It is not there, or the server refuses.
    pub fn set_protected(&self, around: Surroundings<'_>, name: &VolumeName, protected: bool) -> Result<(), String> {
        self.ask(|login| node_side::set_protection(around, login, &name.group(), name.time, protected))
            .map_err(|failed| failed.in_plugin())
    }

    /// Removes a snapshot, by the client.
    ///
    /// # Errors
    /// It is protected, not there, or the server refuses.
    pub fn remove(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<(), String> {
        self.ask(|login| node_side::forget(around, login, &name.group(), name.time))
            .map_err(|failed| failed.in_client())
    }

    /// The saved configuration of a guest, by the client.
    ///
    /// # Errors
    /// It is not there, another one's, encrypted with another key, or the server refuses.
    pub fn config(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<String, String> {
        let file = match name.kind.as_str() {
            "vm" => "qemu-server.conf.blob",
            "ct" => "pct.conf.blob",
            _ => return Err(format!("unable to extract configuration for backup format '{}'", name.format())),
        };
        let key = self.encryption_key()?;
        let read = self.ask(|login| node_side::download(around, login, &name.group(), name.time, file, key.as_ref()));
        let archive = read.map_err(|failed| failed.in_client())?;
        Ok(String::from_utf8_lossy(&archive.content).into_owned())
    }

    /// The names of a snapshot's files, when the key fits.
    ///
    /// # Errors
    /// In the client's own words.
    pub fn manifest(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<Vec<String>, String> {
        let key = self.encryption_key()?;
        self.ask(|login| node_side::archives(around, login, &name.group(), name.time, key.as_ref()))
            .map_err(|failed| failed.text())
    }

    /// A file of a snapshot, all of it.
    ///
    /// # Errors
    /// In the client's own words.
    pub fn fetch(&self, around: Surroundings<'_>, name: &VolumeName, file: &str) -> Result<Vec<u8>, String> {
        let key = self.encryption_key()?;
        self.ask(|login| node_side::download(around, login, &name.group(), name.time, file, key.as_ref()))
            .map(|archive| archive.content)
            .map_err(|failed| failed.text())
    }

    /// The sizes of a snapshot's files in bytes.
    ///
    /// # Errors
    /// The server refuses.
    pub fn file_sizes(&self, around: Surroundings<'_>, name: &VolumeName) -> Result<Vec<(String, u64)>, String> {
        let views = self.ask(|login| node_side::snapshot_views(around, login, Some(&name.group())));
        let views = views.map_err(|failed| failed.in_client())?;
        let view = views.iter().find(|view| view["backup-time"] == name.time);
        let files = view.and_then(|view| view["files"].as_array()).cloned().unwrap_or_default();
        let sized = |file: &serde_json::Value| Some((file["filename"].as_str()?.to_owned(), file["size"].as_u64()?));
        Ok(files.iter().filter_map(sized).collect())
    }

    /// Prunes groups, each by the client; without a guest every group that is listed.
    ///
    /// # Errors
    /// A group could not be pruned, which the log tells; or the groups could not be listed.
    pub fn prune(
        &self,
        around: Surroundings<'_>,
        keep: &Keep,
        which: Which<'_>,
        trial: bool,
        say: &mut dyn FnMut(Level, String),
    ) -> Result<Vec<Pruned>, String> {
        let kind = which.kind.map(|kind| if kind == "qemu" { "vm" } else { "ct" });
        let groups: Vec<GroupId> = match (which.vmid, kind) {
            (Some(vmid), Some(kind)) => vec![GroupId::new(kind, &vmid.to_string())],
            _ => {
                let listed = self.list(around, which.vmid);
                let listed = listed.map_err(|error| format!("failed to get list of all backups to prune - {error}"))?;
                let mut groups: Vec<GroupId> = listed
                    .iter()
                    .filter_map(|one| VolumeName::parse(one.volid.split_once(':')?.1).ok())
                    .filter(|name| kind.is_none_or(|kind| name.kind == kind))
                    .map(|name| name.group())
                    .collect();
                groups.sort();
                groups.dedup();
                groups
            }
        };
        let mut rules = retention::Keep::default();
        for (rule, count) in keep.options().filter(|_| !keep.all) {
            rules.set(rule, u64::from(count));
        }
        let (mut pruned, mut failed) = (Vec::new(), false);
        for group in groups {
            if !trial {
                say(Level::Info, format!("running 'proxmox-backup-client prune' for '{group}'"));
            }
            match self.ask(|login| node_side::prune(around, login, &group, &rules, trial)) {
                Ok(marked) => pruned.extend(marked.into_iter().map(|one| Pruned {
                    volid: self.volid(&group.kind, &group.id, one.time),
                    made_s: one.time,
                    vmid: group.id.parse().ok(),
                    kind: if group.kind == "vm" { "qemu" } else { "lxc" },
                    mark: match one.mark {
                        retention::Mark::Protected => Mark::Protected,
                        _ if one.stays => Mark::Keep,
                        _ => Mark::Remove,
                    },
                })),
                Err(error) => {
                    say(Level::Error, format!("prune '{group}': {}", error.in_client()));
                    failed = true;
                }
            }
        }
        if failed { Err("error pruning backups - check log".to_owned()) } else { Ok(pruned) }
    }

    /// Bytes per second that the server lets this node send; `None` when nothing holds it back.
    pub fn rate_to_server(&self, around: Surroundings<'_>) -> Option<u64> {
        let servers = around.servers.borrow();
        let server = servers.at(self.option("server"), self.port())?;
        traffic::rate_in(server, self.from?, self.user(), around.now)
    }

    /// Bytes per second that the server lets this node fetch; `None` when nothing holds it back.
    pub fn rate_from_server(&self, around: Surroundings<'_>) -> Option<u64> {
        let servers = around.servers.borrow();
        let server = servers.at(self.option("server"), self.port())?;
        traffic::rate_out(server, self.from?, self.user(), around.now)
    }
}

/// Why nothing came of a question.
enum Failed {
    /// The server, or what stands between, said so.
    There(Failure),
    /// The site has no uplink.
    NoWay { server: String, port: u16 },
}

impl Failed {
    /// In the words of the plugin's own questions.
    fn in_plugin(&self) -> String {
        match self {
            Failed::There(failure) => failure.in_plugin(),
            Failed::NoWay { server, port } => {
                let why =
                    if server.parse::<IpAddr>().is_ok() { "Connection timed out" } else { "Name or service not known" };
                format!("500 Can't connect to {server}:{port} ({why})")
            }
        }
    }

    /// In the client's own words.
    fn text(&self) -> String {
        match self {
            Failed::There(failure) => failure.in_client(),
            Failed::NoWay { .. } => "client error (Connect)".to_owned(),
        }
    }

    /// In the words of the client, as the plugin passes them on.
    fn in_client(&self) -> String {
        format!("proxmox-backup-client failed: Error: {}", self.text())
    }
}

/// How the data of a backup with this key are protected.
pub fn crypt_mode(key: Option<&EncryptionKey>) -> CryptMode {
    if key.is_some() { CryptMode::Encrypt } else { CryptMode::None }
}

/// Path of a secret: `pw`, `enc`, `master.pem`.
pub fn secret_path(id: &str, what: &str) -> String {
    format!("{SECRETS}/{id}.{what}")
}

/// A secret of a storage that the node keeps.
fn secret(node: &Machine, id: &str, what: &str) -> Option<String> {
    node.files.read(&secret_path(id, what)).map(|text| text.trim_end_matches('\n').to_owned())
}
