//! Hosts, addresses and the names that Proxmox gives to things (sheet Proxmox, sections 5 and 10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::names;
use super::refusal::Refusal;

/// A host as one writes it in a connection: an IP address, or a DNS name in lower case.
///
/// # Errors
/// A [`Refusal`] when it is neither, or when a port or a scheme is glued to it.
pub fn host(text: &str) -> Result<String, Refusal> {
    let looks_like_ipv4 = text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    if !looks_like_ipv4 && text.len() <= 253 && text.split('.').all(names::is_label) {
        return Ok(text.to_owned());
    }
    let refusal = Refusal::new(format!("`{text}` is neither an IP address nor a host name"));
    Err(match text.split_once("://") {
        Some((_, rest)) => refusal.hint(format!("leave the scheme away: `{}`", rest.trim_end_matches('/'))),
        None if text.contains(':') => refusal.hint("the port is a key of its own"),
        None => refusal.hint("write it in lower case: letters, digits, points and inner dashes"),
    })
}

/// An IP address.
///
/// # Errors
/// A [`Refusal`] when it is none.
pub fn ip(text: &str) -> Result<String, Refusal> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(Refusal::new(format!("`{text}` is not an IP address"))),
    }
}

/// An IPv4 address.
///
/// # Errors
/// A [`Refusal`] when it is none.
pub fn ipv4(text: &str) -> Result<Ipv4Addr, Refusal> {
    text.parse().map_err(|_| {
        Refusal::new(format!("`{text}` is not an IPv4 address")).hint("four numbers from 0 to 255: `192.168.1.1`")
    })
}

/// An IPv6 address.
///
/// # Errors
/// A [`Refusal`] when it is none.
pub fn ipv6(text: &str) -> Result<Ipv6Addr, Refusal> {
    text.parse().map_err(|_| Refusal::new(format!("`{text}` is not an IPv6 address")).hint("as in `2001:db8:69::1`"))
}

/// An IPv4 address that the world can reach: not private, loopback, link-local or multicast.
///
/// # Errors
/// A [`Refusal`] that says so.
pub fn public_ipv4(text: &str) -> Result<Ipv4Addr, Refusal> {
    let address = ipv4(text)?;
    let shared = address.octets()[0] == 100 && (64..128).contains(&address.octets()[1]);
    if address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_unspecified()
        || shared
    {
        return Err(Refusal::new(format!("`{address}` is not a public address"))
            .hint("DNS records will carry it: write the address that the world sees"));
    }
    Ok(address)
}

/// An IPv6 address that the world can reach: not loopback, link-local, unique-local or multicast.
///
/// # Errors
/// A [`Refusal`] that says so.
pub fn public_ipv6(text: &str) -> Result<Ipv6Addr, Refusal> {
    let address = ipv6(text)?;
    let first = address.segments()[0];
    let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
    if address.is_loopback() || address.is_multicast() || address.is_unspecified() || local {
        return Err(Refusal::new(format!("`{address}` is not a public address"))
            .hint("DNS records will carry it: write the address that the world sees"));
    }
    Ok(address)
}

/// A machine's IPv4 address with the length of its network: neither the network's nor the broadcast address.
///
/// # Errors
/// A [`Refusal`] when the form is wrong or the address is none a machine may have.
pub fn address4(text: &str) -> Result<Ipv4Net, Refusal> {
    let net: Ipv4Net = text.parse().map_err(|_| {
        Refusal::new(format!("`{text}` is not an IPv4 address with its network"))
            .hint("write the address and the length of the network: `192.168.1.20/24`")
    })?;
    if !(8..=30).contains(&net.prefix_len()) {
        return Err(Refusal::new(format!(
            "a network of /{} has no room for a gateway and an instance",
            net.prefix_len()
        ))
        .hint("most local networks are /24"));
    }
    if net.addr() == net.network() {
        return Err(Refusal::new(format!("`{}` is the address of the network itself", net.addr())));
    }
    if net.addr() == net.broadcast() {
        return Err(Refusal::new(format!("`{}` is the broadcast address of its network", net.addr())));
    }
    Ok(net)
}

