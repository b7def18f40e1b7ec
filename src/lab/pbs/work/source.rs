//! Where a pull reads from: another datastore of the same server, or a datastore of another one as its API shows it.

use super::Run;
use crate::pbs::access::is_owner;
use crate::pbs::access::namespace_path;
use crate::pbs::content::visible_namespaces;
use crate::pbs::rules;
use crate::pbs::state::{BackupServer, Datastore, GroupId, PORT, Snapshot};

/// The address that means the server itself.
const OWN_ADDRESSES: [&str; 4] = ["127.0.0.1", "localhost", "::1", "[::1]"];

/// A source.
#[derive(Debug, Clone)]
pub enum Source {
    /// On the same server, as this owner.
    Local {
        /// Datastore.
        store: String,
        /// Who reads.
        owner: String,
    },
    /// On another server.
    Remote {
        /// Its name among the remotes.
        name: String,
        /// Datastore there.
        store: String,
    },
}

/// A connection to a server with somebody's rights.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Under which address the server is known.
    pub address: String,
    /// As whom.
    pub auth_id: String,
    /// Datastore.
    pub store: String,
    /// Whether it is another server.
    pub remote: bool,
}

/// Why a server is not reached: the text of the client, and what it printed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReached {
    /// The error.
    pub text: String,
    /// Lines before it.
    pub warnings: Vec<String>,
    /// How long the refusal was held back, in microseconds.
    pub delay_us: u64,
}

impl Source {
    /// As task logs name it: `coop`, `site-a/coop`.
    pub fn name(&self) -> String {
        match self {
            Source::Local { store, .. } => store.clone(),
            Source::Remote { name, store } => format!("{name}/{store}"),
        }
    }

    /// The datastore's name.
    pub fn store(&self) -> &str {
        match self {
            Source::Local { store, .. } | Source::Remote { store, .. } => store,
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// No such remote; nobody there, another certificate, a wrong password.
    pub fn reach(&self, run: &mut Run<'_>) -> Result<Reached, NotReached> {
        match self {
            Source::Local { store, owner } => Ok(Reached {
                address: run.address.to_owned(),
                auth_id: owner.clone(),
                store: store.clone(),
                remote: false,
            }),
            Source::Remote { name, store } => {
                let (address, auth_id) = reach_remote(run.servers, run.address, name, run.now)?;
                Ok(Reached { address, auth_id, store: store.clone(), remote: true })
            }
        }
    }
}

/// Connects to a remote: under which address the server is known, and as whom.
///
/// # Errors
/// As [`Source::reach`].
pub fn reach_remote(
    servers: &mut crate::pbs::state::BackupServers,
    own_address: &str,
    name: &str,
    now: crate::world::Moment,
) -> Result<(String, String), NotReached> {
    let failed = |text: &str| NotReached { text: text.to_owned(), warnings: Vec::new(), delay_us: 0 };
    let remote = servers.0.get(own_address).and_then(|server| server.remotes.get(name));
    let Some(remote) = remote.cloned() else { return Err(failed(&format!("no such remote '{name}'"))) };
    let text = |key: &str| remote.options.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let host = text("host");
    let port = remote.options.get("port").and_then(serde_json::Value::as_u64).unwrap_or(u64::from(PORT));
    let port = u16::try_from(port).unwrap_or_default();
    let is_own =
        OWN_ADDRESSES.contains(&host.as_str()) && servers.0.get(own_address).is_some_and(|own| own.port == port);
    let known = if is_own { Some(own_address) } else { servers.resolve(&host, port) };
    let Some(address) = known.map(str::to_owned) else { return Err(failed("client error (Connect)")) };
    let there = servers.0.get_mut(&address).filter(|server| server.online);
    let Some(server) = there else { return Err(failed("client error (Connect)")) };
    let trusted = remote.options.get("fingerprint").and_then(serde_json::Value::as_str);
    if !trusted.is_some_and(|fingerprint| server.shows(fingerprint)) {
        let mut warnings = Vec::new();
        if let Some(expected) = trusted {
            warnings.push("WARNING: certificate fingerprint does not match expected fingerprint!".to_owned());
            warnings.push(format!("expected:    {expected}"));
        }
        warnings.push("certificate validation failed - Certificate fingerprint was not confirmed.".to_owned());
        return Err(NotReached { warnings, ..failed("client error (Connect)") });
    }
    server.access.look(now);
    let auth_id = text("auth-id");
    if !server.access.verify(&auth_id, &remote.password, now.unix_seconds()) {
        return Err(NotReached { delay_us: 3_000_000, ..failed("authentication failed") });
    }
    Ok((address, auth_id))
}

impl Reached {
    fn server<'a>(&self, run: &'a Run<'_>) -> Result<&'a BackupServer, String> {
        run.servers.0.get(&self.address).ok_or_else(|| "client error (Connect)".to_owned())
    }

    /// The datastore.
    ///
    /// # Errors
    /// It cannot be used now.
    pub fn datastore<'a>(&self, run: &'a Run<'_>) -> Result<&'a Datastore, String> {
        rules::store(self.server(run)?, &self.store, false).map_err(|refusal| refusal.text)
    }

    /// The namespaces at and below one that may be seen.
    ///
    /// # Errors
    /// In the words of the API when it is another server.
    pub fn namespaces(&self, run: &Run<'_>, parent: &str, max_depth: usize) -> Result<Vec<String>, String> {
        let listed = visible_namespaces(self.server(run)?, &self.auth_id, &self.store, parent, max_depth);
        listed.map_err(|refusal| {
            if !self.remote {
                return refusal.text;
            }
            let reason = match refusal.status {
                401 => "Unauthorized",
                403 => "Forbidden",
                _ => "Bad Request",
            };
            format!("HTTP error {} {reason} - {}", refusal.status, refusal.text)
        })
    }

    /// The groups of a namespace that may be read, in their order, and how many there are of them.
    ///
    /// # Errors
    /// Rights, datastore, namespace.
    pub fn groups(&self, run: &Run<'_>, namespace: &str) -> Result<Vec<GroupId>, String> {
        let server = self.server(run)?;
        let only_own = rules::limited(server, &self.auth_id, &self.store, namespace, rules::LOOK)
            .map_err(|refusal| refusal.text)?;
        let store = rules::store(server, &self.store, false).map_err(|refusal| refusal.text)?;
        let place = store.namespaces.get(namespace).ok_or(crate::pbs::refusal::NO_SUCH_ENTRY)?;
        let visible = place.groups.iter().filter(|(_, group)| !only_own || is_owner(&group.owner, &self.auth_id));
        Ok(visible.map(|(id, _)| id.clone()).collect())
    }

    /// The finished snapshots of a group, oldest first.
    pub fn snapshots(&self, run: &Run<'_>, namespace: &str, group: &GroupId) -> Vec<(i64, Snapshot)> {
        let store = self.datastore(run).ok().and_then(|store| store.group(namespace, group));
        store.map_or_else(Vec::new, |group| {
            let finished = group.snapshots.iter().filter(|(_, one)| one.is_finished());
            finished.map(|(time, one)| (*time, one.clone())).collect()
        })
    }

    /// Whether contents of a namespace may be read.
    pub fn may_read(&self, run: &Run<'_>, namespace: &str) -> bool {
        self.server(run).is_ok_and(|server| {
            let path = namespace_path(&self.store, namespace);
            server.access.privileges(&self.auth_id, &path).has_any(&["Datastore.Read", "Datastore.Backup"])
        })
    }
}
