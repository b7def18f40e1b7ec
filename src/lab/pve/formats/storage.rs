//! Storages and their volumes.

use super::{Verdict, ids, must, network};

const CONTENT_TYPES: [&str; 8] = ["images", "rootdir", "vztmpl", "iso", "backup", "snippets", "none", "import"];

pub(super) fn check(format: &str, value: &str) -> Verdict {
    match format {
        "pve-volume-id" => volume_id(value),
        // An absolute path is for root only, which the method itself checks.
        "pve-volume-id-or-absolute-path" if value.starts_with('/') => Some(Ok(())),
        "pve-volume-id-or-absolute-path" => volume_id(value),
        "pve-volume-id-or-qm-path" if value.starts_with('/') || ["none", "cdrom"].contains(&value) => Some(Ok(())),
        "pve-volume-id-or-qm-path" => volume_id(value),
        "pve-storage-content" => must(CONTENT_TYPES.contains(&value), || format!("invalid content type '{value}'")),
        "pve-storage-path" => must(is_path(value), || "value does not look like a valid absolute path".to_owned()),
        "pve-storage-server" => must(network::is_ip(value) || network::is_dns_name(value), || {
            "value does not look like a valid server name or IP address".to_owned()
        }),
        "pve-storage-portal-dns" => {
            must(is_portal(value), || "value does not look like a valid portal address".to_owned())
        }
        "pve-storage-vgname" => {
            must(is_volume_group(value), || format!("lvm name '{value}' contains illegal characters"))
        }
        "pve-storage-options" => {
            must(!value.is_empty() && !value.contains(char::is_whitespace), || format!("invalid options '{value}'"))
        }
        "pve-storage-zfs-blocksize" => must(is_block_size(value), || format!("invalid ZFS block size '{value}'")),
        "pve-dir-override" => must(is_override(value), || format!("invalid override '{value}'")),
        "disk-size" => must(is_size(value), || format!("value does not look like a valid disk size: {value}")),
        "storage-pair" => storage_pair(value),
        _ => None,
    }
}

/// `storage:volume`.
fn volume_id(value: &str) -> Verdict {
    let fits = value.split_once(':').is_some_and(|(storage, name)| ids::is_storage_id(storage) && !name.is_empty());
    must(fits, || format!("unable to parse volume ID '{value}'"))
}

/// Proxmox looks at the start only.
fn is_path(value: &str) -> bool {
    value.strip_prefix('/').is_some_and(|rest| rest.starts_with(|first| !";()".contains(first)))
}

fn is_portal(value: &str) -> bool {
    let is_host = |host: &str| network::is_ip(host) || network::is_dns_name(host);
    is_host(value)
        || value
            .rsplit_once(':')
            .is_some_and(|(host, port)| is_host(host.trim_matches(['[', ']'])) && port.parse::<u16>().is_ok())
}

fn is_volume_group(value: &str) -> bool {
    value.len() >= 2
        && value.starts_with(|first: char| first.is_ascii_alphanumeric())
        && value.ends_with(|last: char| last.is_ascii_alphanumeric())
        && value.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_.".contains(&one))
}

fn is_block_size(value: &str) -> bool {
    let digits = value.trim_end_matches(['k', 'K', 'm', 'M']);
    value.len() - digits.len() <= 1 && !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit())
}

fn is_override(value: &str) -> bool {
    value.split_once('=').is_some_and(|(content, path)| {
        CONTENT_TYPES.contains(&content)
            && !path.is_empty()
            && !path.contains("..")
            && path.len() < 1023
            && path.split('/').all(|part| part.len() < 255)
    })
}

/// `40`, `1.5T`.
fn is_size(value: &str) -> bool {
    let number = value.strip_suffix(['K', 'M', 'G', 'T']).unwrap_or(value);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => all_digits(number),
    }
}

/// `1` (every storage to itself), one target, or `source:target`.
fn storage_pair(value: &str) -> Verdict {
    let bad = value.split(':').find_map(|id| check_id(id).err());
    match bad {
        Some(text) if value != "1" => Some(Err(format!("entry '{value}' contains invalid ID - {text}\n\n"))),
        _ => Some(Ok(())),
    }
}

fn check_id(id: &str) -> Result<(), String> {
    ids::check("pve-storage-id", id).unwrap_or(Ok(()))
}
