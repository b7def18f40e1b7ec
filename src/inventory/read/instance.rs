//! `instances/ID.toml`.

use ipnet::{Ipv4Net, Ipv6Net};
use jiff::civil::Date;

use super::{demand_increasing, id};
use crate::domain::ids::{InstanceId, SiteId, VmId};
use crate::domain::{hosts, names};
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{Instance, LeftOut, Placement, Without};
use crate::inventory::reader::{Reader, plain};

/// What other files may contradict.
#[derive(Debug, Default)]
pub struct InstanceClaims {
    /// Its VM id.
    pub vmid: Option<Placed<VmId>>,
    /// Its main domain.
    pub main_domain: Option<Placed<String>>,
    /// Its places.
    pub placements: Vec<PlacementClaim>,
}

/// A placement as far as it could be read.
#[derive(Debug)]
pub struct PlacementClaim {
    /// First day.
    pub from: Option<Placed<Date>>,
    /// The site.
    pub site: Option<Placed<SiteId>>,
    /// IPv4 address.
    pub address4: Option<Placed<Ipv4Net>>,
    /// IPv6 address.
    pub address6: Option<Placed<Ipv6Net>>,
}

/// Reads an instance.
pub fn instance(instance_id: &InstanceId, reader: &Reader<'_>) -> (Option<Instance>, InstanceClaims) {
    let version = reader.whole::<i64>("version");
    let vmid = reader.whole("vmid").map(|number| Placed { value: VmId(number.value), place: number.place });
    let cores = reader.whole("cores");
    let memory_mib = reader.whole("memory_mib");
    let disk_gib = reader.whole("disk_gib");
    let main_domain = reader.text("main_domain", names::domain);
    let key_sheet_kept = reader.words("key_sheet_kept").map(|kept| kept.value);
    let placements: Vec<PlacementClaim> = reader.tables("placements").iter().map(placement).collect();
    let days: Vec<_> = placements.iter().map(|placement| placement.from.clone()).collect();
    demand_increasing(reader, "placements", &days);
    let without = without(reader);
    let model = || {
        version?;
        Some(Instance {
            id: instance_id.clone(),
            vmid: vmid.as_ref()?.value,
            cores: cores?.value,
            memory_mib: memory_mib?.value,
            disk_gib: disk_gib?.value,
            main_domain: main_domain.as_ref()?.value.clone(),
            key_sheet_kept: key_sheet_kept.clone(),
            placements: placements.iter().map(PlacementClaim::model).collect::<Option<_>>()?,
            without: without.clone()?,
        })
    };
    let model = model();
    (model, InstanceClaims { vmid, main_domain, placements })
}

/// What is not done for it, each once.
fn without(reader: &Reader<'_>) -> Option<Vec<Without>> {
    let mut all: Vec<Without> = Vec::new();
    let mut sound = true;
    for one in reader.tables("without") {
        let (what, why) = (one.word::<LeftOut>("what"), one.text("why", plain));
        let (Some(what), Some(why)) = (what, why) else {
            sound = false;
            continue;
        };
        if all.iter().any(|earlier| earlier.what == what.value) {
            one.add(
                Mistake::new("this is left out twice", &what.place, "here again").help("keep one of the two reasons"),
            );
            sound = false;
            continue;
        }
        all.push(Without { what: what.value, why: why.value });
    }
    sound.then_some(all)
}

fn placement(reader: &Reader<'_>) -> PlacementClaim {
    PlacementClaim {
        from: reader.day("from"),
        site: reader.text("site", id::<SiteId>),
        address4: reader.text("address4", hosts::address4),
        address6: reader.text("address6", hosts::address6),
    }
}

impl PlacementClaim {
    fn model(&self) -> Option<Placement> {
        Some(Placement {
            from: self.from.as_ref()?.value,
            site: self.site.as_ref()?.value.clone(),
            address4: self.address4.as_ref()?.value,
            address6: self.address6.as_ref().map(|address| address.value),
        })
    }
}
