//! A new client: a file of its own, commented like the example's, and an instance when it gets one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ipnet::Ipv4Net;
use jiff::civil::Date;
use toml_edit::Value;

use super::{Edit, EditError, client_path, word};
use crate::domain::ids::{ClientId, InstanceId, SiteId, VmId};
use crate::inventory::check::check;
use crate::inventory::model::{InboundMail, Inventory, PostalAddress, VatStatus};

/// A client to add.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// Its id.
    pub id: ClientId,
    /// Registered name.
    pub name: String,
    /// Legal form.
    pub form: String,
    /// VAT status.
    pub vat: VatStatus,
    /// SIREN.
    pub siren: Option<String>,
    /// SIRET.
    pub siret: Option<String>,
    /// RNA number.
    pub rna: Option<String>,
    /// Registered address.
    pub address: PostalAddress,
    /// Who receives invoices and approves overage.
    pub contact: NewContact,
    /// First day of the contract.
    pub start: Date,
    /// Price of an hour beyond the allowance, as `65.00`.
    pub overage_price: Option<String>,
    /// Its domain.
    pub domain: String,
    /// Where mail to the domain goes.
    pub inbound_mail: InboundMail,
    /// Whether it gets Nextcloud.
    pub nextcloud: bool,
    /// Whether it gets Dolibarr.
    pub dolibarr: bool,
    /// Where it lives.
    pub whereabouts: Whereabouts,
}

/// The first contact of a client: all roles.
#[derive(Debug, Clone)]
pub struct NewContact {
    /// Name.
    pub name: String,
    /// Address outside the instance.
    pub email: String,
}

/// Where a new client lives.
#[derive(Debug, Clone)]
pub enum Whereabouts {
    /// On an instance that is there: it becomes an island.
    Existing(InstanceId),
    /// On an instance of its own.
    Own(NewInstance),
}

/// An instance to add with its client.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Its id.
    pub id: InstanceId,
    /// The site.
    pub site: SiteId,
    /// Address in the local network.
    pub address4: Ipv4Net,
    /// Virtual processors.
    pub cores: u16,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Disk in GiB.
    pub disk_gib: u32,
}

/// Adds a client, and its instance when it gets one of its own, with the first VM id above all that are in use.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when it has some now, or when the result would not pass the check.
pub fn client_add(files: &BTreeMap<String, String>, client: &NewClient) -> Result<Edit, EditError> {
    let before = check(files)?;
    let path = client_path(&client.id);
    if files.contains_key(&path) {
        return Err(EditError::Exists(path));
    }
    let mut changed = BTreeMap::from([(path, client_text(client))]);
    if let Whereabouts::Own(instance) = &client.whereabouts {
        let path = format!("instances/{}.toml", instance.id);
        if files.contains_key(&path) {
            return Err(EditError::Exists(path));
        }
        let vmid = next_vmid(&before).ok_or(EditError::NoVmIdLeft)?;
        changed.insert(path, instance_text(client, instance, vmid));
    }
    Edit::of(files, changed)
}

/// The first id above every id in use: gaps are ids of clients who have left, and those are never used again.
fn next_vmid(inventory: &Inventory) -> Option<VmId> {
    let range = inventory.cooperative.vm_ids;
    let templates = inventory.sites.values().filter_map(|site| site.node.template);
    let used = inventory.instances.values().map(|instance| instance.vmid).chain(templates);
    let highest = used.filter(|vmid| (range.first..=range.last).contains(vmid)).max();
    let next = highest.map_or(range.first, |highest| VmId(highest.0 + 1));
    (next <= range.last).then_some(next)
}

fn instance_text(client: &NewClient, instance: &NewInstance, vmid: VmId) -> String {
    let comment = comment(&client.name);
    let (cores, memory_mib, disk_gib) = (instance.cores, instance.memory_mib, instance.disk_gib);
    let (domain, site, address4) =
        (quoted(&client.domain), quoted(instance.site.as_str()), quoted(&instance.address4.to_string()));
    format!(
        "# The YunoHost of {comment}.\n\
         version = 1\n\
         vmid = {vmid}\n\
         cores = {cores}\n\
         memory_mib = {memory_mib}\n\
         disk_gib = {disk_gib}\n\
         main_domain = {domain}\n\
         \n\
         # Where it stands. To move it, add a placement with a later day; keep this one.\n\
         [[placements]]\n\
         from = {from}\n\
         site = {site}\n\
         address4 = {address4}\n",
        from = client.start,
    )
}

fn client_text(client: &NewClient) -> String {
    let mut text =
        format!("# {}. `accolades seat add` adds its people and their seats.\nversion = 1\n\n", comment(&client.name));
    identity_text(client, &mut text);
    contract_text(client, &mut text);
    let instance = match &client.whereabouts {
        Whereabouts::Existing(instance) => instance,
        Whereabouts::Own(instance) => &instance.id,
    };
    let _ = write!(
        text,
        "# Contacts' addresses lie outside the instance: they must work on the day when it does not.\n\
         [[contacts]]\nname = {}\nemail = {}\nroles = [\"manager\", \"billing\", \"approver\", \"technical\"]\n\n\
         [[placements]]\nfrom = {}\ninstance = {}\n\n\
         [[domains]]\nname = {}\ninbound_mail = {}\n",
        quoted(&client.contact.name),
        quoted(&client.contact.email),
        client.start,
        quoted(instance.as_str()),
        quoted(&client.domain),
        quoted(&word(&client.inbound_mail)),
    );
    for (app, wanted) in [("nextcloud", client.nextcloud), ("dolibarr", client.dolibarr)] {
        if wanted {
            let _ = write!(text, "\n[{app}]\ndomain = {}\npath = \"/{app}\"\n", quoted(&client.domain));
        }
    }
    text
}

fn identity_text(client: &NewClient, text: &mut String) {
    let _ = write!(
        text,
        "[identity]\nname = {}\nform = {}\nvat = {}\n",
        quoted(&client.name),
        quoted(&client.form),
        quoted(&word(&client.vat))
    );
    for (key, number) in [("siren", &client.siren), ("siret", &client.siret), ("rna", &client.rna)] {
        if let Some(number) = number {
            let _ = writeln!(text, "{key} = {}", quoted(number));
        }
    }
    let lines: Vec<String> = client.address.lines.iter().map(|line| quoted(line)).collect();
    let _ = write!(
        text,
        "\n[identity.address]\nlines = [{}]\npostcode = {}\ncity = {}\ncountry = {}\n\n",
        lines.join(", "),
        quoted(&client.address.postcode),
        quoted(&client.address.city),
        quoted(&client.address.country),
    );
}

fn contract_text(client: &NewClient, text: &mut String) {
    let _ = write!(
        text,
        "# Seats at the co-operative's price, twelve months, 20 hours of support a year: see docs/inventory.md.\n\
         [contract]\nstart = {}\noverage = \"ask\"\n\n",
        client.start
    );
    if let Some(price) = &client.overage_price {
        let _ = write!(text, "[[contract.overage_prices]]\nfrom = {}\nprice = {}\n\n", client.start, quoted(price));
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text that stays on the line of its comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
