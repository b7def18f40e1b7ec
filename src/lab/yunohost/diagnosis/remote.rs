//! What is asked of the internet: addresses, published names, ports, web, mail.

use serde_json::{Value, json};

use super::Item;
use crate::yunohost::job::Job;
use crate::yunohost::view;

/// Ports that are looked at: port, service, what it is for.
const PORTS: &[(u16, &str, &str)] = &[
    (22, "ssh", "admin"),
    (25, "postfix", "email"),
    (80, "nginx", "web"),
    (443, "nginx", "web"),
    (587, "postfix", "email"),
    (993, "dovecot", "email"),
];

/// Connection to the internet.
pub fn ip(job: &Job<'_>) -> Vec<Item> {
    let outside = &job.ynh.diagnosis.outside;
    if !job.around.internet.validators_reachable || (outside.ipv4.is_none() && outside.ipv6.is_none()) {
        let text = "The server does not seem to be connected to the Internet at all!?";
        return vec![Item::new(json!({"test": "ping"}), "ERROR", "diagnosis_ip_not_connected_at_all", text)];
    }
    let resolution = Item::new(
        json!({"test": "dnsresolv"}),
        "SUCCESS",
        "diagnosis_ip_dnsresolution_working",
        "Domain name resolution is working!",
    );
    vec![resolution, ip_version(4, outside.ipv4.as_deref()), ip_version(6, outside.ipv6.as_deref())]
}

fn ip_version(version: u8, address: Option<&str>) -> Item {
    let meta = json!({"test": format!("ipv{version}")});
    match address {
        Some(address) => Item::new(
            meta,
            "SUCCESS",
            &format!("diagnosis_ip_connected_ipv{version}"),
            format!("The server is connected to the Internet through IPv{version}!"),
        )
        .with_data(json!({"global": address}))
        .with_detail("diagnosis_ip_global", Some(json!({"global": address})), format!("Global IP: {address}")),
        None => Item::new(
            meta,
            if version == 4 { "ERROR" } else { "WARNING" },
            &format!("diagnosis_ip_no_ipv{version}"),
            format!("The server does not have working IPv{version}."),
        )
        .with_data(json!({"global": null})),
    }
}

/// Published records of each domain against what they should be.
pub fn dns_records(job: &Job<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for domain in view::domains(job.ynh) {
        if is_special(&domain) {
            let text = format!(
                "Domain {domain} is based on a special-use top-level domain (TLD) such as .local or .test and is therefore not expected to have actual DNS records."
            );
            items.push(Item::new(
                json!({"domain": domain, "category": "basic"}),
                "INFO",
                "diagnosis_dns_specialusedomain",
                text,
            ));
            continue;
        }
        for category in ["basic", "mail", "extra"] {
            items.push(records_of(job, &domain, category));
        }
    }
    items
}

