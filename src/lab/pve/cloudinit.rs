//! What stands on a VM's cloud-init drive.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use percent_encoding::percent_decode_str;
use sha1::{Digest, Sha1};

use super::network::{self, Card};
use super::state::property::{self, Properties};
use super::state::storage::parse_volid;
use super::state::{Lan, Vm};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// The generated data of a cloud-init drive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// SHA-1 of user and network data: when it changes, the guest treats its next boot as a first one.
    pub instance_id: String,
    /// Host name.
    pub hostname: String,
    /// Account for the keys; empty for the image's own (`debian`).
    pub user: String,
    /// Authorized keys, one per entry.
    pub ssh_keys: Vec<String>,
    /// Password as it stands in the configuration, mostly a hash.
    pub password: Option<String>,
    /// Name servers.
    pub nameservers: Vec<String>,
    /// Whether packages are upgraded at first boot.
    pub upgrade: bool,
    /// The vendor snippet's text.
    pub vendor_data: Option<String>,
    /// `user-data`.
    pub user_text: String,
    /// `network-config`.
    pub network_text: String,
    /// `meta-data`.
    pub meta_text: String,
}

/// Addresses that a guest gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// With prefix length.
    pub addresses: Vec<String>,
    /// Whether they come from a DHCP server.
    pub leased: bool,
    /// IPv4 router.
    pub gateway: Option<String>,
}

/// Options that go into the drive.
pub const OPTIONS: [&str; 8] =
    ["cicustom", "cipassword", "citype", "ciuser", "ciupgrade", "nameserver", "searchdomain", "sshkeys"];

