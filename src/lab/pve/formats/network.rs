//! Addresses, names in the network, mail.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Verdict, ids, must};

pub(super) fn check(format: &str, value: &str) -> Verdict {
    let valid = |satisfied: bool, what: &str| must(satisfied, || format!("value does not look like a valid {what}"));
    match format {
        "dns-name" => valid(is_dns_name(value), "DNS name"),
        "ip" => valid(is_ip(value), "IP address"),
        "ipv4" => valid(is_ipv4(value), "IPv4 address"),
        "ipv6" => valid(is_ipv6(value), "IPv6 address"),
        "CIDR" => valid(is_cidr_v4(value) || is_cidr_v6(value), "CIDR network"),
        "CIDRv4" => valid(is_cidr_v4(value), "IPv4 CIDR network"),
        "CIDRv6" => valid(is_cidr_v6(value), "IPv6 CIDR network"),
        "pve-ipv4-config" => {
            valid(["dhcp", "manual"].contains(&value) || is_cidr_v4(value), "ipv4 network configuration")
        }
        "pve-ipv6-config" => {
            valid(["auto", "dhcp", "manual"].contains(&value) || is_cidr_v6(value), "ipv6 network configuration")
        }
        "address" => {
            must(is_ip(value) || is_dns_name(value), || format!("value does not look like a valid address: {value}"))
        }
        "mac-addr" => valid(is_unicast_mac(value), "unicast MAC address"),
        "mac-prefix" => must(is_mac_prefix(value), || "value is not a valid unicast MAC address prefix".to_owned()),
        "pve-iface" => must(is_interface(value), || format!("invalid network interface name '{value}'")),
        "pve-bridge-id" => must(is_bridge(value), || format!("invalid bridge ID '{value}'")),
        "email" => valid(is_mail(value), "email address"),
        "email-or-username" => valid(is_mail(value) || is_mail_name(value), "email address or user name"),
        _ => None,
    }
}

/// Labels separated by dots; Proxmox checks no lengths.
pub(super) fn is_dns_name(value: &str) -> bool {
    value.split('.').all(ids::is_label)
}

pub(super) fn is_ip(value: &str) -> bool {
    value.parse::<IpAddr>().is_ok()
}

fn is_ipv4(value: &str) -> bool {
    value.parse::<Ipv4Addr>().is_ok()
}

fn is_ipv6(value: &str) -> bool {
    value.parse::<Ipv6Addr>().is_ok()
}

/// An address of a network with its prefix length, at least 8: shorter ones are taken for mistakes.
fn is_cidr(value: &str, is_address: fn(&str) -> bool, longest: u32) -> bool {
    value.split_once('/').is_some_and(|(address, length)| {
        is_address(address)
            && length.bytes().all(|one| one.is_ascii_digit())
            && length.parse::<u32>().is_ok_and(|length| (8..=longest).contains(&length))
    })
}

fn is_cidr_v4(value: &str) -> bool {
    is_cidr(value, is_ipv4, 32)
}

fn is_cidr_v6(value: &str) -> bool {
    is_cidr(value, is_ipv6, 128)
}

fn is_hex_pair(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|one| one.is_ascii_hexdigit())
}

/// A first byte whose multicast bit is not set.
fn is_unicast_byte(value: &str) -> bool {
    is_hex_pair(value) && u8::from_str_radix(value, 16).is_ok_and(|byte| byte & 1 == 0)
}

fn is_unicast_mac(value: &str) -> bool {
    let bytes: Vec<&str> = value.split(':').collect();
    bytes.len() == 6 && is_unicast_byte(bytes[0]) && bytes[1..].iter().all(|byte| is_hex_pair(byte))
}

fn is_mac_prefix(value: &str) -> bool {
    let bytes: Vec<&str> = value.strip_suffix(':').unwrap_or(value).split(':').collect();
    bytes.len() <= 3 && is_unicast_byte(bytes[0]) && bytes[1..].iter().all(|byte| is_hex_pair(byte))
}

fn is_interface(value: &str) -> bool {
    let (name, unit) = match value.split_once([':', '.']) {
        Some((name, unit)) => (name, Some(unit)),
        None => (value, None),
    };
    (2..=21).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_')
        && unit.is_none_or(|unit| !unit.is_empty() && unit.bytes().all(|one| one.is_ascii_digit()))
}

fn is_bridge(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|one| one.is_alphanumeric() || "-_.".contains(one))
}

/// What stands before the `@`, also alone.
fn is_mail_name(value: &str) -> bool {
    value
        .split('.')
        .all(|part| !part.is_empty() && part.chars().all(|one| one.is_alphanumeric() || "_+-~".contains(one)))
}

fn is_mail(value: &str) -> bool {
    let is_domain_part =
        |part: &str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'-');
    value.split_once('@').is_some_and(|(name, domain)| is_mail_name(name) && domain.split('.').all(is_domain_part))
}