/// A machine's IPv6 address with the length of its network.
///
/// # Errors
/// As [`address4`].
pub fn address6(text: &str) -> Result<Ipv6Net, Refusal> {
    let net: Ipv6Net = text.parse().map_err(|_| {
        Refusal::new(format!("`{text}` is not an IPv6 address with its network"))
            .hint("write the address and the length of the network: `2001:db8:69::20/64`")
    })?;
    if net.addr() == net.network() {
        return Err(Refusal::new(format!("`{}` is the address of the network itself", net.addr())));
    }
    Ok(net)
}

/// An e-mail address that YunoHost and its relay take: local part of letters, digits, `_ . + -`, a lower-case domain.
///
/// # Errors
/// A [`Refusal`] that says which half is wrong.
pub fn email(text: &str) -> Result<String, Refusal> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(Refusal::new(format!("`{text}` is not an e-mail address")).hint("it has no `@`"));
    };
    let sound = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    if !sound {
        return Err(Refusal::new(format!("`{text}` is not an e-mail address"))
            .hint("before the `@`: letters, digits, `_`, `.`, `+` and `-`"));
    }
    names::domain(domain).map_err(|refusal| Refusal {
        problem: format!("`{text}` is not an e-mail address: {}", refusal.problem),
        hint: refusal.hint,
    })?;
    Ok(text.to_owned())
}

/// A web address that a node downloads from.
///
/// # Errors
/// A [`Refusal`] when it is not `https` or `http`, or has no host or path.
pub fn download_url(text: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::new(format!("`{text}` is not a download address"));
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some((authority, path)) = rest.and_then(|rest| rest.split_once('/')) else {
        return Err(refusal().hint("write `https://HOST/PATH`"));
    };
    let whole = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if authority.is_empty() || authority.contains('@') || path.is_empty() || !whole {
        return Err(refusal().hint("write `https://HOST/PATH`, without spaces and without an account"));
    }
    Ok(text.to_owned())
}

/// The name of a Proxmox node: one label of a host name.
///
/// # Errors
/// A [`Refusal`] when Proxmox would refuse it.
pub fn node_name(text: &str) -> Result<String, Refusal> {
    if names::is_label(text) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the name of a Proxmox node"))
        .hint("as `hostname` prints it on the node: lower-case letters, digits and inner dashes, no point"))
}

/// The id of a Proxmox storage or datastore: a letter, then letters, digits, `-`, `_` and `.`, a letter or digit last.
///
/// # Errors
/// A [`Refusal`] when Proxmox would refuse it.
pub fn storage_id(text: &str) -> Result<String, Refusal> {
    let formed = text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if formed {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the id of a Proxmox storage"))
        .hint("as `pvesm status` prints it: a letter first, then letters, digits, `-`, `_` and `.`"))
}

/// The name of a network bridge: at most 15 characters, as Linux names interfaces.
///
/// # Errors
/// A [`Refusal`] when it is none.
pub fn bridge(text: &str) -> Result<String, Refusal> {
    let formed = (2..=15).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if formed {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the name of a bridge")).hint("Proxmox's first one is `vmbr0`"))
}

/// The serial number of a disk, as `lsblk -o SERIAL` prints it.
///
/// # Errors
/// A [`Refusal`] when it has spaces or slashes, which none has.
pub fn disk_serial(text: &str) -> Result<String, Refusal> {
    let formed = (4..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if formed {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the serial number of a disk"))
        .hint("copy what `lsblk -o NAME,SIZE,SERIAL` prints on the node"))
}

/// The file name of a disk image; ends in `.qcow2` or `.raw`, which is what an import accepts (sheet Proxmox, section 5a).
///
/// # Errors
/// A [`Refusal`] that says so.
pub fn image_filename(text: &str) -> Result<String, Refusal> {
    let sound = !text.starts_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && text.len() <= 128;
    if sound && (text.ends_with(".qcow2") || text.ends_with(".raw")) {
        return Ok(text.to_owned());
    }
    let refusal = Refusal::new(format!("`{text}` is not the name of an image that Proxmox imports"));
    Err(match text.strip_suffix(".img") {
        Some(stem) => refusal.hint(format!("Proxmox refuses `.img`: write `{stem}.qcow2` (or `.raw`)")),
        None => refusal.hint("letters, digits, `-`, `_`, `.`, and `.qcow2` or `.raw` at the end"),
    })
}
