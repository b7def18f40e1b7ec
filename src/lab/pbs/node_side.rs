//! What a node does with a backup server over the network, as functions: PVE's storage plugin talks to the API, and starts
//! `proxmox-backup-client` for the rest. Both say the same failure in words of their own.
//!
//! Every call counts as made at the moment of [`Surroundings`]; what the servers do by themselves up to then has happened.

use serde_json::Value;

use super::access::{is_owner, namespace_path};
use super::content::{self, Filter, Pruned};
use super::refusal::{NO_SUCH_FILE, Refusal};
use super::retention::Keep;
use super::rules;
use super::state::chunks::{CHUNK_BYTES, Unreadable};
use super::state::names::time_text;
use super::state::snapshot::{Body, CLIENT_LOG, MANIFEST};
use super::state::{
    Archive, BackupServer, Chunk, CryptMode, Datastore, EncryptionKey, Group, GroupId, Manifest, Piece, Place,
    Snapshot, StoredFile,
};
use super::tasks::{self, About};
use super::work::verify::verify_new;
use crate::world::{Moment, Surroundings};

/// How long a refused login is held back, in microseconds.
const REFUSED_LOGIN_US: u64 = 3_000_000;

/// How a node reaches a datastore, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// Name or address of the server.
    pub address: &'a str,
    /// Its port.
    pub port: u16,
    /// Fingerprint of the certificate that is trusted; without one the certificate would have to be signed by a public
    /// authority, which no certificate of the lab is.
    pub fingerprint: Option<&'a str>,
    /// User or token.
    pub auth_id: &'a str,
    /// Password or token secret.
    pub secret: &'a str,
    /// Datastore.
    pub datastore: &'a str,
    /// Namespace, empty for the root.
    pub namespace: &'a str,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens there.
    Unreachable {
        /// Address.
        address: String,
        /// Port.
        port: u16,
    },
    /// The certificate is not the trusted one.
    Fingerprint {
        /// What the server shows.
        shown: String,
        /// What was expected.
        expected: Option<String>,
    },
    /// The server refused.
    Refused(Refusal),
    /// The client gave up: a key, a damaged or missing chunk, a file that is not there.
    Client {
        /// In the client's words.
        text: String,
        /// How many bytes of the wanted file it had written by then.
        written_bytes: u64,
    },
}

impl Failure {
    fn client(text: impl Into<String>) -> Failure {
        Failure::Client { text: text.into(), written_bytes: 0 }
    }

    /// As PVE's storage plugin words it: `401 Unauthorized`, `fingerprint '...' not verified, abort!`.
    pub fn in_plugin(&self) -> String {
        match self {
            Failure::Unreachable { address, port } => {
                format!("500 Can't connect to {address}:{port} (Connection refused)")
            }
            Failure::Fingerprint { shown, .. } => {
                format!("fingerprint '{}' not verified, abort!", shown.to_uppercase())
            }
            Failure::Refused(refusal) => format!("{} {}", refusal.status, reason(refusal.status)),
            Failure::Client { text, .. } => text.clone(),
        }
    }

    /// As `proxmox-backup-client` words it, without its `Error: `.
    pub fn in_client(&self) -> String {
        match self {
            Failure::Unreachable { .. } | Failure::Fingerprint { .. } => "client error (Connect)".to_owned(),
            Failure::Refused(refusal) => refusal.text.clone(),
            Failure::Client { text, .. } => text.clone(),
        }
    }

    /// What the client prints before its error.
    pub fn client_warnings(&self) -> Vec<String> {
        let Failure::Fingerprint { expected, .. } = self else { return Vec::new() };
        let mut lines = Vec::new();
        if let Some(expected) = expected {
            lines.push("WARNING: certificate fingerprint does not match expected fingerprint!".to_owned());
            lines.push(format!("expected:    {expected}"));
        }
        lines.push("certificate validation failed - Certificate fingerprint was not confirmed.".to_owned());
        lines
    }

