//! What Let's Encrypt sees when it fetches a challenge over HTTP: it asks the public DNS itself, and connects to port 80 of
//! what it finds. No option of YunoHost's spares a domain from that.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::context::Context;

/// Why the challenge for a name does not pass; `None` when it does. In the words of the client that YunoHost uses, around
/// those of the authority.
pub fn problem(context: &Context<'_>, name: &str) -> Option<String> {
    let (kind, detail) = refusal(context, name)?;
    Some(format!(
        "Challenge did not pass for {name}: {{'identifier': {{'type': 'dns', 'value': '{name}'}}, 'status': 'invalid', \
         'challenges': [{{'type': 'http-01', 'status': 'invalid', 'error': {{'type': 'urn:ietf:params:acme:error:{kind}', \
         'detail': '{detail}', 'status': 400}}}}]}}"
    ))
}

/// Kind and words of the authority's error.
fn refusal(context: &Context<'_>, name: &str) -> Option<(&'static str, String)> {
    let published = |kind: &str| {
        let key = (name.to_owned(), kind.to_owned());
        context.around.internet.dns.get(&key).cloned().unwrap_or_default()
    };
    let (four, six) = (published("A"), published("AAAA"));
    if four.is_empty() && six.is_empty() {
        return Some((
            "dns",
            format!(
                "DNS problem: NXDOMAIN looking up A for {name} - check that a DNS record exists for this domain; \
                 DNS problem: NXDOMAIN looking up AAAA for {name} - check that a DNS record exists for this domain"
            ),
        ));
    }
    // IPv6 first; one that nobody answers falls back on IPv4.
    let own_six = |text: &String| text.parse::<Ipv6Addr>().is_ok_and(|address| holds_six(context, address));
    let own_four = |text: &String| text.parse::<Ipv4Addr>().is_ok_and(|address| leads_here(context, address));
    if !six.iter().any(own_six) && !four.iter().any(own_four) {
        let address = four.first().or(six.first()).cloned().unwrap_or_default();
        let detail = format!(
            "{address}: Fetching http://{name}/.well-known/acme-challenge/<token>: Timeout during connect (likely \
             firewall problem)"
        );
        return Some(("connection", detail));
    }
    if !context.machine.units.active("nginx.service") {
        let address = four.first().or(six.first()).cloned().unwrap_or_default();
        let detail =
            format!("{address}: Fetching http://{name}/.well-known/acme-challenge/<token>: Connection refused");
        return Some(("connection", detail));
    }
    None
}

/// Whether port 80 of a public address leads to this machine: through a router, or because it is the machine's own.
fn leads_here(context: &Context<'_>, address: Ipv4Addr) -> bool {
    let own = |text: &String| text.split('/').next().and_then(|text| text.parse().ok()) == Some(address);
    context.machine.public_web.contains(&address)
        || (!address.is_private() && context.machine.addresses.iter().any(own))
}

fn holds_six(context: &Context<'_>, address: Ipv6Addr) -> bool {
    let own = |text: &String| text.split('/').next().and_then(|text| text.parse().ok()) == Some(address);
    context.machine.addresses.iter().any(own)
}