/// Top-level domains that cannot be in the public DNS.
pub(crate) fn is_special(domain: &str) -> bool {
    ["home.arpa", "local", "localhost", "onion", "test"]
        .iter()
        .any(|top| domain.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn records_of(job: &Job<'_>, domain: &str, category: &str) -> Item {
    let outside = &job.ynh.diagnosis.outside;
    let mut expected: Vec<(&str, String, Option<String>)> = Vec::new();
    match category {
        "basic" => {
            if let Some(address) = &outside.ipv4 {
                expected.push(("A", domain.to_owned(), Some(address.clone())));
            }
            if let Some(address) = &outside.ipv6 {
                expected.push(("AAAA", domain.to_owned(), Some(address.clone())));
            }
        }
        "mail" => {
            expected.push(("MX", domain.to_owned(), Some(format!("10 {domain}."))));
            // What exactly the policy says may differ: that there is one is what counts.
            expected.push(("TXT", domain.to_owned(), None));
        }
        _ => {}
    }
    let published = |name: &str, kind: &str| {
        let values = job.around.internet.dns.get(&(name.to_owned(), kind.to_owned()));
        values.and_then(|values| values.first()).cloned()
    };
    let mut item = Item::new(
        json!({"domain": domain, "category": category}),
        "SUCCESS",
        "diagnosis_dns_good_conf",
        format!("DNS records are correctly configured for domain {domain} (category {category})"),
    );
    let mut data = serde_json::Map::new();
    for (kind, name, value) in expected {
        let current = published(&name, kind);
        data.insert(format!("{kind}:{name}"), current.clone().map_or(Value::Null, Value::from));
        let wanted = value.clone().unwrap_or_else(|| "\"v=spf1 a mx -all\"".to_owned());
        match current {
            None => {
                let text = format!(
                    "Please try to add a DNS record with the following info.<br>Type: {kind}<br>Name: {name}<br>Value: {wanted}"
                );
                item = item.with_detail(
                    "diagnosis_dns_missing_record",
                    Some(json!({"type": kind, "name": name, "value": wanted})),
                    text,
                );
            }
            Some(current)
                if value.is_some_and(|value| value.trim_end_matches('.') != current.trim_end_matches('.')) =>
            {
                let text = format!(
                    "The following DNS record does not seem to follow the recommended configuration:<br>Type: {kind}<br>Name: {name}<br>Current value: {current}<br>Expected value: {wanted}"
                );
                item = item.with_detail(
                    "diagnosis_dns_discrepancy",
                    Some(json!({"type": kind, "name": name, "current": current, "value": wanted})),
                    text,
                );
            }
            Some(_) => {}
        }
    }
    if !item.details.is_empty() {
        // Missing basic records are serious on the main domain and wherever a certificate is wanted.
        item.status = if category == "basic" { "ERROR" } else { "WARNING" }.to_owned();
        item.summary = "diagnosis_dns_bad_conf".to_owned();
        item.text = format!("Some DNS records are missing or incorrect for domain {domain} (category {category})");
    }
    item.data = data;
    item
}

fn reached(job: &Job<'_>, port: u16) -> bool {
    job.ynh.diagnosis.outside.forwarded_ports.contains(&port) && job.ynh.firewall.is_open("tcp", port)
}

fn runs(job: &Job<'_>, service: &str) -> bool {
    job.ynh.services.known.get(service).is_some_and(|service| service.running)
}

/// Ports as they are seen from outside.
pub fn ports(job: &Job<'_>) -> Vec<Item> {
    PORTS
        .iter()
        .map(|(port, service, category)| {
            let meta = json!({"port": port.to_string()});
            let data = json!({"service": service, "category": category});
            let needed = format!("Exposing this port is needed for {category} features (service {service})");
            let item = if reached(job, *port) && runs(job, service) {
                Item::new(meta, "SUCCESS", "diagnosis_ports_ok", format!("Port {port} is reachable from the outside."))
            } else {
                Item::new(
                    meta,
                    "ERROR",
                    "diagnosis_ports_unreachable",
                    format!("Port {port} is not reachable from the outside."),
                )
            };
            item.with_data(data.clone()).with_detail("diagnosis_ports_needed_by", Some(data), needed)
        })
        .collect()
}

/// Whether each domain answers over HTTP from outside: its name must lead here and port 80 must be let through.
pub fn web(job: &Job<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for domain in view::domains(job.ynh) {
        if is_special(&domain) {
            let text = format!(
                "Domain {domain} is based on a special-use top-level domain (TLD) such as .local or .test and is therefore not expected to be exposed outside the local network."
            );
            items.push(Item::new(json!({"domain": domain}), "INFO", "diagnosis_http_special_use_tld", text));
            continue;
        }
        let meta = json!({"test": "http", "domain": domain});
        items.push(if leads_here(job, &domain) && reached(job, 80) && runs(job, "nginx") {
            let text = format!("Domain {domain} is reachable through HTTP from outside the local network.");
            Item::new(meta, "SUCCESS", "diagnosis_http_ok", text)
        } else {
            let text = format!("Domain {domain} appears unreachable through HTTP from outside the local network.");
            let tip = "Timed-out while trying to contact your server from the outside. It appears to be unreachable.";
            Item::new(meta, "ERROR", "diagnosis_http_unreachable", text).with_detail(
                "diagnosis_http_timeout",
                None,
                tip,
            )
        });
    }
    items
}

fn leads_here(job: &Job<'_>, domain: &str) -> bool {
    let outside = &job.ynh.diagnosis.outside;
    let found = |kind: &str, address: &Option<String>| {
        let values = job.around.internet.dns.get(&(domain.to_owned(), kind.to_owned()));
        address.as_ref().is_some_and(|address| values.is_some_and(|values| values.contains(address)))
    };
    found("A", &outside.ipv4) || found("AAAA", &outside.ipv6)
}

/// Mail: outgoing port 25 and reverse DNS, also when a relay is on (sheet YunoHost, section 4, "settings").
pub fn mail(job: &Job<'_>) -> Vec<Item> {
    let outside = &job.ynh.diagnosis.outside;
    let outgoing = if outside.outgoing_port_25 {
        let text = "The SMTP mail server is able to send emails (outgoing port 25 is not blocked).";
        Item::new(json!({"test": "outgoing_port_25"}), "SUCCESS", "diagnosis_mail_outgoing_port_25_ok", text)
    } else {
        Item::new(
            json!({"test": "outgoing_port_25", "ipversion": 4}),
            "ERROR",
            "diagnosis_mail_outgoing_port_25_blocked",
            "The SMTP mail server cannot send emails to other servers because outgoing port 25 is blocked in IPv4.",
        )
        .with_detail(
            "diagnosis_mail_outgoing_port_25_blocked_details",
            None,
            "You should first try to unblock outgoing port 25 in your internet router interface or your hosting provider interface. (Some hosting providers may require you to send them a support ticket for this).",
        )
    };
    let ehlo = if reached(job, 25) && runs(job, "postfix") {
        let text = "The SMTP mail server is reachable from the outside and therefore is able to receive emails!";
        Item::new(json!({"test": "mail_ehlo"}), "SUCCESS", "diagnosis_mail_ehlo_ok", text)
    } else {
        let text = "The SMTP mail server is unreachable from the outside on IPv4. It won't be able to receive emails.";
        Item::new(json!({"test": "mail_ehlo", "ipversion": 4}), "ERROR", "diagnosis_mail_ehlo_unreachable", text)
    };
    let main = view::main_domain(job.ynh);
    let reverse = match &outside.reverse_dns {
        Some(name) if *name == main => {
            Item::new(json!({"test": "mail_fcrdns"}), "SUCCESS", "diagnosis_mail_fcrdns_ok", "Your reverse DNS is correctly configured!")
        }
        Some(name) => Item::new(
            json!({"test": "mail_fcrdns", "ip": outside.ipv4, "ehlo_domain": main}),
            "ERROR",
            "diagnosis_mail_fcrdns_different_from_ehlo_domain",
            "The reverse DNS is not correctly configured in IPv4. Some emails may fail to get delivered or be flagged as spam.",
        )
        .with_data(json!({"rdns_domain": name})),
        None => Item::new(
            json!({"test": "mail_fcrdns", "ip": outside.ipv4, "ehlo_domain": main}),
            "ERROR",
            "diagnosis_mail_fcrdns_dns_missing",
            "No reverse DNS is defined in IPv4. Some emails may fail to get delivered or be flagged as spam.",
        ),
    };
    let blacklist = Item::new(
        json!({"test": "mail_blacklist"}),
        "SUCCESS",
        "diagnosis_mail_blacklist_ok",
        "The IPs and domains used by this server do not appear to be blacklisted",
    );
    let queue = Item::new(
        json!({"test": "mail_queue"}),
        "SUCCESS",
        "diagnosis_mail_queue_ok",
        "0 pending emails in the mail queues",
    )
    .with_data(json!({"nb_pending": 0}));
    vec![outgoing, ehlo, reverse, blacklist, queue]
}