    /// How long it took to fail, in microseconds of simulated time.
    pub fn delay_us(&self) -> u64 {
        match self {
            Failure::Refused(refusal) if refusal.status == 401 => REFUSED_LOGIN_US,
            _ => 0,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

/// The reason phrase of a status.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        _ => "Internal Server Error",
    }
}

/// How full a datastore is, in bytes. Everything is 0 for who may not look at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Size.
    pub total: u64,
    /// Used.
    pub used: u64,
    /// Free.
    pub free: u64,
}

/// A snapshot as the listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its group.
    pub group: GroupId,
    /// Seconds since 1970.
    pub time: i64,
    /// Size in bytes; `None` when its manifest is not there (yet).
    pub size_bytes: Option<u64>,
    /// First line of its notes.
    pub comment: Option<String>,
    /// Fingerprint of the key that encrypted or only signed it.
    pub fingerprint: Option<String>,
    /// Whom its group belongs to.
    pub owner: String,
    /// Whether it is protected.
    pub protected: bool,
    /// What the last verification found.
    pub verification: Option<super::state::Verification>,
}

/// The datastores that the login may see, by name.
///
/// # Errors
/// No connection, wrong certificate, wrong login.
pub fn datastores(around: Surroundings<'_>, login: &Login<'_>) -> Result<Vec<String>, Failure> {
    read(around, login, |server| Ok(rules::visible_datastores(server, login.auth_id)))
}

/// How full the datastore is. Neither the namespace nor rights below the datastore matter.
///
/// # Errors
/// As [`datastores`]; no such datastore, closed for maintenance, no right at all.
pub fn status(around: Surroundings<'_>, login: &Login<'_>) -> Result<Usage, Failure> {
    read(around, login, |server| {
        let sees = rules::sees_datastore(server, login.auth_id, login.datastore)?;
        let store = rules::store(server, login.datastore, false)?;
        Ok(if sees {
            Usage { total: store.size_bytes, used: store.used_bytes(), free: store.free_bytes() }
        } else {
            Usage::default()
        })
    })
}

/// The snapshots of the login's namespace, or of one group in it.
///
/// # Errors
/// As [`datastores`]; rights, no such datastore or namespace.
pub fn snapshots(around: Surroundings<'_>, login: &Login<'_>, group: Option<&GroupId>) -> Result<Vec<Listed>, Failure> {
    let views = snapshot_views(around, login, group)?;
    Ok(views.iter().filter_map(listed).collect())
}

/// As [`snapshots`], in the server's own form.
///
/// # Errors
/// As [`snapshots`].
pub fn snapshot_views(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: Option<&GroupId>,
) -> Result<Vec<Value>, Failure> {
    let filter = Filter { kind: group.map(|group| group.kind.as_str()), id: group.map(|group| group.id.as_str()) };
    read(around, login, |server| {
        Ok(content::snapshots(server, login.auth_id, login.datastore, login.namespace, filter)?)
    })
}

fn listed(view: &Value) -> Option<Listed> {
    let text = |name: &str| view[name].as_str().map(str::to_owned);
    let verification = view.get("verification").and_then(|one| {
        Some(super::state::Verification { upid: one["upid"].as_str()?.to_owned(), ok: one["state"] == "ok" })
    });
    Some(Listed {
        group: GroupId::new(view["backup-type"].as_str()?, view["backup-id"].as_str()?),
        time: view["backup-time"].as_i64()?,
        size_bytes: view["size"].as_u64(),
        comment: text("comment"),
        fingerprint: text("fingerprint"),
        owner: text("owner")?,
        protected: view["protected"].as_bool()?,
        verification,
    })
}

/// The notes of a snapshot.
///
/// # Errors
/// As [`datastores`]; rights, owner, no such snapshot.
pub fn notes(around: Surroundings<'_>, login: &Login<'_>, group: &GroupId, time: i64) -> Result<String, Failure> {
    let place = place(login, group, time);
    read(around, login, |server| Ok(content::notes(server, login.auth_id, login.datastore, &place)?))
}

