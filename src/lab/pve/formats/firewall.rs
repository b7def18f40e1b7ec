//! Addresses, ports and protocols of firewall rules.

use std::net::{IpAddr, Ipv6Addr};

use super::{Verdict, must};

/// The most numbers in a list of ports; a range counts twice.
const PORTS_MAX: usize = 15;

/// Services that a port may be named after.
const SERVICES: [&str; 28] = [
    "ftp",
    "ftp-data",
    "ssh",
    "telnet",
    "smtp",
    "domain",
    "bootps",
    "bootpc",
    "tftp",
    "http",
    "kerberos",
    "pop3",
    "sunrpc",
    "ntp",
    "imap2",
    "snmp",
    "ldap",
    "https",
    "submissions",
    "submission",
    "syslog",
    "ldaps",
    "imaps",
    "pop3s",
    "rsync",
    "mysql",
    "postgresql",
    "xmpp-client",
];

/// ICMP types that may stand in place of a destination port.
const ICMP_TYPES: [&str; 20] = [
    "any",
    "echo-reply",
    "destination-unreachable",
    "network-unreachable",
    "host-unreachable",
    "protocol-unreachable",
    "port-unreachable",
    "fragmentation-needed",
    "source-quench",
    "redirect",
    "echo-request",
    "router-advertisement",
    "router-solicitation",
    "time-exceeded",
    "ttl-exceeded",
    "ttl-zero-during-transit",
    "parameter-problem",
    "timestamp-request",
    "neighbor-solicitation",
    "neighbour-advertisement",
];

/// Protocols by name; any number below 256 is one, too.
const PROTOCOLS: [&str; 14] =
    ["ip", "icmp", "igmp", "tcp", "udp", "dccp", "ipv6", "gre", "esp", "ah", "ipv6-icmp", "icmpv6", "ospf", "sctp"];

pub(super) fn check(format: &str, value: &str) -> Verdict {
    match format {
        "pve-fw-addr-spec" => Some(addresses(value)),
        "pve-fw-sport-spec" => Some(ports(value, false)),
        "pve-fw-dport-spec" => Some(ports(value, true)),
        "pve-fw-protocol-spec" => {
            must(value.is_empty() || PROTOCOLS.contains(&value) || value.parse::<u8>().is_ok(), || {
                format!("unknown protocol '{value}'")
            })
        }
        "pve-fw-icmp-type-spec" => {
            must(value.is_empty() || ICMP_TYPES.contains(&value), || format!("invalid icmp-type value '{value}'"))
        }
        _ => None,
    }
}

fn no_extra_commas(value: &str) -> Result<(), String> {
    if value.ends_with(',') { Err("extraneous commas in list".to_owned()) } else { Ok(()) }
}

/// A set (`+name`), an alias, or a list of addresses, networks or one range.
fn addresses(value: &str) -> Result<(), String> {
    let is_name = |name: &str| {
        name.len() >= 2
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_".contains(&one))
    };
    if value.strip_prefix('+').is_some_and(|set| !set.is_empty() && !set.contains(char::is_whitespace)) {
        return Ok(());
    }
    if is_name(value.trim_start_matches("dc/").trim_start_matches("guest/")) {
        return Ok(());
    }
    no_extra_commas(value)?;
    let elements: Vec<&str> = value.split(',').collect();
    let mut version_6 = None;
    for element in &elements {
        let is_6 = address(element).map_err(|error| format!("invalid IP address: {error}"))?;
        if *version_6.get_or_insert(is_6) != is_6 {
            return Err(format!("detected mixed ipv4/ipv6 addresses in address list '{value}'"));
        }
    }
    if elements.len() > 1 && value.contains('-') {
        return Err("you can't use a range in a list".to_owned());
    }
    Ok(())
}

/// Whether an address, network or range is of version 6.
fn address(text: &str) -> Result<bool, String> {
    if let Some((first, last)) = text.split_once('-') {
        return Ok(bare_address(first)? & bare_address(last)?);
    }
    let Some((bare, length)) = text.split_once('/') else {
        return bare_address(text);
    };
    let is_6 = bare_address(bare)?;
    let longest = if is_6 { 128 } else { 32 };
    match length.parse::<u32>() {
        Ok(length) if length <= longest && is_network(bare, length) => Ok(is_6),
        Ok(length) if length <= longest => Err(format!("Invalid prefix {bare}/{length}")),
        _ => Err(format!("Invalid prefix length /{length}")),
    }
}

/// Whether the bits behind the prefix are zero.
fn is_network(address: &str, length: u32) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(address)) => 32 - u32::from(address).trailing_zeros().min(32) <= length,
        Ok(IpAddr::V6(address)) => 128 - u128::from(address).trailing_zeros().min(128) <= length,
        Err(_) => false,
    }
}

fn bare_address(text: &str) -> Result<bool, String> {
    if text.contains(':') {
        return match text.parse::<Ipv6Addr>() {
            Ok(_) => Ok(true),
            Err(_) => Err(format!("Invalid address {text}")),
        };
    }
    if text.is_empty() || text.contains(|one: char| one != '.' && !one.is_ascii_digit()) {
        return Err(format!("Invalid chars in IP {text}"));
    }
    if text.starts_with('.') {
        return Err(format!("Invalid IP {text} - starts with a dot"));
    }
    if text.ends_with('.') {
        return Err(format!("Invalid IP {text} - ends with a dot"));
    }
    let quads: Vec<&str> = text.split('.').collect();
    if quads.len() > 4 {
        return Err(format!("Invalid IP address {text}"));
    }
    if quads.contains(&"") {
        return Err(format!("Empty quad in IP address {text}"));
    }
    match quads.iter().find(|quad| quad.parse::<u8>().is_err()) {
        Some(quad) => Err(format!("Invalid quad in IP address {text} - {quad}")),
        None => Ok(false),
    }
}

fn ports(value: &str, destination: bool) -> Result<(), String> {
    no_extra_commas(value)?;
    let port = |text: &str| match text.parse::<u64>() {
        Ok(number) if number > 65535 => Err(format!("invalid port '{text}'")),
        Ok(number) => Ok(Some(number)),
        Err(_) => Ok(None),
    };
    let mut numbers = 0;
    let mut icmp = false;
    for item in value.split(',').filter(|item| !item.is_empty()) {
        let range = item.split_once(':').filter(|(first, last)| is_digits(first) && is_digits(last));
        if let Some((first, last)) = range {
            numbers += 2;
            if port(first)? > port(last)? {
                return Err(format!("backwards range '{first}:{last}' not allowed, did you mean '{last}:{first}'?"));
            }
        } else if is_digits(item) {
            numbers += 1;
            port(item)?;
        } else if destination && ICMP_TYPES.contains(&item) {
            icmp = true;
        } else if SERVICES.contains(&item) {
            numbers += 1;
        } else {
            return Err(format!("invalid port '{item}'"));
        }
    }
    if icmp && numbers > 0 {
        return Err("ICMP ports not allowed in port range".to_owned());
    }
    if numbers > PORTS_MAX {
        return Err(format!("too many entries in port list (> {PORTS_MAX} numbers)"));
    }
    Ok(())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit())
}
