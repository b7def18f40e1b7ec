//! Many nodes behind one loopback port, light enough that what is measured is the program that asks: they answer what a
//! sweep asks, each as if it had one instance with two weeks of backups. Which node is meant stands in the token's secret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The argument that makes this program the nodes.
pub const NODES: &str = "nodes";

/// What a token's secret begins with; the node's number follows.
pub const SECRET: &str = "secret-of-node-";

const DAY_S: u64 = 24 * 3600;
const GIB: u64 = 1 << 30;

/// What was asked so far, by kind of request.
#[derive(Default)]
struct Asked {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

/// Serves until killed. Prints the port, the certificate's fingerprint and a port that tells what was asked.
pub async fn serve() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let fingerprint = hex::encode_upper(Sha256::digest(cert.der()));
    let pairs: Vec<&str> = (0..32).map(|at| &fingerprint[2 * at..2 * at + 2]).collect();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the certificate fits");
    let tls = TlsAcceptor::from(Arc::new(config));
    let nodes = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let control = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (port, control_port) = (nodes.local_addr().expect("bound").port(), control.local_addr().expect("bound").port());
    println!("{}", json!({ "port": port, "fingerprint": pairs.join(":"), "control": control_port }));
    let asked = Arc::new(Asked::default());
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = control.accept().await {
            let (requests, connections) =
                (counted.requests.load(Ordering::Relaxed), counted.connections.load(Ordering::Relaxed));
            let _ = stream.write_all(format!("{requests} {connections}\n").as_bytes()).await;
        }
    });
    while let Ok((stream, _)) = nodes.accept().await {
        let (tls, asked) = (tls.clone(), asked.clone());
        tokio::spawn(async move {
            asked.connections.fetch_add(1, Ordering::Relaxed);
            answer_all(stream, &tls, &asked).await;
        });
    }
}

async fn answer_all(stream: TcpStream, tls: &TlsAcceptor, asked: &Asked) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = tls.accept(stream).await else { return };
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let target = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let (mut node, mut length) = (0, 0);
        loop {
            let mut header = String::new();
            if stream.read_line(&mut header).await.unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    node = value.rsplit_once(SECRET).and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
                }
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        asked.requests.fetch_add(1, Ordering::Relaxed);
        let (status, data) = answer(&target, node);
        let body = json!({ "data": data }).to_string();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.is_err()
            || stream.flush().await.is_err()
        {
            return;
        }
    }
}

fn answer(target: &str, node: u32) -> (&'static str, Value) {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let path = target.split('?').next().unwrap_or_default().trim_start_matches("/api2/json");
    let words: Vec<&str> = path.split('/').skip(1).collect();
    let (vmid, name) = (1000 + node, format!("box-{node:04}"));
    let remote = format!("pbs-{name}");
    let data = match words.as_slice() {
        ["nodes", _, "time"] => json!({ "time": now_s, "localtime": now_s, "timezone": "UTC" }),
        ["access", "permissions"] => permissions(vmid),
        ["nodes", _, "storage"] => json!([storage("accolades-hdd", "dir"), storage(&remote, "pbs")]),
        ["cluster", "backup"] => json!([
            job(&format!("{name}-local"), "accolades-hdd", "01:15", &name),
            job(&format!("{name}-remote"), &remote, "03:15", &name),
        ]),
        ["nodes", _, "tasks"] => tasks(now_s, vmid),
        ["cluster", "resources"] => json!([{
            "id": format!("qemu/{vmid}"), "type": "qemu", "node": "pve", "vmid": vmid, "name": name,
            "status": "running", "pool": format!("accolades-{name}"), "uptime": 30 * DAY_S,
        }]),
        ["nodes", _, "qemu", _, "status", "current"] => json!({
            "status": "running", "qmpstatus": "running", "uptime": 30 * DAY_S, "agent": 1, "vmid": vmid, "name": name,
        }),
        ["nodes", _, "storage", storage, "content"] => backups(now_s, vmid, storage),
        ["nodes", _, "qemu", _, "agent", "file-read"] => json!({ "content": marker(now_s, node) }),
        _ => return ("501 Not Implemented", Value::Null),
    };
    ("200 OK", data)
}