/// Sets the notes of a snapshot.
///
/// # Errors
/// As [`notes`].
pub fn set_notes(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: &GroupId,
    time: i64,
    notes: &str,
) -> Result<(), Failure> {
    let place = place(login, group, time);
    change(around, login, |server| Ok(content::set_notes(server, login.auth_id, login.datastore, &place, notes)?))
}

/// Whether a snapshot is protected; one that is not there is not.
///
/// # Errors
/// As [`datastores`]; rights, owner.
pub fn protection(around: Surroundings<'_>, login: &Login<'_>, group: &GroupId, time: i64) -> Result<bool, Failure> {
    let place = place(login, group, time);
    read(around, login, |server| Ok(content::protection(server, login.auth_id, login.datastore, &place)?))
}

/// Protects a snapshot, or ends that.
///
/// # Errors
/// As [`notes`].
pub fn set_protection(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: &GroupId,
    time: i64,
    protected: bool,
) -> Result<(), Failure> {
    let place = place(login, group, time);
    change(around, login, |server| {
        Ok(content::set_protection(server, login.auth_id, login.datastore, &place, protected)?)
    })
}

/// Removes a snapshot.
///
/// # Errors
/// As [`notes`]; protection, a backup that runs.
pub fn forget(around: Surroundings<'_>, login: &Login<'_>, group: &GroupId, time: i64) -> Result<(), Failure> {
    let place = place(login, group, time);
    change(around, login, |server| Ok(content::forget(server, login.auth_id, login.datastore, &place)?))
}

/// Retention over one group; the answer has the oldest snapshot first.
///
/// # Errors
/// As [`datastores`]; rights, owner, no such group.
pub fn prune(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: &GroupId,
    keep: &Keep,
    dry_run: bool,
) -> Result<Vec<Pruned>, Failure> {
    change(around, login, |server| {
        Ok(content::prune(server, login.auth_id, login.datastore, login.namespace, group, keep, dry_run)?)
    })
}

/// What is to be stored.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    /// The group.
    pub group: &'a GroupId,
    /// Time of the snapshot in seconds since 1970.
    pub time: i64,
    /// Key of the client.
    pub key: Option<&'a EncryptionKey>,
    /// How the data are protected; without a key always [`CryptMode::None`].
    pub mode: CryptMode,
}

/// A backup that is under way on a server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Running {
    /// Its task on the server.
    pub upid: String,
    /// Where it will be.
    pub place: Place,
    /// What became of the manifest before it.
    pub previous: Previous,
}

/// What a client finds of the snapshot before: it tells which chunks need not be sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Previous {
    /// There is none, or its verification failed.
    None,
    /// It is used.
    Used {
        /// Its time in seconds since 1970.
        time: i64,
    },
    /// Its key is not ours.
    NotUsable {
        /// Its time in seconds since 1970.
        time: i64,
        /// In the client's words.
        why: String,
    },
}

/// What an upload took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Task on the server.
    pub upid: String,
    /// By archive that has an index: its name, bytes of it, bytes that were sent.
    pub archives: Vec<(String, u64, u64)>,
    /// Size of the snapshot in bytes, as listings show it.
    pub size_bytes: u64,
}

impl Uploaded {
    /// Bytes that went over the network.
    pub fn sent_bytes(&self) -> u64 {
        self.archives.iter().map(|(_, _, sent)| sent).sum()
    }

    /// Bytes that the server knew already.
    pub fn reused_bytes(&self) -> u64 {
        self.archives.iter().map(|(_, size, sent)| size - sent).sum()
    }
}

