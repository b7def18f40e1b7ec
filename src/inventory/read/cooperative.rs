//! `cooperative.toml`.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::billing;
use super::identity::identity;
use super::{mail, platform};
use crate::domain::ids::VmId;
use crate::domain::money::Cents;
use crate::domain::refusal::Refusal;
use crate::domain::{hosts, keys, names};
use crate::inventory::mistake::{Mistake, Place, Placed, did_you_mean};
use crate::inventory::model::{Cooperative, DiskImage, Limits, MailRelay, RelayDkim, VmIdRange};
use crate::inventory::reader::{Reader, plain};

/// Technicians' keys at most: each is authorised on every instance.
const SSH_KEYS_MAX: usize = 50;

/// What other files may contradict.
#[derive(Debug, Default)]
pub struct CooperativeClaims {
    /// The reserved range, with the place of its table.
    pub vm_ids: Option<Placed<VmIdRange>>,
    /// The technicians' account on every instance.
    pub admin_username: Option<Placed<String>>,
    /// The seat price of contracts that name none.
    pub seat_price: Option<Cents>,
    /// The zone of machines whose own is not named.
    pub time_zone: Option<String>,
}

/// Reads the co-operative.
pub fn cooperative(reader: &Reader<'_>) -> (Option<Cooperative>, CooperativeClaims) {
    let version = reader.whole::<i64>("version");
    let time_zone = reader.text("time_zone", time_zone);
    let support_email = reader.text("support_email", hosts::email);
    let support_phone = reader.words("support_phone");
    let admin_username = reader.text("admin_username", names::username);
    let admin_full_name = reader.text("admin_full_name", names::full_name);
    let ssh_keys = reader.texts("ssh_keys", 1..=SSH_KEYS_MAX, keys::login_key);
    let seat_price = reader.price("seat_price");
    let vm_ids = reader.table("vm_ids").and_then(|table| vm_ids(&table));
    let relay = reader.table("relay").and_then(|table| relay(&table));
    let image = reader.table("image").and_then(|table| image(&table));
    let identity = reader.table("identity").and_then(|table| identity(&table));
    let limits = reader
        .table_or_defaults("limits")
        .and_then(|table| table.whole("sites_at_once"))
        .map(|count| Limits { sites_at_once: count.value });
    let billing = reader.table_or_defaults("billing").and_then(|table| billing::of_cooperative(&table));
    let mail = reader.table_or_defaults("mail").and_then(|table| mail::mail(&table));
    let platform = reader.table_or_defaults("platform").and_then(|table| platform::platform(&table));
    let claims = CooperativeClaims {
        vm_ids: vm_ids.clone(),
        admin_username: admin_username.clone(),
        seat_price: seat_price.as_ref().map(|price| price.value),
        time_zone: time_zone.as_ref().map(|zone| zone.value.clone()),
    };
    let model = || {
        version?;
        Some(Cooperative {
            identity: identity?,
            time_zone: time_zone?.value,
            support_email: support_email?.value,
            support_phone: support_phone?.value,
            vm_ids: vm_ids?.value,
            relay: relay?,
            image: image?,
            ssh_keys: ssh_keys?,
            admin_username: admin_username?.value,
            admin_full_name: admin_full_name?.value,
            seat_price: seat_price?.value,
            limits: limits?,
            billing: billing?,
            mail: mail?,
            platform: platform?,
        })
    };
    (model(), claims)
}

fn vm_ids(reader: &Reader<'_>) -> Option<Placed<VmIdRange>> {
    let first = reader.whole("first")?;
    let last = reader.whole("last")?;
    if first.value > last.value {
        let problem = format!("the range of VM ids is empty: {} comes after {}", first.value, last.value);
        reader.add(Mistake::new(problem, &first.place, "lowest").also(&last.place, "highest"));
        return None;
    }
    let range = VmIdRange { first: VmId(first.value), last: VmId(last.value) };
    Some(Placed { value: range, place: Place { end: last.place.end, ..first.place } })
}

fn relay(reader: &Reader<'_>) -> Option<MailRelay> {
    let host = reader.text("host", hosts::host);
    let port = reader.whole("port");
    let username = reader.text("username", relay_username);
    let spf = reader.text("spf", spf_mechanism);
    let dkim = reader.table("dkim").map(|table| {
        let selector = table.text("selector", dkim_selector);
        let target = table.text("target", names::domain);
        Some(RelayDkim { selector: selector?.value, target: target?.value })
    });
    let dkim = match dkim {
        None => None,
        Some(read) => Some(read?),
    };
    Some(MailRelay { host: host?.value, port: port?.value, username: username?.value, spf: spf?.value, dkim })
}

/// YunoHost takes the relay's settings as one query string and writes them into a file of postfix.
fn relay_username(text: &str) -> Result<String, Refusal> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#&:".contains(&byte)) {
        return Err(Refusal::new(format!("`{text}` is not an account at a mail provider"))
            .hint("no blanks, and none of `#`, `&`, `:`"));
    }
    Ok(text.to_owned())
}

fn spf_mechanism(text: &str) -> Result<String, Refusal> {
    let sound = ["include:", "ip4:", "ip6:", "a:", "mx:", "redirect="]
        .iter()
        .any(|known| text.strip_prefix(known).is_some_and(|rest| !rest.is_empty()));
    if sound && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a part of an SPF record"))
        .hint("as the provider's page says, often `include:spf.PROVIDER`; without `v=spf1` and `-all`"))
}

fn dkim_selector(text: &str) -> Result<String, Refusal> {
    if text.split('.').all(names::is_label) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a DKIM selector")).hint("what stands before `._domainkey`"))
}

fn image(reader: &Reader<'_>) -> Option<DiskImage> {
    let url = reader.text("url", hosts::download_url);
    let filename = reader.text("filename", hosts::image_filename);
    let sha512 = reader.text("sha512", keys::sha512);
    Some(DiskImage { url: url?.value, filename: filename?.value, sha512: sha512?.value })
}

/// A name of the list that is compiled in, so that a check gives the same answer on every machine.
pub fn time_zone(text: &str) -> Result<String, Refusal> {
    let known = TimeZoneDatabase::bundled();
    let text = plain(text)?;
    if known.get(&text).is_ok_and(|zone| zone.iana_name() == Some(text.as_str())) {
        return Ok(text);
    }
    let names: Vec<String> = known.available().map(|name| name.to_string()).collect();
    let refusal = Refusal::new(format!("time zone `{text}` is unknown"));
    Err(match did_you_mean(&text, names.iter().map(String::as_str)) {
        Some(likely) => refusal.hint(format!("did you mean `{likely}`?")),
        None => refusal.hint("a name of the IANA list, such as `Europe/Paris`"),
    })
}

/// The zone of a name that was read.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}