/// Whether an option goes into the drive.
pub fn is_option(option: &str) -> bool {
    OPTIONS.contains(&option) || option.strip_prefix("ipconfig").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Notes that a running VM's option is another one now, with the value that it had: the drive keeps that one until it is
/// written anew (sheet Proxmox, section 5a).
pub fn note_change(vm: &mut Vm, option: &str, before: Option<&str>) {
    if !is_option(option) && !network::is_card(option) && option != "name" {
        return;
    }
    let now = vm.config.get(option).cloned();
    let written = vm.on_cloudinit_drive.entry(option.to_owned()).or_insert_with(|| before.map(str::to_owned));
    if *written == now {
        vm.on_cloudinit_drive.remove(option);
    }
}

/// The configuration that a VM's drive was last written from.
fn as_written(vm: &Vm) -> BTreeMap<String, String> {
    let mut config = vm.config.clone();
    for (option, value) in &vm.on_cloudinit_drive {
        match value {
            Some(value) => config.insert(option.clone(), value.clone()),
            None => config.remove(option),
        };
    }
    config
}

/// The SSH keys of a configuration: the value is percent-encoded (sheet Proxmox, section 5a).
pub fn decode_ssh_keys(value: &str) -> Vec<String> {
    let text = percent_decode_str(value).decode_utf8_lossy().into_owned();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What the drive of a VM holds once it is written anew: at the next start, or when that is asked for.
///
/// # Errors
/// When a snippet cannot be read, in Proxmox's words.
pub fn generate(site: &Site, vmid: u32) -> Result<Data, String> {
    data(site, vmid, site.pve.vms.get(&vmid).ok_or_else(|| super::work::no_such_vm(&site.pve.node, vmid))?)
}

/// What the drive of a VM holds now.
///
/// # Errors
/// As [`generate`].
pub fn written(site: &Site, vmid: u32) -> Result<Data, String> {
    let vm = site.pve.vms.get(&vmid).ok_or_else(|| super::work::no_such_vm(&site.pve.node, vmid))?;
    data(site, vmid, &Vm { config: as_written(vm), ..Vm::default() })
}

fn data(site: &Site, vmid: u32, vm: &Vm) -> Result<Data, String> {
    let custom = vm.option("cicustom").map(|text| Properties::parse(text, "")).unwrap_or_default();
    for part in ["user", "network", "meta"] {
        if custom.get(part).is_some() {
            return Err(format!("cicustom {part}= is not simulated in the lab"));
        }
    }
    let vendor_data = custom.get("vendor").map(|volid| snippet(site, volid)).transpose()?;
    let name = vm.option("name").map_or_else(|| format!("VM{vmid}"), str::to_owned);
    let hostname = name.split('.').next().unwrap_or(&name).to_owned();
    let lan = first_lan(site, vm);
    let nameservers = match vm.option("nameserver") {
        Some(text) => property::list(text),
        // Proxmox takes its own resolver, which is the router here.
        None => lan.and_then(|lan| lan.gateway).map(|gateway| gateway.to_string()).into_iter().collect(),
    };
    let mut data = Data {
        hostname,
        user: vm.option("ciuser").unwrap_or_default().to_owned(),
        ssh_keys: vm.option("sshkeys").map(decode_ssh_keys).unwrap_or_default(),
        password: vm.option("cipassword").map(str::to_owned),
        nameservers,
        upgrade: vm.option("ciupgrade").is_none_or(property::is_yes),
        vendor_data,
        ..Data::default()
    };
    data.user_text = user_text(&data, &name, vm.option("searchdomain"));
    data.network_text = network_text(&data, vm);
    data.instance_id = hex::encode(Sha1::digest(format!("{}{}", data.user_text, data.network_text).as_bytes()));
    data.meta_text = format!("instance-id: {}\n", data.instance_id);
    Ok(data)
}

/// The addresses that a VM's guest has once it is up.
pub fn addresses(site: &Site, vmid: u32, around: Surroundings<'_>) -> Network {
    let mut network = Network::default();
    let Some(vm) = site.pve.vms.get(&vmid) else { return network };
    let written = as_written(vm);
    for (key, card) in cards(vm) {
        let Some(lan) = lan_of(site, &card) else { continue };
        let settings = written.get(&format!("ipconfig{}", &key[3..]));
        let Some(settings) = settings.map(|text| Properties::parse(text, "")) else { continue };
        match settings.get("ip") {
            Some("dhcp") => {
                network.leased = true;
                if let Some(address) = leased(site, lan, &card, around).filter(|_| !card.link_down()) {
                    network.addresses.push(address);
                    network.gateway = network.gateway.or(lan.gateway.map(|gateway| gateway.to_string()));
                }
            }
            Some(address) => {
                network.addresses.push(address.to_owned());
                network.gateway = network.gateway.or(settings.get("gw").map(str::to_owned));
            }
            None => {}
        }
        if let Some(address) = settings.get("ip6").filter(|address| address.contains('/')) {
            network.addresses.push(address.to_owned());
        }
    }
    network
}

/// The router's lease for a card: always the same one for the same hardware address.
fn leased(site: &Site, lan: &Lan, card: &Card, around: Surroundings<'_>) -> Option<String> {
    let subnet = lan.subnet?;
    let hosts = u64::from(u32::from(subnet.broadcast()) - u32::from(subnet.network()));
    let host = Key::new(around.seed, &[&site.id, "dhcp", &card.mac]).number(hosts / 2..=hosts.saturating_sub(2));
    let address = u32::from(subnet.network()) + u32::try_from(host).ok()?;
    Some(format!("{}/{}", Ipv4Addr::from(address), subnet.prefix_len()))
}

/// The text of a snippet, read from the node's own file system.
fn snippet(site: &Site, volid: &str) -> Result<String, String> {
    let (storage, name) = parse_volid(volid).ok_or_else(|| format!("unable to parse volume ID '{volid}'"))?;
    let place = super::work::disks::activated(&site.pve, &site.node, storage)?;
    let path = format!("{}/{name}", place.path().unwrap_or_default());
    if !name.starts_with("snippets/") {
        return Err(format!("{volid} is not in the snippets directory"));
    }
    let text = site.node.files.read(&path).ok_or_else(|| format!("can't open '{path}' - No such file or directory"))?;
    Ok(text.to_owned())
}

fn cards(vm: &Vm) -> Vec<(String, Card)> {
    let of = |(key, value): (&String, &String)| network::is_card(key).then(|| (key.clone(), Card::parse(value)));
    vm.config.iter().filter_map(of).collect()
}

fn lan_of<'a>(site: &'a Site, card: &Card) -> Option<&'a Lan> {
    site.pve.hardware.bridges.get(card.bridge()?)
}

