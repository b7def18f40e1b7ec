//! What the real client does, through the lab's door for nodes: its words and exit statuses are those of the recordings.

use std::collections::{BTreeMap, BTreeSet};

use accolades::lab::pbs::node_side::{self, Failure, Login, Previous, Running, Upload, Uploaded};
use accolades::lab::pbs::state::names::{parse_time, time_text};
use accolades::lab::pbs::state::{Archive, CryptMode, EncryptionKey, GroupId, keys};
use accolades::lab::pbs::work::human;
use accolades::lab::world::Surroundings;
use serde_json::json;
use sha2::{Digest, Sha256};

const MIB: usize = 1024 * 1024;
const CHUNK: usize = 4 * MIB;

/// The recordings' configuration files.
const CONFIG_1: &str = "name: guest-1\nmemory: 2048\nscsi0: local-lvm:vm-101-disk-0,size=12M\n";
const CONFIG_2: &str = "name: guest-2\nmemory: 1024\n";

/// Files of the machine that the client runs on.
pub struct Client {
    disk: Vec<u8>,
    first_disk: Vec<u8>,
    changes: usize,
    keys: BTreeMap<String, EncryptionKey>,
    targets: BTreeSet<String>,
    restored: Option<Vec<u8>>,
    source: Vec<u8>,
    written_bytes: u64,
    background: Option<(Running, Place)>,
    archived: BTreeMap<(String, String, String, i64), Vec<u8>>,
}

/// Where a backup in the background goes.
struct Place {
    store: String,
    namespace: String,
}

/// One run.
pub struct Run<'a> {
    pub argv: &'a [String],
    pub auth_id: &'a str,
    pub store: &'a str,
    pub secret: &'a str,
    pub fingerprint: Option<&'a str>,
    pub expected: &'a [String],
    pub note: &'a str,
}

impl Default for Client {
    fn default() -> Client {
        let disk = data("disk 1", 12 * MIB);
        Client {
            first_disk: disk.clone(),
            disk,
            changes: 0,
            keys: BTreeMap::new(),
            targets: BTreeSet::new(),
            restored: None,
            source: Vec::new(),
            written_bytes: 0,
            background: None,
            archived: BTreeMap::new(),
        }
    }
}

/// Bytes that look random; every stretch begins with its own name.
fn data(name: &str, bytes: usize) -> Vec<u8> {
    let seed = Sha256::digest(name);
    let mut data = Vec::with_capacity(bytes);
    let mut block = 0_u64;
    while data.len() < bytes {
        // A cheap generator: only equality matters.
        let mut word =
            u64::from_be_bytes(seed[..8].try_into().expect("8 bytes")) ^ block.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word ^= word >> 29;
        word = word.wrapping_mul(0xbf58_476d_1ce4_e5b9) | 0x0100_0000_0000_0001;
        data.extend_from_slice(&word.to_be_bytes());
        block += 1;
    }
    data.truncate(bytes);
    data
}

impl Client {
    pub fn restored_is_source(&self) -> bool {
        self.restored.as_ref() == Some(&self.source)
    }

    pub fn left_a_file(&self) -> bool {
        self.restored.is_some() || self.written_bytes > 0
    }

    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Runs the client; exit status and lines of both outputs.
    pub fn run(&mut self, around: Surroundings<'_>, run: &Run<'_>) -> (i32, Vec<String>) {
        let words: Vec<&str> = run.argv.iter().map(String::as_str).collect();
        let mut output = Vec::new();
        let done = match words.as_slice() {
            [_, "key", "create", path, ..] => {
                let secret: [u8; 32] = Sha256::digest(path).into();
                self.keys.insert((*path).to_owned(), EncryptionKey::new(secret));
                Ok(())
            }
            [_, "backup", ..] => self.backup(around, run, &mut output),
            [_, "restore", ..] => self.restore(around, run, &mut output),
            [_, "snapshot", "list", ..] => list(around, run, &mut output),
            _ => Err(Failure::Client { text: "an unknown command".to_owned(), written_bytes: 0 }),
        };
        match done {
            Ok(()) => (0, output),
            Err(failure) => {
                output.extend(failure.client_warnings());
                output.push(format!("Error: {}", failure.in_client()));
                (255, output)
            }
        }
    }

