//! The server's own machine.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;
use crate::pbs::schedule;

type Answer = Result<Reply, Refusal>;

/// Memory of the machine in bytes.
const MEMORY_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Size of its root file system in bytes.
const ROOT_BYTES: u64 = 100_000_000_000;

/// `GET /nodes`
pub fn list(_: &mut Call<'_>) -> Answer {
    Ok(json!([{ "node": "localhost" }]).into())
}

/// `GET /nodes/{node}`
pub fn index(_: &mut Call<'_>) -> Answer {
    let below = [
        "apt",
        "certificates",
        "config",
        "disks",
        "dns",
        "identity",
        "journal",
        "network",
        "report",
        "rrd",
        "services",
        "status",
        "subscription",
        "syslog",
        "tasks",
        "termproxy",
        "time",
        "vncwebsocket",
    ];
    Ok(below.iter().map(|name| json!({ "subdir": name })).collect::<Value>().into())
}

/// `GET /nodes/{node}/certificates`
pub fn certificates_index(_: &mut Call<'_>) -> Answer {
    let below = ["acme", "custom", "info"];
    Ok(below.iter().map(|name| json!({ "subdir": name })).collect::<Value>().into())
}

/// `GET /nodes/{node}/tasks/{upid}`
pub fn task_index(_: &mut Call<'_>) -> Answer {
    Ok(["log", "status"].iter().map(|name| json!({ "subdir": name })).collect::<Value>().into())
}

/// `GET /nodes/{node}/status`: load is always the same.
pub fn status(call: &mut Call<'_>) -> Answer {
    let server = call.server();
    let uptime_s = call.now.unix_seconds() - server.booted.unix_seconds();
    let used = MEMORY_BYTES / 4;
    Ok(json!({
        "boot-info": { "mode": "efi", "secureboot": false },
        "cpu": 0.02,
        "cpuinfo": { "cpus": 4, "model": "lab", "sockets": 1 },
        "current-kernel": { "machine": "x86_64", "release": "6.17.0-lab", "sysname": "Linux", "version": "lab" },
        "info": { "fingerprint": server.fingerprint.to_lowercase() },
        "kversion": "Linux 6.17.0-lab",
        "loadavg": [0.05, 0.04, 0.01],
        "memory": { "total": MEMORY_BYTES, "used": used, "free": MEMORY_BYTES - used },
        "root": { "total": ROOT_BYTES, "used": ROOT_BYTES / 10, "avail": ROOT_BYTES - ROOT_BYTES / 10 },
        "swap": { "total": 0, "used": 0, "free": 0 },
        "uptime": uptime_s,
        "wait": 0.0,
    })
    .into())
}

/// `GET /nodes/{node}/time`; `localtime` counts as if the wall showed UTC.
pub fn time(call: &mut Call<'_>) -> Answer {
    let now_s = call.now.unix_seconds();
    let zone = call.server().time_zone();
    let offset_s = Timestamp::from_second(now_s).map_or(0, |now| i64::from(zone.to_offset(now).seconds()));
    Ok(json!({ "timezone": call.server().zone, "time": now_s, "localtime": now_s + offset_s }).into())
}

/// `PUT /nodes/{node}/time`: calendar events are meant in the new zone from now on.
pub fn set_time(call: &mut Call<'_>) -> Answer {
    let name = call.word("timezone");
    if jiff::tz::TimeZone::get(&name).is_err() {
        return Err(Refusal::bad(format!("No such timezone. ({name})")));
    }
    let server = call.server_mut();
    server.zone = name;
    let zone = server.time_zone();
    for jobs in [&mut server.jobs.sync, &mut server.jobs.verify, &mut server.jobs.prune] {
        jobs.values_mut().for_each(|job| schedule::plan(job, &zone));
    }
    for store in server.datastores.values_mut() {
        let schedule = store.option("gc-schedule").map(str::to_owned);
        store.gc_runs.plan(schedule.as_deref(), &zone);
    }
    nothing()
}

/// `GET /nodes/{node}/certificates/info`
pub fn certificates(call: &mut Call<'_>) -> Answer {
    let server = call.server();
    Ok(json!([{
        "filename": "proxy.pem",
        "fingerprint": server.fingerprint,
        "issuer": format!("CN = {}", server.node),
        "pem": server.certificate_pem,
        "san": [server.node],
        "subject": format!("CN = {}", server.node),
    }])
    .into())
}