/// Begins a backup: from here on the snapshot is there, unfinished, and its group is locked until [`finish`] or [`abort`].
///
/// # Errors
/// As [`datastores`]; rights, no such datastore or namespace, another owner, a backup of the group that runs, a newer
/// snapshot (also one from the future).
pub fn begin(around: Surroundings<'_>, login: &Login<'_>, upload: &Upload<'_>) -> Result<Running, Failure> {
    let place = place(login, upload.group, upload.time);
    change(around, login, |server| {
        rules::demand(server, login.auth_id, &namespace_path(login.datastore, login.namespace), &["Datastore.Backup"])?;
        let previous = open_snapshot(server, login, &place, upload.key)?;
        let id = format!("{}:{}", login.datastore, upload.group);
        let about = About { kind: "backup", id: Some(&id), owner: login.auth_id };
        let upid = tasks::open(server, around.seed, around.now, about);
        let line = format!(
            "starting new backup on datastore '{}' from ::ffff:127.0.0.1: {:?}",
            login.datastore,
            place.full_dir()
        );
        tasks::say(server, &upid, around.now, line);
        tasks::say(server, &upid, around.now, "protocol upgrade done");
        let made = server.number();
        let store = rules::store_mut(server, login.datastore)?;
        let snapshot =
            Snapshot { files: Vec::new(), manifest: None, protected: false, running: Some(upid.clone()), made };
        let namespace = store.namespaces.entry(place.namespace.clone()).or_default();
        let new_group = || Group {
            owner: login.auth_id.to_owned(),
            notes: String::new(),
            snapshots: std::collections::BTreeMap::new(),
            made,
        };
        let group = namespace.groups.entry(place.group.clone()).or_insert_with(new_group);
        group.snapshots.insert(place.time, snapshot);
        Ok(Running { upid, place: place.clone(), previous })
    })
}

/// The checks of a server before a backup, and what the client then learns of the snapshot before.
fn open_snapshot(
    server: &BackupServer,
    login: &Login<'_>,
    place: &Place,
    key: Option<&EncryptionKey>,
) -> Result<Previous, Failure> {
    let store = rules::store(server, login.datastore, true)?;
    let Some(namespace) = store.namespaces.get(&place.namespace) else {
        return Err(Refusal::bad("namespace not found").into());
    };
    let Some(group) = namespace.groups.get(&place.group) else { return Ok(Previous::None) };
    if group.is_locked() {
        let lock = content::group_lock_path(store, &place.namespace, &place.group);
        let path = store.group_path(&place.namespace, &place.group);
        let text = format!("unable to acquire backup group lock {lock:?} while creating locked backup group {path:?}");
        return Err(Refusal::bad(text).into());
    }
    if !is_owner(&group.owner, login.auth_id) {
        let text = format!("backup owner check failed ({} != {})", login.auth_id, group.owner);
        return Err(Refusal::bad(text).into());
    }
    let Some((last, snapshot)) = group.last_finished() else { return Ok(Previous::None) };
    if place.time <= last {
        return Err(Refusal::bad("backup timestamp is older than last backup.").into());
    }
    let Some(manifest) = &snapshot.manifest else { return Ok(Previous::None) };
    if manifest.verification.as_ref().is_some_and(|verification| !verification.ok) {
        return Ok(Previous::None);
    }
    Ok(match check_key(manifest, key) {
        Ok(()) => Previous::Used { time: last },
        Err(why) => Previous::NotUsable { time: last, why },
    })
}

/// Stores a small file of a backup that was begun, so that listings show it before the end.
///
/// # Errors
/// As [`datastores`]; the backup is gone.
pub fn send_blob(
    around: Surroundings<'_>,
    login: &Login<'_>,
    running: &Running,
    archive: &Archive,
) -> Result<(), Failure> {
    change(around, login, |server| {
        let store = rules::store_mut(server, login.datastore)?;
        let there = store.snapshot_mut(&running.place).filter(|one| one.running.as_ref() == Some(&running.upid));
        let snapshot = there.ok_or_else(|| Failure::client("backup snapshot was removed"))?;
        let body = Body::Blob(std::sync::Arc::new(archive.content.clone()));
        snapshot.files.push(StoredFile {
            name: archive.name.clone(),
            body,
            crypt_mode: CryptMode::None,
            broken: false,
        });
        Ok(())
    })
}