fn permissions(vmid: u32) -> Value {
    let vm = BTreeMap::from([("VM.Backup", 1), ("VM.Audit", 1)]);
    let store = BTreeMap::from([("Datastore.AllocateSpace", 1), ("Datastore.Audit", 1)]);
    json!({ "/": { "Sys.Audit": 0 }, "/storage": store, format!("/vms/{vmid}"): vm })
}

fn storage(id: &str, kind: &str) -> Value {
    json!({
        "storage": id, "type": kind, "content": "backup", "enabled": 1, "active": 1, "shared": 0,
        "total": 2000 * GIB, "used": 900 * GIB, "avail": 1100 * GIB, "used_fraction": 0.45,
    })
}

fn job(id: &str, storage: &str, schedule: &str, name: &str) -> Value {
    json!({
        "id": id, "type": "vzdump", "enabled": 1, "schedule": schedule, "storage": storage, "mode": "snapshot",
        "pool": format!("accolades-{name}"), "repeat-missed": 1, "next-run": 0,
        "prune-backups": { "keep-daily": "7", "keep-weekly": "4" },
    })
}

/// The last moment before now at this time of day, in UTC.
fn last_at(now_s: u64, hour: u64, minute: u64) -> u64 {
    let today = now_s / DAY_S * DAY_S + hour * 3600 + minute * 60;
    if today <= now_s { today } else { today - DAY_S }
}

fn tasks(now_s: u64, vmid: u32) -> Value {
    let runs = [(1, 15), (3, 15)]
        .into_iter()
        .flat_map(|(hour, minute)| (0..8).map(move |night| last_at(now_s, hour, minute).saturating_sub(night * DAY_S)));
    let entries = runs.map(|start_s| {
        json!({
            "upid": format!("UPID:pve:0000A1B2:0000C3D4:{start_s:08X}:vzdump:{vmid}:root@pam:"),
            "node": "pve", "type": "vzdump", "id": vmid.to_string(), "user": "root@pam",
            "starttime": start_s, "endtime": start_s + 900, "status": "OK", "pid": 41394, "pstart": 50132,
        })
    });
    entries.collect()
}

fn backups(now_s: u64, vmid: u32, storage: &str) -> Value {
    let remote = storage.starts_with("pbs-");
    let (hour, kept) = if remote { (3, 34) } else { (1, 11) };
    let entries = (0..kept).map(|night| {
        let at_s = last_at(now_s, hour, 15).saturating_sub(night * DAY_S) + 2;
        let mut entry = json!({
            "volid": format!("{storage}:backup/{vmid}/{at_s}"), "content": "backup", "vmid": vmid, "ctime": at_s,
            "subtype": "qemu", "size": 60 * GIB, "format": if remote { "pbs-vm" } else { "vma.zst" },
            "notes": "box (accolades)",
        });
        if remote {
            let upid = format!("UPID:grange:000001A4:0000B3F2:00000003:{at_s:08X}:verify:communs:root@pam:");
            entry["encrypted"] = json!("12:34:56:78:9a:bc:de:f0");
            entry["verification"] = json!({ "state": "ok", "upid": upid });
        }
        entry
    });
    entries.collect()
}

fn marker(now_s: u64, node: u32) -> String {
    let at = jiff::Timestamp::from_second(i64::try_from(last_at(now_s, 0, 40)).expect("a moment")).expect("a moment");
    json!({
        "version": 1, "at": at, "nonce": format!("{node:032x}"),
        "apps": {
            "nextcloud": { "files": 81_234, "rows": 512_345, "app_version": "31.0.5~ynh1" },
            "dolibarr": { "files": 412, "rows": 23_456, "app_version": "21.0.1~ynh1" },
        },
        "system": { "debian": "12.9", "yunohost": "12.1.2" },
    })
    .to_string()
}
