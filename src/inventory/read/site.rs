//! `sites/ID.toml`.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::tz::TimeZone;

use super::backup::{keep, schedule};
use super::cooperative::{time_zone, zone_named};
use super::id;
use crate::domain::backup::calendar::Reads;
use crate::domain::ids::{BackupServerId, SiteId, VmId};
use crate::domain::refusal::Refusal;
use crate::domain::{hosts, keys};
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{Exposure, Node, Reach, Site, SiteBackup};
use crate::inventory::reader::Reader;

/// Resolvers at most: more than three are ignored by Linux.
const NAMESERVERS_MAX: usize = 3;

/// What other files may contradict.
#[derive(Debug, Default)]
pub struct SiteClaims {
    /// Reference to a backup server.
    pub backup_server: Option<Placed<BackupServerId>>,
    /// Address of the node.
    pub node_address: Option<Placed<String>>,
    /// Gateways of the local network.
    pub gateway4: Option<Placed<Ipv4Addr>>,
    /// The IPv6 one.
    pub gateway6: Option<Placed<Ipv6Addr>>,
    /// VM id of the template.
    pub template: Option<Placed<VmId>>,
    /// When remote backups run, where that is written.
    pub remote_schedule: Option<Placed<()>>,
}

/// Reads a site; schedules are in its node's zone, or in the co-operative's.
pub fn site(site_id: &SiteId, reader: &Reader<'_>, zone: &TimeZone) -> (Option<Site>, SiteClaims) {
    let version = reader.whole::<i64>("version");
    let name = reader.words("name");
    let backup_server = reader.text("backup_server", id::<BackupServerId>);
    let (node, mut claims) = reader.table("node").map(|table| node(&table)).unwrap_or_default();
    let reach = reader.table("reach").and_then(|table| reach(&table));
    let exposure = reader.table("exposure").and_then(|table| exposure(&table));
    let own_zone = node.as_ref().and_then(|node| zone_named(node.time_zone.as_deref()?));
    let backup = reader
        .table_or_defaults("backup")
        .and_then(|table| site_backup(&table, own_zone.as_ref().unwrap_or(zone), &mut claims));
    claims.backup_server = backup_server.clone();
    let model = || {
        version?;
        Some(Site {
            id: site_id.clone(),
            name: name?.value,
            node: node?,
            reach: reach?,
            exposure: exposure?,
            backup_server: backup_server.map(|server| server.value),
            backup: backup?,
        })
    };
    (model(), claims)
}

fn site_backup(reader: &Reader<'_>, zone: &TimeZone, claims: &mut SiteClaims) -> Option<SiteBackup> {
    let local_schedule = schedule(reader, "local_schedule", Reads::Node, zone);
    let local_keep = keep(reader, "local_keep");
    let remote_schedule = schedule(reader, "remote_schedule", Reads::Node, zone);
    let fleecing = reader.truth("fleecing");
    let upload = reader.whole("upload_kib_per_second");
    let restore = reader.whole("restore_kib_per_second");
    if reader.has("remote_schedule") {
        claims.remote_schedule = Some(Placed { value: (), place: reader.place_of("remote_schedule") });
    }
    Some(SiteBackup {
        local_schedule: local_schedule?,
        local_keep: local_keep?,
        remote_schedule: remote_schedule?,
        fleecing: fleecing?.value,
        upload_kib_per_second: upload.map(|bound| bound.value),
        restore_kib_per_second: restore.map(|bound| bound.value),
    })
}

fn node(reader: &Reader<'_>) -> (Option<Node>, SiteClaims) {
    let name = reader.text("name", hosts::node_name);
    let address = reader.text("address", hosts::host);
    let api_port = reader.whole("api_port");
    let ssh_port = reader.whole("ssh_port");
    let tls_fingerprint = reader.text("tls_fingerprint", keys::tls_fingerprint);
    let ssh_host_key = reader.text("ssh_host_key", keys::host_key);
    let vm_storage = reader.text("vm_storage", hosts::storage_id);
    let image_storage = reader.text("image_storage", hosts::storage_id);
    let backup_disk_serial = reader.text("backup_disk_serial", hosts::disk_serial);
    let bridge = reader.text("bridge", hosts::bridge);
    let gateway4 = reader.text("gateway4", hosts::ipv4);
    let gateway6 = reader.text("gateway6", hosts::ipv6);
    let nameservers = reader.texts("nameservers", 1..=NAMESERVERS_MAX, hosts::ip);
    let template = reader.whole("template").map(|number| Placed { value: VmId(number.value), place: number.place });
    let time_zone = reader.text("time_zone", time_zone);
    let claims = SiteClaims {
        backup_server: None,
        remote_schedule: None,
        node_address: address.clone(),
        gateway4: gateway4.clone(),
        gateway6: gateway6.clone(),
        template: template.clone(),
    };
    let model = || {
        Some(Node {
            name: name?.value,
            address: address?.value,
            api_port: api_port?.value,
            ssh_port: ssh_port?.value,
            tls_fingerprint: tls_fingerprint?.value,
            ssh_host_key: ssh_host_key?.value,
            vm_storage: vm_storage?.value,
            image_storage: image_storage?.value,
            backup_disk_serial: backup_disk_serial?.value,
            bridge: bridge?.value,
            gateway4: gateway4?.value,
            gateway6: gateway6.map(|gateway| gateway.value),
            nameservers: nameservers?,
            template: template.map(|template| template.value),
            time_zone: time_zone.map(|zone| zone.value),
        })
    };
    (model(), claims)
}

fn reach(reader: &Reader<'_>) -> Option<Reach> {
    match reader.variant()?.as_str() {
        "direct" => Some(Reach::Direct),
        "wireguard" => Some(Reach::Wireguard),
        _ => {
            let host = reader.text("host", hosts::host);
            let port = reader.whole("port");
            let user = reader.text("user", unix_account);
            let host_key = reader.text("host_key", keys::host_key);
            Some(Reach::Jump { host: host?.value, port: port?.value, user: user?.value, host_key: host_key?.value })
        }
    }
}

fn exposure(reader: &Reader<'_>) -> Option<Exposure> {
    match reader.variant()?.as_str() {
        "lan" => Some(Exposure::Lan),
        "forward" => {
            let public4 = reader.text("public4", hosts::public_ipv4).map(|address| address.value);
            Some(Exposure::Forward { public4, public6: reader.truth("ipv6_open")?.value })
        }
        _ => {
            let public4 = reader.text("public4", hosts::public_ipv4);
            let public6 = reader.text("public6", hosts::public_ipv6).map(|address| address.value);
            if !reader.has("public4") {
                let mistake =
                    Mistake::new("a relay needs its public address", reader.place(), "`public4` belongs here");
                reader.add(mistake.help("DNS records point to it, for example `public4 = \"203.0.113.20\"`"));
            }
            Some(Exposure::Relay { public4: public4?.value, public6 })
        }
    }
}

/// An account on a jump host: not one of YunoHost, so dashes are fine.
fn unix_account(text: &str) -> Result<String, Refusal> {
    let sound = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.len() <= 32
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte));
    if sound {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the name of an account")).hint("the host is a key of its own: `host`"))
}
