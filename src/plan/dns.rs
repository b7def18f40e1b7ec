//! The DNS records of an instance's domains, computed for its exposure (mail relay included).
//!
//! YunoHost's own suggestion supposes that the machine is the public host and sends its own mail: both are wrong here.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use crate::inventory::model::{Client, Domain, Exposure, InboundMail, Inventory, MailRelay, Placement, Site};

/// One record to publish.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Record {
    /// Full name without a final dot.
    pub name: String,
    /// `A`, `AAAA`, `MX`, `TXT`, `CNAME` or `CAA`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Value as a zone file writes it, texts without their quotes.
    pub value: String,
    /// Why, in words for the person at the registrar's page.
    pub why: &'static str,
}

/// The addresses under which the world reaches an instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublicAddresses {
    /// IPv4.
    pub v4: Option<Ipv4Addr>,
    /// IPv6.
    pub v6: Option<Ipv6Addr>,
}

/// Where the world finds an instance at this place.
pub fn public_addresses(site: &Site, placement: &Placement) -> PublicAddresses {
    match &site.exposure {
        Exposure::Forward { public4, public6 } => {
            PublicAddresses { v4: *public4, v6: placement.address6.filter(|_| *public6).map(|network| network.addr()) }
        }
        Exposure::Relay { public4, public6 } => PublicAddresses { v4: Some(*public4), v6: *public6 },
        Exposure::Lan => PublicAddresses::default(),
    }
}

/// The records of all domains of the clients on an instance.
pub fn records<'a>(
    inventory: &Inventory,
    site: &Site,
    placement: &Placement,
    clients: impl Iterator<Item = &'a Client>,
) -> Vec<Record> {
    let public = public_addresses(site, placement);
    let relay = &inventory.cooperative.relay;
    clients.flat_map(|client| &client.domains).flat_map(|domain| of_domain(domain, public, relay)).collect()
}

fn of_domain(domain: &Domain, public: PublicAddresses, relay: &MailRelay) -> Vec<Record> {
    let name = domain.name.as_str();
    let record = |name: String, kind, value, why| Record { name, kind, value, why };
    let mut records = Vec::new();
    if let Some(address) = public.v4 {
        records.push(record(name.to_owned(), "A", address.to_string(), "web and mail of this domain"));
    }
    if let Some(address) = public.v6 {
        records.push(record(name.to_owned(), "AAAA", address.to_string(), "the same over IPv6"));
    }
    if public.v4.is_some() || public.v6.is_some() {
        let issuer = "0 issue \"letsencrypt.org\"".to_owned();
        records.push(record(name.to_owned(), "CAA", issuer, "only Let's Encrypt may issue certificates"));
    }
    if domain.inbound_mail == InboundMail::Here && public.v4.is_some() {
        records.push(record(name.to_owned(), "MX", format!("10 {name}."), "mail is received here"));
    }
    // With mailboxes elsewhere the domain has its provider's own SPF: the relay is added to it, not put in its place.
    let (spf, why) = match domain.inbound_mail {
        InboundMail::Elsewhere => (relay.spf.clone(), "add this to the SPF record that the domain already has"),
        InboundMail::Here => (format!("v=spf1 mx {} -all", relay.spf), "the relay may send for this domain"),
        InboundMail::None => (format!("v=spf1 {} -all", relay.spf), "the relay may send for this domain"),
    };
    records.push(record(name.to_owned(), "TXT", spf, why));
    if let Some(dkim) = &relay.dkim {
        let key = format!("{}._domainkey.{name}", dkim.selector);
        records.push(record(key, "CNAME", format!("{}.", dkim.target), "the relay's signature (DKIM)"));
    }
    let dmarc = "v=DMARC1; p=quarantine".to_owned();
    records.push(record(format!("_dmarc.{name}"), "TXT", dmarc, "what receivers do with forged mail"));
    records
}
