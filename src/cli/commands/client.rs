//! `accolades client`: clients in the inventory's files.

use std::collections::BTreeMap;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use ipnet::Ipv4Net;
use jiff::civil::Date;
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::ids::{ClientId, InstanceId, SiteId};
use crate::inventory;
use crate::inventory::edit::{Edit, NewClient, NewContact, NewInstance, Whereabouts, client_add};
use crate::inventory::model::{InboundMail, PostalAddress, VatStatus};

/// Version of what an edit prints with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub enum Client {
    /// Write the files of a new client, and of its instance when it gets one of its own
    // Boxed: many options, and only one command has them.
    Add(Box<Add>),
}

/// A client to add.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).args(["on", "site"]))]
pub struct Add {
    /// Its id: lower-case letters, digits and single dashes; it never changes.
    id: ClientId,
    /// Registered name.
    #[arg(long)]
    name: String,
    /// Legal form as printed: `SARL`, `association loi 1901`, `commune`.
    #[arg(long)]
    form: String,
    /// VAT status.
    #[arg(long, value_enum)]
    vat: Vat,
    /// SIREN, nine digits.
    #[arg(long)]
    siren: Option<String>,
    /// SIRET, fourteen digits.
    #[arg(long)]
    siret: Option<String>,
    /// RNA number of an association.
    #[arg(long)]
    rna: Option<String>,
    /// Street of the registered address; give it again for a second line.
    #[arg(long, required = true)]
    street: Vec<String>,
    /// Postal code.
    #[arg(long)]
    postcode: String,
    /// City.
    #[arg(long)]
    city: String,
    /// Name of the contact who manages, approves and receives invoices; more are added in the file.
    #[arg(long, value_name = "NAME")]
    contact: String,
    /// The contact's address, outside the client's own domains: it must work when the instance does not.
    #[arg(long, value_name = "ADDRESS")]
    contact_email: String,
    /// First day of the contract, as in 2026-12-01.
    #[arg(long, value_name = "DATE")]
    start: Date,
    /// Price of an hour beyond the allowance, excluding VAT, as in 65.00.
    #[arg(long, value_name = "EUR")]
    overage_price: Option<String>,
    /// Its domain.
    #[arg(long)]
    domain: String,
    /// Where mail to the domain goes.
    #[arg(long, value_enum, default_value_t = Mail::Here)]
    mail: Mail,
    /// Without Nextcloud.
    #[arg(long)]
    no_nextcloud: bool,
    /// Without Dolibarr.
    #[arg(long)]
    no_dolibarr: bool,
    /// Lives on this instance, beside the clients that are there (an island).
    #[arg(long, value_name = "INSTANCE")]
    on: Option<InstanceId>,
    /// Gets an instance of its own at this site.
    #[arg(long, requires = "address")]
    site: Option<SiteId>,
    /// Id of its own instance [default: the client's].
    #[arg(long, requires = "site")]
    instance: Option<InstanceId>,
    /// Address of its own instance in the site's network, as in 192.168.10.21/24.
    #[arg(long, value_name = "ADDRESS/BITS", requires = "site")]
    address: Option<Ipv4Net>,
    /// Virtual processors of its own instance.
    #[arg(long, default_value_t = 4)]
    cores: u16,
    /// Memory of its own instance, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    memory: u32,
    /// Disk of its own instance, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = 120)]
    disk: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Vat {
    Taxable,
    Exempt,
    NonTaxable,
    Public,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mail {
    Here,
    Elsewhere,
    None,
}

/// Runs `client`.
///
/// # Errors
/// The mistakes that the change would make, or files that cannot be written.
pub fn run(session: &Session, what: Client) -> Result<Exit, Failure> {
    let Client::Add(add) = what;
    let before = inventory::read_files(&session.globals.inventory)?;
    let client = new_client(*add);
    let edit = client_add(&before, &client)?;
    write_edit(session, &client.id, &before, &edit)
}

/// Shows an edit that passes the check, and writes it once it is confirmed.
///
/// # Errors
/// When it is not confirmed, the files were changed meanwhile, or a file cannot be written.
pub fn write_edit(
    session: &Session,
    client: &ClientId,
    before: &BTreeMap<String, String>,
    edit: &Edit,
) -> Result<Exit, Failure> {
    let difference = inventory::difference(before, &edit.files);
    session.output.say(&difference);
    let files: Vec<&String> = edit.changed.keys().collect();
    let names = files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(" and ");
    session.confirm(&format!("Write {names}?"))?;
    let folder = &session.globals.inventory;
    // Whoever edits the files while the question waits must not lose that.
    if inventory::read_files(folder)? != *before {
        return Err(Failure::new(
            Exit::Conflict,
            "the inventory's files were changed while you were asked; nothing was written",
            "give the same command again: it shows the change to the files as they are now",
        ));
    }
    edit.write(folder).map_err(|error| Failure::file(folder, &error))?;
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "written": files, "difference": difference }))?;
    } else {
        session.output.say(&format!("wrote {names}\nNext: accolades apply {client}"));
    }
    Ok(Exit::Ok)
}

fn new_client(add: Add) -> NewClient {
    let whereabouts = match (add.on, add.site, add.address) {
        (Some(instance), _, _) => Whereabouts::Existing(instance),
        (None, Some(site), Some(address4)) => Whereabouts::Own(NewInstance {
            id: add.instance.unwrap_or_else(|| InstanceId::new(add.id.as_str()).expect("ids have one form")),
            site,
            address4,
            cores: add.cores,
            memory_mib: add.memory * 1024,
            disk_gib: add.disk,
        }),
        _ => unreachable!("the arguments are refused without `--on` or `--site` with `--address`"),
    };
    NewClient {
        id: add.id,
        name: add.name,
        form: add.form,
        vat: add.vat.into(),
        siren: add.siren,
        siret: add.siret,
        rna: add.rna,
        address: PostalAddress { lines: add.street, postcode: add.postcode, city: add.city, country: "FR".to_owned() },
        contact: NewContact { name: add.contact, email: add.contact_email },
        start: add.start,
        overage_price: add.overage_price,
        domain: add.domain,
        inbound_mail: add.mail.into(),
        nextcloud: !add.no_nextcloud,
        dolibarr: !add.no_dolibarr,
        whereabouts,
    }
}

impl From<Vat> for VatStatus {
    fn from(vat: Vat) -> VatStatus {
        match vat {
            Vat::Taxable => VatStatus::Taxable,
            Vat::Exempt => VatStatus::Exempt,
            Vat::NonTaxable => VatStatus::NonTaxable,
            Vat::Public => VatStatus::Public,
        }
    }
}

impl From<Mail> for InboundMail {
    fn from(mail: Mail) -> InboundMail {
        match mail {
            Mail::Here => InboundMail::Here,
            Mail::Elsewhere => InboundMail::Elsewhere,
            Mail::None => InboundMail::None,
        }
    }
}