/// Stores the archives of a backup that was begun, and ends it. Chunks that the snapshot before has are not sent: they are
/// taken to be there and well, without a look.
///
/// # Errors
/// No connection any more; the snapshot is gone; no space.
pub fn finish(
    around: Surroundings<'_>,
    login: &Login<'_>,
    running: &Running,
    upload: &Upload<'_>,
    archives: &[Archive],
) -> Result<Uploaded, Failure> {
    let done = change(around, login, |server| {
        let store = rules::store_mut(server, login.datastore)?;
        let uploaded = store_archives(store, around.now, running, upload, archives)?;
        tasks::say(server, &running.upid, around.now, "successfully finished backup");
        tasks::say(server, &running.upid, around.now, "backup finished successfully");
        tasks::end(server, &running.upid, around.now, &Ok(0));
        verify_new(server, around.seed, around.now, login.datastore, login.auth_id, &running.place);
        Ok(uploaded)
    });
    if done.is_err() {
        abort(around, login, running, "backup ended but finished flag is not set.");
    }
    done
}

/// Gives up a backup: what there is of it is removed. `why` is the end of the server's task.
pub fn abort(around: Surroundings<'_>, login: &Login<'_>, running: &Running, why: &str) {
    let mut servers = around.servers.borrow_mut();
    let known = servers.resolve(login.address, login.port).map(str::to_owned);
    let Some(server) = known.and_then(|known| servers.0.get_mut(&known)) else { return };
    let Some(store) = server.datastores.get_mut(login.datastore) else { return };
    let still_there = store.snapshot(&running.place).is_some_and(|one| one.running.as_deref() == Some(&running.upid));
    if !still_there {
        return;
    }
    let path = store.snapshot_path(&running.place);
    content::remove_snapshot(store, &running.place);
    for line in ["backup failed: connection error".to_owned(), "removing failed backup".to_owned()] {
        tasks::say(server, &running.upid, around.now, line);
    }
    tasks::say(server, &running.upid, around.now, format!("removing backup snapshot {path:?}"));
    tasks::end(server, &running.upid, around.now, &Err(why.to_owned()));
}

/// A whole backup at one moment: [`begin`] and [`finish`].
///
/// # Errors
/// Of both.
pub fn upload(
    around: Surroundings<'_>,
    login: &Login<'_>,
    upload: &Upload<'_>,
    archives: &[Archive],
) -> Result<Uploaded, Failure> {
    let running = begin(around, login, upload)?;
    finish(around, login, &running, upload, archives)
}

fn store_archives(
    store: &mut Datastore,
    now: Moment,
    running: &Running,
    upload: &Upload<'_>,
    archives: &[Archive],
) -> Result<Uploaded, Failure> {
    let key = upload.key.filter(|_| upload.mode == CryptMode::Encrypt);
    let mode = if upload.key.is_some() { upload.mode } else { CryptMode::None };
    let mut uploaded = Uploaded { upid: running.upid.clone(), ..Uploaded::default() };
    let mut files = Vec::new();
    for archive in archives {
        let body = if archive.name.ends_with(".blob") {
            let data = key.map_or_else(|| archive.content.clone(), |key| key.seal(&archive.content));
            Body::Blob(std::sync::Arc::new(data))
        } else {
            let known = known_chunks(store, running, &archive.name);
            let (index, sent) = store_chunks(store, now, archive, key, &known)?;
            uploaded.archives.push((archive.name.clone(), archive.size_bytes, sent));
            Body::Index(index)
        };
        files.push(StoredFile { name: archive.name.clone(), body, crypt_mode: mode, broken: false });
    }
    let Some(snapshot) = store.snapshot_mut(&running.place) else {
        return Err(Failure::client("backup snapshot was removed"));
    };
    let named = files.iter().filter(|file| file.name != CLIENT_LOG);
    snapshot.manifest = Some(Manifest {
        files: named.map(|file| (file.name.clone(), file.checksum())).collect(),
        fingerprint: upload.key.filter(|_| mode != CryptMode::None).map(EncryptionKey::fingerprint),
        notes: String::new(),
        verification: None,
    });
    snapshot.files = files;
    snapshot.running = None;
    uploaded.size_bytes = snapshot.size_bytes().unwrap_or_default();
    Ok(uploaded)
}