    fn backup(&mut self, around: Surroundings<'_>, run: &Run<'_>, output: &mut Vec<String>) -> Result<(), Failure> {
        let sources: Vec<(&str, &str)> = run.argv[2..]
            .iter()
            .take_while(|word| !word.starts_with("--"))
            .filter_map(|word| word.split_once(':'))
            .collect();
        let namespace = option(run.argv, "--ns").unwrap_or_default();
        let group = GroupId::new(
            option(run.argv, "--backup-type").unwrap_or_default(),
            option(run.argv, "--backup-id").unwrap_or_default(),
        );
        let time: i64 = option(run.argv, "--backup-time").and_then(|text| text.parse().ok()).unwrap_or_default();
        let key_file = option(run.argv, "--keyfile");
        let key = key_file.and_then(|path| self.keys.get(path)).cloned();
        let mode = match (key.is_some(), option(run.argv, "--crypt-mode")) {
            (true, Some("sign-only")) => CryptMode::SignOnly,
            (true, _) => CryptMode::Encrypt,
            (false, _) => CryptMode::None,
        };
        self.change_disk(run);
        output.push(format!("Starting backup: [{namespace}]:{}", node_side::snapshot_name(&group, time)));
        output.push("Client name: node".to_owned());
        output.push(format!("Starting backup protocol: {}", time_text(around.now.unix_seconds())));
        let mut archives: Vec<Archive> = sources.iter().map(|(name, path)| self.archive(name, path)).collect();
        if archives.iter().any(|archive| archive.name.ends_with(".pxar.didx")) {
            archives.push(Archive {
                name: "catalog.pcat1.didx".to_owned(),
                content: data("catalog", 51),
                size_bytes: 51,
            });
        }
        let upload = Upload { group: &group, time, key: key.as_ref(), mode };
        let login = login(run, namespace);
        let running = node_side::begin(around, &login, &upload)?;
        if let (Some(path), Some(key)) = (key_file, &key) {
            output.push(format!("Using encryption key from '{path}'.."));
            output.push(format!("Encryption key fingerprint: {}", keys::short(&key.fingerprint())));
        }
        match &running.previous {
            Previous::None => output.push("No previous manifest available.".to_owned()),
            Previous::Used { time } => output.push(previous_line(*time)),
            Previous::NotUsable { time, why } => {
                output.push(previous_line(*time));
                output.push(format!("Couldn't re-use previous manifest - {why}"));
            }
        }
        let uploaded = node_side::finish(around, &login, &running, &upload, &archives)?;
        let repository = format!("{}@127.0.0.1:8007:{}", run.auth_id, run.store);
        for ((name, path), archive) in sources.iter().zip(&archives) {
            let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
                Some("conf") => "config file",
                Some("img") => "image",
                _ => "directory",
            };
            output.push(format!("Upload {kind} '{path}' to '{repository}' as {}", archive.name));
            say_sent(name, archive, &uploaded, output);
            if archive.name.ends_with(".img.fidx") {
                let key = (run.store.to_owned(), namespace.to_owned(), group.to_string(), time);
                self.archived.insert(key, archive.content.clone());
            }
        }
        if archives.iter().any(|archive| archive.name.ends_with(".pxar.didx")) {
            output.push("Uploaded backup catalog (51 B)".to_owned());
        }
        output.push("Duration: 0.12s".to_owned());
        output.push(format!("End Time: {}", time_text(around.now.unix_seconds())));
        Ok(())
    }

    /// The recordings change the disk between two backups, by as much as the client then sends.
    fn change_disk(&mut self, run: &Run<'_>) {
        if run.note.contains("content of the oldest snapshot again") {
            self.disk = self.first_disk.clone();
            return;
        }
        let is_after_another = run.expected.iter().any(|line| line.starts_with("Downloading previous manifest"));
        let sends = |text: &str| {
            run.expected
                .iter()
                .any(|line| line.starts_with(&format!("drive-scsi0.img: had to backup {text} of 12 MiB")))
        };
        let first_manifest_unusable = run.expected.iter().any(|line| line.starts_with("Couldn't re-use"));
        if !is_after_another || first_manifest_unusable {
            return;
        }
        if sends("4 MiB") {
            // The second chunk first, then the third.
            let at = (1 + self.changes % 2) * CHUNK;
            self.changes += 1;
            let fresh = data(&format!("change {}", self.changes), CHUNK);
            self.disk[at..at + CHUNK].copy_from_slice(&fresh);
        } else if sends("12 MiB") {
            self.changes += 1;
            self.disk = data(&format!("change {}", self.changes), 12 * MIB);
        }
    }

    fn archive(&self, name: &str, path: &str) -> Archive {
        let name = node_side::server_name(name);
        match path.rsplit('/').next() {
            Some("c1.conf") => Archive::blob(&name, CONFIG_1.as_bytes()),
            Some("c2.conf") => Archive::blob(&name, CONFIG_2.as_bytes()),
            Some("d1.img") => Archive::disk(&name, self.disk.clone(), 12 * MIB as u64),
            Some("d2.img") => Archive::disk(&name, data("disk 2", 8 * MIB), 8 * MIB as u64),
            _ => Archive { name, content: data("tree", 514), size_bytes: 514 },
        }
    }

    fn restore(&mut self, around: Surroundings<'_>, run: &Run<'_>, output: &mut Vec<String>) -> Result<(), Failure> {
        let fail = |text: String| Failure::Client { text, written_bytes: 0 };
        let [_, _, snapshot, archive, target, ..] = run.argv else { return Err(fail("too few arguments".to_owned())) };
        self.restored = None;
        self.written_bytes = 0;
        let namespace = option(run.argv, "--ns").unwrap_or_default();
        let key_file = option(run.argv, "--keyfile");
        let key = key_file.and_then(|path| self.keys.get(path)).cloned();
        let login = login(run, namespace);
        let (group, time) = match GroupId::parse(snapshot) {
            Some(group) => {
                let time = node_side::newest(around, &login, &group)?;
                (group, time)
            }
            None => {
                let (group, time) = snapshot.rsplit_once('/').ok_or_else(|| fail("no snapshot".to_owned()))?;
                let group = GroupId::parse(group).ok_or_else(|| fail("no group".to_owned()))?;
                (group, parse_time(time).unwrap_or_default())
            }
        };
        let name = node_side::server_name(archive);
        let got = node_side::download(around, &login, &group, time, &name, key.as_ref());
        if let Err(Failure::Client { written_bytes, .. }) = &got {
            self.written_bytes = *written_bytes;
        }
        let got = got?;
        if target != "-" && !self.targets.insert(target.clone()) {
            return Err(fail(format!("unable to create target file {target:?} - File exists (os error 17)")));
        }
        if let (Some(path), Some(key)) = (key_file, &key) {
            output.push(format!("Using encryption key from '{path}'.."));
            output.push(format!("Fingerprint: {}", keys::short(&key.fingerprint())));
        }
        if target == "-" {
            output.extend(String::from_utf8_lossy(&got.content).lines().map(str::to_owned));
            return Ok(());
        }
        let unit = if got.size_bytes < MIB as u64 { "KiB" } else { "MiB" };
        output.push(format!("restore complete ({} processed in 0.1s, average 120.5 {unit}/s)", human(got.size_bytes)));
        // A copy on another store has the same content.
        let same_snapshot = |key: &&(String, String, String, i64)| key.2 == group.to_string() && key.3 == time;
        let in_place = (run.store.to_owned(), namespace.to_owned(), group.to_string(), time);
        let source = self
            .archived
            .get(&in_place)
            .or_else(|| self.archived.keys().find(same_snapshot).and_then(|key| self.archived.get(key)));
        self.source = source.cloned().unwrap_or_default();
        self.written_bytes = got.size_bytes;
        self.restored = Some(got.content);
        Ok(())
    }

    /// A backup of the second snapshot that goes on while other steps are played.
    pub fn begin_in_background(&mut self, around: Surroundings<'_>) -> Result<(), String> {
        let group = GroupId::vm(101);
        let store =
            around.servers.borrow().0.values().next().and_then(|server| server.datastores.keys().next().cloned());
        let place = Place { store: store.unwrap_or_default(), namespace: "clients".to_owned() };
        let login = background_login(&place);
        let upload = Upload { group: &group, time: 1_795_086_400, key: None, mode: CryptMode::None };
        let running = node_side::begin(around, &login, &upload).map_err(|failure| failure.in_client())?;
        let blob = Archive::blob("qemu-server.conf.blob", CONFIG_1.as_bytes());
        node_side::send_blob(around, &login, &running, &blob).map_err(|failure| failure.in_client())?;
        self.background = Some((running, place));
        Ok(())
    }

    /// The client in the background goes away in the middle of a chunk.
    pub fn kill(&mut self, around: Surroundings<'_>) {
        if let Some((running, place)) = self.background.take() {
            node_side::abort(
                around,
                &background_login(&place),
                &running,
                "connection error: bytes remaining on stream",
            );
        }
    }
}

