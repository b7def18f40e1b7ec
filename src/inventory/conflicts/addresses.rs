//! Addresses of instances: in the network of their site's gateway, and used by one machine at a time.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::civil::Date;

use super::{Drafts, InstanceDraft, SiteDraft};
use crate::domain::ids::SiteId;
use crate::inventory::mistake::{Mistake, Place};
use crate::inventory::read::PlacementClaim;
use crate::inventory::reader::Findings;

/// An instance's use of an address: from a day until before another.
struct Use<'a> {
    from: Date,
    before: Date,
    instance: &'a str,
    place: &'a Place,
}

type Uses<'a> = HashMap<(&'a SiteId, IpAddr), Vec<Use<'a>>>;

/// Records addresses outside their site's network, and those used by two machines at once.
pub fn find(drafts: &Drafts, findings: &Findings) {
    let mut uses: Uses<'_> = HashMap::new();
    for instance in drafts.instances.values() {
        collect(instance, &mut uses);
        for placement in &instance.claims.placements {
            let site = placement.site.as_ref().and_then(|site| drafts.sites.get(&site.value));
            if let Some(site) = site {
                demand_fits_site(placement, site, findings);
            }
        }
    }
    for ((site, address), mut uses) in uses {
        uses.sort_by_key(|one| (one.from, one.instance));
        for pair in uses.windows(2) {
            let (earlier, later) = (&pair[0], &pair[1]);
            if later.from < earlier.before && earlier.instance != later.instance {
                let problem = format!(
                    "address {address} at site `{site}` belongs to `{}` and to `{}`",
                    earlier.instance, later.instance
                );
                findings.add(Mistake::new(problem, later.place, "used again").also(earlier.place, "used here"));
            }
        }
    }
}

fn collect<'a>(instance: &'a InstanceDraft, uses: &mut Uses<'a>) {
    let placements = &instance.claims.placements;
    for (index, placement) in placements.iter().enumerate() {
        let (Some(from), Some(site)) = (&placement.from, &placement.site) else { continue };
        let next = placements.get(index + 1).and_then(|next| next.from.as_ref());
        let before = next.map_or(Date::MAX, |next| next.value);
        let addresses = [
            placement.address4.as_ref().map(|one| (IpAddr::from(one.value.addr()), &one.place)),
            placement.address6.as_ref().map(|one| (IpAddr::from(one.value.addr()), &one.place)),
        ];
        for (address, place) in addresses.into_iter().flatten() {
            let one = Use { from: from.value, before, instance: instance.id.as_str(), place };
            uses.entry((&site.value, address)).or_default().push(one);
        }
    }
}

fn demand_fits_site(placement: &PlacementClaim, site: &SiteDraft, findings: &Findings) {
    let node =
        site.claims.node_address.as_ref().and_then(|node| Some((node.value.parse::<IpAddr>().ok()?, &node.place)));
    if let Some(address) = &placement.address4 {
        if let Some(gateway) = &site.claims.gateway4 {
            if address.value.addr() == gateway.value {
                let problem = format!("{} is the gateway of site `{}`", gateway.value, site.id);
                findings.add(Mistake::new(problem, &address.place, "taken").also(&gateway.place, "the gateway"));
            } else if !address.value.contains(&gateway.value) {
                let problem = format!("{} does not contain the gateway of site `{}`", address.value.trunc(), site.id);
                let mistake = Mistake::new(problem, &address.place, "another network");
                findings.add(
                    mistake
                        .also(&gateway.place, "the gateway")
                        .help("check the address and the length after the slash"),
                );
            }
        }
        demand_not_the_node(IpAddr::from(address.value.addr()), &address.place, node, findings);
    }
    if let Some(address) = &placement.address6 {
        match &site.claims.gateway6 {
            None => {
                let problem = format!("site `{}` has no IPv6 gateway", site.id);
                let mistake = Mistake::new(problem, &address.place, "leads nowhere").also(&site.place, "the site");
                findings.add(mistake.help("add `gateway6` to its `[node]`, or leave `address6` away"));
            }
            Some(gateway) if address.value.addr() == gateway.value => {
                let problem = format!("{} is the gateway of site `{}`", gateway.value, site.id);
                findings.add(Mistake::new(problem, &address.place, "taken").also(&gateway.place, "the gateway"));
            }
            // Routers announce themselves by link-local addresses, which lie in no network of ours.
            Some(gateway) if gateway.value.is_unicast_link_local() || address.value.contains(&gateway.value) => {}
            Some(gateway) => {
                let problem = format!("{} does not contain the gateway of site `{}`", address.value.trunc(), site.id);
                findings
                    .add(Mistake::new(problem, &address.place, "another network").also(&gateway.place, "the gateway"));
            }
        }
        demand_not_the_node(IpAddr::from(address.value.addr()), &address.place, node, findings);
    }
}

fn demand_not_the_node(address: IpAddr, place: &Place, node: Option<(IpAddr, &Place)>, findings: &Findings) {
    if let Some((node, node_place)) = node
        && node == address
    {
        findings.add(
            Mistake::new(format!("{address} is the node's own address"), place, "taken").also(node_place, "the node"),
        );
    }
}