/// The chunks of the same archive in the snapshot before, as far as the client may use them.
fn known_chunks(store: &Datastore, running: &Running, archive: &str) -> Vec<String> {
    let Previous::Used { time } = running.previous else { return Vec::new() };
    let before = Place { time, ..running.place.clone() };
    let file = store.snapshot(&before).and_then(|snapshot| snapshot.file(archive));
    file.map_or_else(Vec::new, |file| file.index().iter().map(|piece| piece.digest.clone()).collect())
}

/// Cuts an archive into chunks, stores those that are not known, and answers with the index and the bytes sent.
fn store_chunks(
    store: &mut Datastore,
    now: Moment,
    archive: &Archive,
    key: Option<&EncryptionKey>,
    known: &[String],
) -> Result<(Vec<Piece>, u64), Failure> {
    let mut index = Vec::new();
    let mut sent = 0;
    let mut put = |content: &[u8], count: u64| {
        let (digest, chunk) = Chunk::of(content, key, now);
        if !known.contains(&digest) {
            sent += content.len() as u64 * count;
            if !store.chunks.chunks.contains_key(&digest) && chunk.disk_bytes() > store.free_bytes() {
                return Err(Failure::client("No space left on device (os error 28)"));
            }
            store.chunks.insert(digest.clone(), chunk);
        } else if let Some(there) = store.chunks.chunks.get_mut(&digest) {
            there.used_at = now;
        }
        for _ in 0..count {
            Piece::push(&mut index, digest.clone(), content.len() as u64);
        }
        Ok(())
    };
    let size = usize::try_from(archive.size_bytes).unwrap_or(usize::MAX);
    let mut at = 0;
    while at < archive.content.len() {
        let end = (at + CHUNK_BYTES).min(size);
        let mut content = archive.content[at..end.min(archive.content.len())].to_vec();
        content.resize(end - at, 0);
        put(&content, 1)?;
        at = end;
    }
    let zeros = size.saturating_sub(at);
    if zeros >= CHUNK_BYTES {
        put(&vec![0; CHUNK_BYTES], (zeros / CHUNK_BYTES) as u64)?;
    }
    if zeros % CHUNK_BYTES > 0 {
        put(&vec![0; zeros % CHUNK_BYTES], 1)?;
    }
    Ok((index, sent))
}

/// The files of a snapshot that the client can restore, by the names of the manifest.
///
/// # Errors
/// As [`download`].
pub fn archives(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: &GroupId,
    time: i64,
    key: Option<&EncryptionKey>,
) -> Result<Vec<String>, Failure> {
    let place = place(login, group, time);
    read(around, login, |server| {
        let store = reader(server, login, &place)?;
        let manifest = manifest(store, &place)?;
        check_key(manifest, key).map_err(Failure::client)?;
        Ok(manifest.files.iter().map(|(name, _)| name.clone()).collect())
    })
}

