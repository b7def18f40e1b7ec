//! `firewall *`: ports by protocol, and what reloading says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::job::{Failure, Job, Outcome};
use super::regenconf::sshd_port;
use super::reply::Args;

/// The firewall's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// `tcp` and `udp`: port or range to its entry, in numerical order.
    pub ports: BTreeMap<String, BTreeMap<PortRange, Port>>,
    /// Whether the router is asked to forward ports (UPnP).
    pub upnp: bool,
}

/// A port or a range of ports, as it is written (`22`, `5000:5010`). Single ports come before ranges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PortRange {
    is_range: bool,
    first: u32,
    text: String,
}

/// What is known of a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Whether it is open.
    pub open: bool,
    /// Whether the router is asked to forward it.
    pub upnp: bool,
    /// Why it is there.
    pub comment: String,
}

impl From<String> for PortRange {
    fn from(text: String) -> PortRange {
        let first = text.split(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        PortRange { is_range: text.contains(':'), first, text }
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> String {
        range.text
    }
}

impl PortRange {
    fn json(&self) -> Value {
        if self.is_range { Value::from(self.text.clone()) } else { Value::from(self.first) }
    }
}

/// Protocol, port, forwarded by the router, comment.
const CORE: &[(&str, &str, bool, &str)] = &[
    ("tcp", "22", true, "Default SSH port"),
    ("tcp", "25", true, "SMTP email server (postfix)"),
    ("tcp", "80", true, "HTTP server (nginx)"),
    ("tcp", "443", true, "HTTPS server (nginx)"),
    ("tcp", "587", true, "SMTP MSA email server (postfix)"),
    ("tcp", "993", true, "IMAP email server (dovecot)"),
    ("udp", "53", false, "DNS server (dnsmasq)"),
    ("udp", "1900", false, "UPnP services"),
    ("udp", "5353", false, "mDNS (yunomdns)"),
    ("udp", "55354", false, "YunoHost UPnP firewall configurator"),
];

impl Default for Firewall {
    fn default() -> Firewall {
        let mut firewall = Firewall { ports: BTreeMap::new(), upnp: false };
        for (protocol, port, upnp, comment) in CORE {
            let entry = Port { open: true, upnp: *upnp, comment: (*comment).to_owned() };
            firewall.protocol(protocol).insert(PortRange::from((*port).to_owned()), entry);
        }
        firewall
    }
}

impl Firewall {
    fn protocol(&mut self, protocol: &str) -> &mut BTreeMap<PortRange, Port> {
        self.ports.entry(protocol.to_owned()).or_default()
    }

    /// Whether a port is open to the outside.
    pub fn is_open(&self, protocol: &str, port: u16) -> bool {
        let Some(ports) = self.ports.get(protocol) else { return false };
        ports.iter().filter(|(_, entry)| entry.open).any(|(range, _)| {
            let last = range.text.split(':').nth(1).and_then(|last| last.parse().ok()).unwrap_or(range.first);
            (range.first..=last).contains(&u32::from(port))
        })
    }

    /// Whether the configuration has an entry for a port, open or not.
    pub fn knows(&self, protocol: &str, port: &str) -> bool {
        let range = PortRange::from(port.to_owned());
        self.ports.get(protocol).is_some_and(|ports| ports.contains_key(&range))
    }

    /// The open ports as the rules of nftables.
    pub fn rules(&self) -> String {
        let rule = |(protocol, ports): (&String, &BTreeMap<PortRange, Port>)| {
            let open = ports.iter().filter(|(_, port)| port.open).map(|(range, _)| range.text.replace(':', "-"));
            format!("{protocol} dport {{ {} }} accept\n", open.collect::<Vec<_>>().join(", "))
        };
        self.ports.iter().map(rule).collect()
    }

    /// Opens or closes a port; true when that changed anything.
    pub fn set(&mut self, protocol: &str, port: &str, open: bool, comment: Option<&str>, upnp: Option<bool>) -> bool {
        let range = PortRange::from(port.to_owned());
        let ports = self.protocol(protocol);
        let missing = Port { open: false, upnp: false, comment: comment.unwrap_or_default().to_owned() };
        if !open && !ports.contains_key(&range) {
            return false;
        }
        let entry = ports.entry(range).or_insert(missing);
        let changed = entry.open != open;
        entry.open = open;
        if let Some(upnp) = upnp {
            entry.upnp = upnp;
        }
        changed
    }
}

/// Runs a `firewall` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "firewall list" => Ok(Some(list(job, args))),
        // The port arrives as text and is compared with numbers: the answer is always no.
        "firewall is-open" => Ok(Some(Value::Bool(false))),
        "firewall open" => switch(job, args, args.one("--protocol"), true, true),
        "firewall close" => switch(job, args, args.one("--protocol"), false, true),
        "firewall allow" => switch(job, args, args.one("protocol"), true, false),
        "firewall disallow" => switch(job, args, args.one("protocol"), false, false),
        "firewall delete" => delete(job, args),
        "firewall reload" => reload(job, false).map(|()| None),
        "firewall upnp" => upnp(job, args),
        "firewall stop" => {
            job.ynh.services.known.entry("nftables".to_owned()).and_modify(|service| service.running = false);
            Ok(None)
        }
        _ => return None,
    })
}