fn first_lan<'a>(site: &'a Site, vm: &Vm) -> Option<&'a Lan> {
    cards(vm).iter().find_map(|(_, card)| lan_of(site, card))
}

fn user_text(data: &Data, name: &str, search_domain: Option<&str>) -> String {
    let mut text = format!("#cloud-config\nhostname: {}\nmanage_etc_hosts: true\n", data.hostname);
    if name.contains('.') {
        text.push_str(&format!("fqdn: {name}\n"));
    } else if let Some(domain) = search_domain {
        text.push_str(&format!("fqdn: {name}.{domain}\n"));
    }
    if !data.user.is_empty() {
        text.push_str(&format!("user: {}\n", data.user));
    }
    if let Some(password) = &data.password {
        text.push_str(&format!("password: {password}\n"));
    }
    if !data.ssh_keys.is_empty() {
        text.push_str("ssh_authorized_keys:\n");
        for key in &data.ssh_keys {
            text.push_str(&format!("  - {key}\n"));
        }
    }
    text.push_str("chpasswd:\n  expire: False\n");
    if data.user != "root" {
        text.push_str("users:\n  - default\n");
    }
    if data.upgrade {
        text.push_str("package_upgrade: true\n");
    }
    text
}

fn network_text(data: &Data, vm: &Vm) -> String {
    let mut text = String::from("version: 1\nconfig:\n");
    for (key, card) in cards(vm) {
        let number = &key[3..];
        let Some(settings) = vm.option(&format!("ipconfig{number}")).map(|text| Properties::parse(text, "")) else {
            continue;
        };
        text.push_str(&format!(
            "    - type: physical\n      name: eth{number}\n      mac_address: '{}'\n      subnets:\n",
            card.mac.to_lowercase()
        ));
        text.push_str(&subnet_text(settings.get("ip"), settings.get("gw"), "4"));
        text.push_str(&subnet_text(settings.get("ip6"), settings.get("gw6"), "6"));
    }
    if !data.nameservers.is_empty() || vm.option("searchdomain").is_some() {
        text.push_str("    - type: nameserver\n");
        if !data.nameservers.is_empty() {
            text.push_str("      address:\n");
            for address in &data.nameservers {
                text.push_str(&format!("      - '{address}'\n"));
            }
        }
        if let Some(domain) = vm.option("searchdomain") {
            text.push_str(&format!("      search:\n      - '{domain}'\n"));
        }
    }
    text
}

fn subnet_text(address: Option<&str>, gateway: Option<&str>, version: &str) -> String {
    let Some(address) = address else { return String::new() };
    let mut text = match address {
        "dhcp" => format!("      - type: dhcp{version}\n"),
        "auto" => "      - type: ipv6_slaac\n".to_owned(),
        _ if version == "6" => format!("      - type: static6\n        address: '{address}'\n"),
        _ => {
            let (host, mask) = split_mask(address);
            format!("      - type: static\n        address: '{host}'\n        netmask: '{mask}'\n")
        }
    };
    if let Some(gateway) = gateway.filter(|_| address != "dhcp") {
        text.push_str(&format!("        gateway: '{gateway}'\n"));
    }
    text
}

fn split_mask(address: &str) -> (String, String) {
    match address.parse::<ipnet::Ipv4Net>() {
        Ok(net) => (net.addr().to_string(), net.netmask().to_string()),
        Err(_) => (address.to_owned(), String::new()),
    }
}