fn background_login(place: &Place) -> Login<'_> {
    Login {
        address: "127.0.0.1",
        port: 8007,
        fingerprint: Some(super::FINGERPRINT),
        auth_id: "admin@pbs",
        secret: "drill-Secret-1",
        datastore: &place.store,
        namespace: &place.namespace,
    }
}

fn login<'a>(run: &Run<'a>, namespace: &'a str) -> Login<'a> {
    Login {
        address: "127.0.0.1",
        port: 8007,
        fingerprint: run.fingerprint,
        auth_id: run.auth_id,
        secret: run.secret,
        datastore: run.store,
        namespace,
    }
}

fn option<'a>(argv: &'a [String], name: &str) -> Option<&'a str> {
    let at = argv.iter().position(|word| word == name)?;
    argv.get(at + 1).map(String::as_str)
}

fn previous_line(time: i64) -> String {
    let moment = jiff::Timestamp::from_second(time).expect("a time");
    format!("Downloading previous manifest ({})", moment.strftime("%a %b %e %H:%M:%S %Y"))
}

fn say_sent(name: &str, archive: &Archive, uploaded: &Uploaded, output: &mut Vec<String>) {
    let Some((_, size, sent)) = uploaded.archives.iter().find(|(one, _, _)| *one == archive.name) else { return };
    let rate = match *sent {
        0 => "0 B/s".to_owned(),
        sent if sent < MIB as u64 => "10.5 KiB/s".to_owned(),
        _ => "120.5 MiB/s".to_owned(),
    };
    // Small text packs well, disks of random data do not.
    let packed = if *sent == 514 { "156 B".to_owned() } else { human(*sent) };
    output.push(format!(
        "{name}: had to backup {} of {} (compressed {packed}) in 0.1s (average {rate})",
        human(*sent),
        human(*size)
    ));
    let reused = size - sent;
    if reused > 0 {
        let share = reused as f64 * 100.0 / *size as f64;
        output.push(format!("{name}: backup was done incrementally, reused {} ({share:.1}%)", human(reused)));
    }
}

fn list(around: Surroundings<'_>, run: &Run<'_>, output: &mut Vec<String>) -> Result<(), Failure> {
    let namespace = option(run.argv, "--ns").unwrap_or_default();
    let views = node_side::snapshot_views(around, &login(run, namespace), None)?;
    if option(run.argv, "--output-format") == Some("json") {
        output.push(json!(views).to_string());
    }
    Ok(())
}