fn protocols(asked: Option<&str>) -> Vec<String> {
    match asked.unwrap_or("tcp").to_lowercase().as_str() {
        "both" => vec!["tcp".to_owned(), "udp".to_owned()],
        one => vec![one.to_owned()],
    }
}

fn list(job: &mut Job<'_>, args: &Args) -> Value {
    let firewall = &job.ynh.firewall;
    let mut shown = Map::new();
    if args.given("--raw") {
        shown.insert("router_forwarding_upnp".to_owned(), Value::from(firewall.upnp));
        for (protocol, ports) in &firewall.ports {
            let entry = |(range, port): (&PortRange, &Port)| {
                (range.text.clone(), json!({"open": port.open, "upnp": port.upnp, "comment": port.comment}))
            };
            shown.insert(protocol.clone(), Value::Object(ports.iter().map(entry).collect()));
        }
        return Value::Object(shown);
    }
    let forwarded = args.given("--forwarded");
    for protocol in protocols(args.one("--protocol")) {
        let ports = firewall.ports.get(&protocol).into_iter().flatten();
        let wanted = |port: &Port| if forwarded { port.upnp } else { port.open };
        let numbers: Vec<Value> = ports.filter(|(_, port)| wanted(port)).map(|(range, _)| range.json()).collect();
        shown.insert(protocol, Value::from(numbers));
    }
    Value::Object(shown)
}

fn switch(job: &mut Job<'_>, args: &Args, protocol: Option<&str>, open: bool, may_upnp: bool) -> Outcome {
    let port = args.one("port").unwrap_or_default().to_owned();
    let comment = args.one("comment").map(str::to_owned);
    let upnp = (may_upnp && open && args.given("--upnp")).then_some(true);
    let upnp_only = !open && args.given("--upnp-only");
    let mut changed = false;
    for protocol in protocols(protocol) {
        if upnp_only {
            if let Some(entry) = job.ynh.firewall.protocol(&protocol).get_mut(&PortRange::from(port.clone())) {
                entry.upnp = false;
            }
            continue;
        }
        // SSH's own port is never closed: nothing is said about it either.
        if !open && protocol == "tcp" && port == sshd_port(job.files) {
            continue;
        }
        let now_changed = job.ynh.firewall.set(&protocol, &port, open, comment.as_deref(), upnp);
        if !now_changed {
            job.warning(format!("Port {port} is already {}", if open { "opened" } else { "closed" }));
        }
        changed |= now_changed;
    }
    if !args.given("--no-reload") {
        reload(job, changed)?;
    }
    Ok(None)
}

fn delete(job: &mut Job<'_>, args: &Args) -> Outcome {
    let port = args.one("port").unwrap_or_default().to_owned();
    let mut changed = false;
    for protocol in protocols(args.one("--protocol")) {
        match job.ynh.firewall.protocol(&protocol).remove(&PortRange::from(port.clone())) {
            Some(entry) => changed |= entry.open,
            None => job.warning(format!("Port {port} is already closed")),
        }
    }
    if !args.given("--no-reload") {
        reload(job, changed)?;
    }
    Ok(None)
}

/// Reloading looks up the port of the SSH server among those it knows, and falls over when it is not there (sheet
/// YunoHost, section 10, "Lock-outs").
fn reload(job: &mut Job<'_>, changed: bool) -> Result<(), Failure> {
    let port = sshd_port(job.files);
    if !job.ynh.firewall.knows("tcp", &port) {
        return Err(Failure::Traceback(format!("KeyError: {port}")));
    }
    job.takes_ms(2_500);
    if changed {
        job.success("Configuration updated for 'nftables'");
    }
    job.success("Firewall reloaded");
    Ok(())
}

/// No router of the lab speaks UPnP.
fn upnp(job: &mut Job<'_>, args: &Args) -> Outcome {
    job.takes_ms(3000);
    if args.one("action") == Some("disable") {
        job.ynh.firewall.upnp = false;
        job.success("UPnP turned off");
        return Ok(Some(json!({"enabled": false})));
    }
    if !job.around.internet.validators_reachable {
        for _ in 0..4 {
            job.err("sendto: Network is unreachable");
        }
    }
    job.warning("Failed to find any UPnP device on the network");
    job.error("No UPnP device found");
    Err(Failure::error("Could not open port via UPnP"))
}