/// Reads one archive of a snapshot, every chunk of it. The zeros at the end of a disk are cut off: only its content
/// comes back.
///
/// # Errors
/// As [`datastores`]; rights, owner, no such snapshot or file, no key or another one, a missing or damaged chunk (the
/// chunks before it were written).
pub fn download(
    around: Surroundings<'_>,
    login: &Login<'_>,
    group: &GroupId,
    time: i64,
    archive: &str,
    key: Option<&EncryptionKey>,
) -> Result<Archive, Failure> {
    let place = place(login, group, time);
    read(around, login, |server| {
        let store = reader(server, login, &place)?;
        let manifest = manifest(store, &place)?;
        check_key(manifest, key).map_err(Failure::client)?;
        let listed = manifest.files.iter().find(|(name, _)| name == archive);
        let (_, checksum) =
            listed.ok_or_else(|| Failure::client(format!("manifest does not contain file '{archive}'")))?;
        let file = store.snapshot(&place).and_then(|snapshot| snapshot.file(archive));
        let file = file.ok_or_else(|| {
            let path = format!("{}/{archive}", store.snapshot_path(&place));
            Failure::client(format!("unable to open {path:?} - {NO_SUCH_FILE}"))
        })?;
        if file.broken || file.checksum() != *checksum {
            return Err(Failure::client(format!("wrong checksum for file '{archive}'")));
        }
        read_file(store, file, key)
    })
}

fn read_file(store: &Datastore, file: &StoredFile, key: Option<&EncryptionKey>) -> Result<Archive, Failure> {
    let unsealed = || Failure::client("unable to decrypt data");
    let pieces = match &file.body {
        Body::Index(pieces) => pieces,
        Body::Blob(data) => {
            let content = match file.crypt_mode {
                CryptMode::Encrypt => key.and_then(|key| key.open(data)).ok_or_else(unsealed)?,
                CryptMode::None | CryptMode::SignOnly => data.as_ref().clone(),
            };
            return Ok(Archive::blob(&file.name, &content));
        }
    };
    let mut content: Vec<u8> = Vec::new();
    let mut written_bytes = 0;
    for piece in pieces {
        let chunk = store.chunks.read(&piece.digest).map_err(|why| Failure::Client {
            text: match why {
                Unreadable::Missing => {
                    format!("reading file {:?} failed: {NO_SUCH_FILE}", store.chunk_path(&piece.digest))
                }
                Unreadable::Damaged => {
                    format!("Failed to parse chunk {} - {WRONG_CHECKSUM}", piece.digest)
                }
            },
            written_bytes,
        })?;
        let plain = chunk.plain(key).ok_or_else(unsealed)?;
        if plain.iter().any(|byte| *byte != 0) {
            content.resize(usize::try_from(written_bytes).unwrap_or(usize::MAX), 0);
            for _ in 0..piece.count {
                content.extend_from_slice(&plain);
            }
        }
        written_bytes += piece.bytes * piece.count;
    }
    Ok(Archive { name: file.name.clone(), content, size_bytes: written_bytes })
}

/// The words for a chunk whose checksum does not fit.
pub(super) const WRONG_CHECKSUM: &str = "Data blob has wrong CRC checksum.";

/// The checks of a server before it gives out contents.
fn reader<'a>(server: &'a BackupServer, login: &Login<'_>, place: &Place) -> Result<&'a Datastore, Failure> {
    let path = namespace_path(login.datastore, &place.namespace);
    let held = server.access.privileges(login.auth_id, &path);
    if !held.has_any(&["Datastore.Read", "Datastore.Backup"]) {
        let namespace = if place.namespace.is_empty() {
            ", root namespace".to_owned()
        } else {
            format!(", namespace '{}'", place.namespace)
        };
        return Err(Refusal::bad(format!("no permissions on datastore '{}'{namespace}", login.datastore)).into());
    }
    let store = rules::store(server, login.datastore, false)?;
    if !held.has_any(&["Datastore.Read"]) {
        let owner = rules::owner(store, &place.namespace, &place.group)?;
        if !is_owner(&owner, login.auth_id) {
            return Err(Refusal::bad("backup owner check failed!").into());
        }
    }
    match store.snapshot(place) {
        None => Err(Refusal::bad(format!("snapshot {} does not exist.", place.dir())).into()),
        Some(snapshot) if snapshot.running.is_some() => {
            let lock = content::snapshot_lock_path(store, place);
            Err(Refusal::bad(format!("unable to acquire shared snapshot lock {lock:?}")).into())
        }
        Some(_) => Ok(store),
    }
}

