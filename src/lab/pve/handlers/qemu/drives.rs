//! Checks of drives that are asked for, before anything is made.

use std::collections::BTreeMap;

use super::super::{storage, volume_access};
use crate::pve::call::{Call, Refusal};
use crate::pve::cloudinit;
use crate::pve::state::Drive;
use crate::pve::state::drive::{Wanted, is_drive};
use crate::pve::state::property::Properties;
use crate::pve::state::storage::{content_of, parse_volid};
use crate::world::Site;

/// Refuses drives that are written wrongly, whatever the storages are.
///
/// # Errors
/// 400 on the drive's option.
pub fn check_form(options: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for (key, value) in options.iter().filter(|(key, _)| is_drive(key)) {
        let drive = Drive::parse(value);
        let empty_new = matches!(drive.wanted(), Wanted::New { bytes: 0, .. });
        if drive.0.get("import-from").is_some() && !empty_new {
            return Err(Refusal::param(
                key,
                "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
            ));
        }
        if let Wanted::Existing(volid) = drive.wanted()
            && parse_volid(&volid).is_some_and(|(_, name)| content_of(name) == "iso")
            && drive.0.get("media") != Some("cdrom")
        {
            return Err(Refusal::param(key, "explicit 'media=cdrom' is required for iso images"));
        }
    }
    Ok(())
}

/// Refuses storages and volumes that the caller may not use or that cannot carry what is asked for.
///
/// # Errors
/// 403, 400 or 500 as Proxmox checks them one after the other.
pub fn check_storages(
    site: &Site,
    call: &Call,
    vmid: u32,
    options: &BTreeMap<String, String>,
    default_storage: Option<&str>,
) -> Result<(), Refusal> {
    let access = &site.pve.access;
    for (key, value) in options.iter().filter(|(key, _)| is_drive(key)) {
        let drive = Drive::parse(value);
        match drive.wanted() {
            Wanted::NoMedium | Wanted::CloudInit { .. } => {}
            Wanted::New { storage: id, .. } => {
                let id = if id.is_empty() { default_storage.unwrap_or_default() } else { id.as_str() };
                access.require(&call.caller, &format!("/storage/{id}"), &["Datastore.AllocateSpace"])?;
                if !storage::find(&site.pve, id)?.carries("images") {
                    return Err(Refusal::param("storage", format!("storage '{id}' does not support vm images")));
                }
            }
            Wanted::Existing(volid) => {
                volume_access::check(site, call, Some(vmid), &volid)?;
                let content = parse_volid(&volid).map(|(_, name)| content_of(name));
                if content.is_some_and(|content| !matches!(content, "images" | "iso")) {
                    return Err(Refusal::param(key, "content type needs to be 'images' or 'iso'"));
                }
            }
        }
        if let Some(source) = drive.0.get("import-from") {
            check_source(site, call, vmid, key, source)?;
        }
    }
    if let Some(custom) = options.get("cicustom") {
        for volid in Properties::parse(custom, "").rest.values() {
            check_snippet(site, call, volid)?;
        }
    }
    if let Some(id) = options.get("vmstatestorage") {
        access.require(&call.caller, &format!("/storage/{id}"), &["Datastore.AllocateSpace"])?;
    }
    Ok(())
}

/// Refuses SSH keys that are none. The value is percent-encoded.
///
/// # Errors
/// 500.
pub fn check_ssh_keys(options: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let Some(value) = options.get("sshkeys") else { return Ok(()) };
    let keys = cloudinit::decode_ssh_keys(value);
    let valid = |line: &String| {
        line.starts_with('#')
            || line.split_whitespace().any(|word| {
                ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
            }) && line.split_whitespace().count() > 1
    };
    if keys.iter().all(valid) { Ok(()) } else { Err(Refusal::died("SSH public key validation error")) }
}

fn check_source(site: &Site, call: &Call, vmid: u32, key: &str, source: &str) -> Result<(), Refusal> {
    let Some((id, name)) = parse_volid(source) else {
        return volume_access::check(site, call, Some(vmid), source);
    };
    storage::find(&site.pve, id)?;
    let content = content_of(name);
    if !matches!(content, "images" | "import") {
        return Err(Refusal::param(
            key,
            format!("{source} has wrong type '{content}' - needs to be 'images' or 'import'"),
        ));
    }
    if name.ends_with(".ova") {
        return Err(Refusal::Status(501, "extracting an ova is not simulated in the lab".to_owned()));
    }
    match volume_access::owner_of(site, source, name).filter(|_| content == "images") {
        Some(owner) => site.pve.access.require(&call.caller, &format!("/vms/{owner}"), &["VM.Clone"]),
        None => volume_access::check(site, call, Some(vmid), source),
    }
}

fn check_snippet(site: &Site, call: &Call, volid: &str) -> Result<(), Refusal> {
    volume_access::check(site, call, None, volid)?;
    let Some((id, name)) = parse_volid(volid) else { return Ok(()) };
    if content_of(name) != "snippets" {
        return Err(Refusal::died(format!("unable to parse directory volume name '{name}'")));
    }
    if !storage::find(&site.pve, id)?.carries("snippets") {
        return Err(Refusal::died(format!("storage '{id}' does not support content type 'snippets'")));
    }
    Ok(())
}