fn manifest<'a>(store: &'a Datastore, place: &Place) -> Result<&'a Manifest, Failure> {
    let missing = || {
        let path = format!("{}/{MANIFEST}", store.snapshot_path(place));
        Failure::client(format!("unable to open {path:?} - {NO_SUCH_FILE}"))
    };
    store.snapshot(place).and_then(|snapshot| snapshot.manifest.as_ref()).ok_or_else(missing)
}

/// Whether the client's key fits a manifest.
fn check_key(manifest: &Manifest, key: Option<&EncryptionKey>) -> Result<(), String> {
    let Some(theirs) = &manifest.fingerprint else { return Ok(()) };
    let Some(key) = key else {
        return Err(format!("missing key - manifest was created with key {theirs}"));
    };
    let ours = key.fingerprint();
    if ours == *theirs {
        return Ok(());
    }
    Err(format!(
        "wrong key - unable to verify signature since manifest's key {theirs} does not match provided key {ours}"
    ))
}

/// The newest finished snapshot of a group that the login may see.
///
/// # Errors
/// As [`snapshots`]; the group has none.
pub fn newest(around: Surroundings<'_>, login: &Login<'_>, group: &GroupId) -> Result<i64, Failure> {
    let list = snapshots(around, login, Some(group))?;
    let finished = list.iter().filter(|one| one.size_bytes.is_some()).map(|one| one.time);
    finished.max().ok_or_else(|| Failure::client(format!("backup group {group:?} does not contain any snapshots.")))
}

/// The name of an archive on the server: an image, a folder's stream, or a small file.
pub fn server_name(name: &str) -> String {
    let known = [".blob", ".fidx", ".didx"].iter().any(|ending| name.ends_with(ending));
    match name.rsplit_once('.') {
        _ if known => name.to_owned(),
        Some((_, "img")) => format!("{name}.fidx"),
        Some((_, "pxar" | "mpxar" | "ppxar" | "pcat1")) => format!("{name}.didx"),
        Some((_, "conf" | "log")) => format!("{name}.blob"),
        _ => format!("{name}.fidx"),
    }
}

/// As [`Place::dir`] for a group and a time.
pub fn snapshot_name(group: &GroupId, time: i64) -> String {
    format!("{group}/{}", time_text(time))
}

fn place(login: &Login<'_>, group: &GroupId, time: i64) -> Place {
    Place { namespace: login.namespace.to_owned(), group: group.clone(), time }
}

fn read<T>(
    around: Surroundings<'_>,
    login: &Login<'_>,
    run: impl FnOnce(&BackupServer) -> Result<T, Failure>,
) -> Result<T, Failure> {
    change(around, login, |server| run(server))
}

/// Connects, logs in, and does something there.
fn change<T>(
    around: Surroundings<'_>,
    login: &Login<'_>,
    run: impl FnOnce(&mut BackupServer) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut servers = around.servers.borrow_mut();
    servers.advance(around.seed, around.now);
    let unreachable = || Failure::Unreachable { address: login.address.to_owned(), port: login.port };
    let server = servers.at_mut(login.address, login.port).ok_or_else(unreachable)?;
    if !login.fingerprint.is_some_and(|trusted| server.shows(trusted)) {
        let expected = login.fingerprint.map(str::to_owned);
        return Err(Failure::Fingerprint { shown: server.fingerprint.clone(), expected });
    }
    let now_s = around.now.unix_seconds();
    server.access.look(around.now);
    if !server.access.verify(login.auth_id, login.secret, now_s) {
        let words = if login.auth_id.contains('!') { "authentication failed" } else { "permission check failed." };
        return Err(Refusal { status: 401, text: words.to_owned() }.into());
    }
    run(server)
}
