//! What the inventory says once it has been checked: the validated model that everything else reads.
//!
//! Five kinds of file, one thing each: `cooperative.toml`, `sites/*.toml`, `backup-servers/*.toml`, `instances/*.toml`,
//! `clients/*.toml`. This module holds only the meaning; places in files stay with the reader.

mod backup;

pub use backup::{
    GC_SCHEDULE, LOCAL_KEEP, LOCAL_SCHEDULE, Maintenance, OUTDATED_AFTER_DAYS, PRUNE_SCHEDULE, PULL_SCHEDULE, Pull,
    REMOTE_KEEP, REMOTE_SCHEDULE, SiteBackup, TrafficWindow, VERIFY_SCHEDULE,
};

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use super::billing::{ClientBilling, CooperativeBilling, DatedAccounting, OneOffCharge, Route, counted_by_default};
use super::mail::MailSettings;
use super::platform::PlatformWay;
use crate::domain::backup::drill::Origin;
use crate::domain::billing::terms::{EarlyEnd, SupportKind};
use crate::domain::ids::{BackupServerId, ClientId, InstanceId, PersonId, SiteId, VmId};
use crate::domain::money::Cents;

/// The version of the serialised model in the store. Version 1 had no backups but the server's address, and contracts without
/// terms of billing: it is read with the defaults of [`SiteBackup`], [`Maintenance`] and the fields' own.
pub const MODEL_VERSION: u32 = 2;

/// Everything that should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Version of this serialised form, [`MODEL_VERSION`].
    pub version: u32,
    /// The co-operative itself.
    pub cooperative: Cooperative,
    /// Places with a node.
    pub sites: BTreeMap<SiteId, Site>,
    /// Where remote backups go.
    pub backup_servers: BTreeMap<BackupServerId, BackupServer>,
    /// YunoHost virtual machines.
    pub instances: BTreeMap<InstanceId, Instance>,
    /// Legal entities with a contract.
    pub clients: BTreeMap<ClientId, Client>,
}

/// The co-operative: seller, host and technician.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cooperative {
    /// Legal identity of the seller.
    pub identity: Identity,
    /// Business time zone, `Europe/Paris` by default (R3).
    pub time_zone: String,
    /// How clients reach the co-operative.
    pub support_email: String,
    /// Support telephone number as printed.
    pub support_phone: String,
    /// The reserved range of VM ids, both ends included.
    pub vm_ids: VmIdRange,
    /// The mail provider through which every instance sends.
    pub relay: MailRelay,
    /// The image that new machines start from.
    pub image: DiskImage,
    /// Public keys of the technicians, OpenSSH format, authorised on every instance.
    pub ssh_keys: Vec<String>,
    /// The technicians' account on every instance (a YunoHost username; system names are refused).
    pub admin_username: String,
    /// Full name of that account.
    pub admin_full_name: String,
    /// Seat price per month when a contract names none (39.00 EUR).
    pub seat_price: Cents,
    /// Named limits of a run.
    pub limits: Limits,
    /// How it bills.
    #[serde(default)]
    pub billing: CooperativeBilling,
    /// How it sends mail itself.
    #[serde(default)]
    pub mail: MailSettings,
    /// How documents get to its approved platform.
    #[serde(default)]
    pub platform: PlatformWay,
}

/// A range of VM ids, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmIdRange {
    /// Lowest id.
    pub first: VmId,
    /// Highest id.
    pub last: VmId,
}

/// The relay for outgoing mail; its password is the secret `relay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRelay {
    /// Host name of the provider.
    pub host: String,
    /// Submission port, 587 by default.
    pub port: u16,
    /// Account at the provider.
    pub username: String,
    /// What the provider asks for in SPF, for example `include:spf.relais.example`.
    pub spf: String,
    /// DKIM selector under which the provider publishes its key, with the target of the CNAME.
    pub dkim: Option<RelayDkim>,
}

/// A DKIM delegation to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayDkim {
    /// Selector, for example `relais`.
    pub selector: String,
    /// CNAME target of `SELECTOR._domainkey.DOMAIN`.
    pub target: String,
}

/// A disk image with its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskImage {
    /// Where the node downloads it.
    pub url: String,
    /// File name on the storage; ends in `.qcow2` or `.raw` (sheet Proxmox, 5a).
    pub filename: String,
    /// SHA-512 in hexadecimal.
    pub sha512: String,
}

/// Bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Sites worked on at once (1 to 1000, default 16).
    pub sites_at_once: u16,
}

/// A legal identity (buyer or seller).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Registered name.
    pub name: String,
    /// Legal form as printed: `SARL`, `association loi 1901`, `commune`, ...
    pub form: String,
    /// SIREN: nine digits.
    pub siren: Option<String>,
    /// SIRET of the establishment: fourteen digits.
    pub siret: Option<String>,
    /// RNA number of an association: `W` and nine digits.
    pub rna: Option<String>,
    /// Intra-community VAT number.
    pub vat_number: Option<String>,
    /// Share capital as printed, with `à capital variable` where it applies.
    pub capital: Option<String>,
    /// City of the trade register.
    pub rcs: Option<String>,
    /// VAT status.
    pub vat: VatStatus,
    /// Postal address.
    pub address: PostalAddress,
}

/// VAT status (R26): the seller's regime or the client's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VatStatus {
    /// Subject to VAT (seller: `standard`).
    Taxable,
    /// Subject but exempt (seller: franchise).
    Exempt,
    /// Not subject: an association.
    NonTaxable,
    /// A public body, invoiced through Chorus Pro.
    Public,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// Street lines.
    pub lines: Vec<String>,
    /// Postal code.
    pub postcode: String,
    /// City.
    pub city: String,
    /// ISO 3166 country code, `FR` by default.
    pub country: String,
}

/// A place with a Proxmox node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Human name.
    pub name: String,
    /// The Proxmox node.
    pub node: Node,
    /// How we get to the node.
    pub reach: Reach,
    /// How the world gets to the instances.
    pub exposure: Exposure,
    /// Where the remote backups of this site go.
    pub backup_server: Option<BackupServerId>,
    /// When and how its instances are backed up.
    #[serde(default)]
    pub backup: SiteBackup,
}

/// A Proxmox VE host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Node name as Proxmox knows it.
    pub name: String,
    /// Address on which API and SSH answer, as seen from where `reach` leads.
    pub address: String,
    /// HTTPS port of the API, 8006 by default.
    pub api_port: u16,
    /// SSH port, 22 by default.
    pub ssh_port: u16,
    /// SHA-256 of the API's certificate: 32 pairs of upper-case hexadecimal digits joined by colons.
    pub tls_fingerprint: String,
    /// The node's ed25519 host key, OpenSSH public form (`ssh-ed25519 AAAA...`).
    pub ssh_host_key: String,
    /// Storage for VM disks (on the SSD).
    pub vm_storage: String,
    /// Storage for images and snippets, `local` by default.
    pub image_storage: String,
    /// Serial number of the backup hard disk.
    pub backup_disk_serial: String,
    /// Bridge of the instances, `vmbr0` by default.
    pub bridge: String,
    /// Gateway of the local network.
    pub gateway4: Ipv4Addr,
    /// IPv6 gateway where there is one.
    pub gateway6: Option<Ipv6Addr>,
    /// Resolvers handed to the instances.
    pub nameservers: Vec<String>,
    /// VM id of a template to clone instead of importing the image.
    pub template: Option<VmId>,
    /// Zone of the node's clock, in which its schedules are read; absent: the co-operative's.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// How we get to a node (data, because the usual site is behind NAT with a changing address).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Reach {
    /// The address answers from where we are.
    Direct,
    /// Through a WireGuard tunnel that the operating system keeps: like `direct`, with another hint when it fails.
    Wireguard,
    /// Through an SSH host.
    Jump {
        /// Its address.
        host: String,
        /// Its SSH port.
        port: u16,
        /// Account there.
        user: String,
        /// Its host key, OpenSSH public form.
        host_key: String,
    },
}

/// How the world gets to an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Exposure {
    /// The router forwards ports 80, 443 (and mail) from its public address.
    Forward {
        /// Public IPv4 address of the router, when it is fixed.
        public4: Option<Ipv4Addr>,
        /// Public IPv6 prefix reaches the instance at its own address.
        public6: bool,
    },
    /// A public host passes connections on.
    Relay {
        /// Public IPv4 address of that host.
        public4: Ipv4Addr,
        /// Public IPv6 address of that host.
        public6: Option<Ipv6Addr>,
    },
    /// Not reachable from outside: no public certificate.
    Lan,
}

/// A Proxmox Backup Server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupServer {
    /// Its id.
    pub id: BackupServerId,
    /// Human name.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port, 8007 by default.
    pub port: u16,
    /// SHA-256 of its certificate.
    pub tls_fingerprint: String,
    /// Datastore.
    pub datastore: String,
    /// False for a partner's server that we do not administer.
    pub ours: bool,
    /// The namespace below which ours lie; none: they lie at the top of the datastore.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Zone of the server's clock, in which its schedules are read; absent: the co-operative's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// The account with which a server of ours is set up: `user@realm`, or a token `user@realm!name`.
    #[serde(default = "default_admin")]
    pub admin: String,
    /// The token that a partner gave us, `user@realm!name`; none on a server of ours.
    #[serde(default)]
    pub auth_id: Option<String>,
    /// How it looks after what it has; nothing of it is done on a partner's server.
    #[serde(default)]
    pub maintenance: Maintenance,
    /// Times of day at which it takes and gives less.
    #[serde(default)]
    pub traffic: Vec<TrafficWindow>,
    /// What it fetches from another one.
    #[serde(default)]
    pub pull: Option<Pull>,
}

/// The account that every Proxmox Backup Server has.
pub const DEFAULT_ADMIN: &str = "root@pam";

fn default_admin() -> String {
    DEFAULT_ADMIN.to_owned()
}

/// A YunoHost virtual machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id: host name, VM name and pool suffix.
    pub id: InstanceId,
    /// Its VM id: unique across the co-operative, never used again.
    pub vmid: VmId,
    /// Virtual processors.
    pub cores: u16,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Disk in GiB (at least 16: YunoHost's own minimum).
    pub disk_gib: u32,
    /// The main domain of YunoHost.
    pub main_domain: String,
    /// Where the printed sheet of its backup key is kept, in words for the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_sheet_kept: Option<String>,
    /// Where it stands, dated; the last one whose date has come is the present one.
    pub placements: Vec<Placement>,
    /// What is not done for it, and why.
    #[serde(default)]
    pub without: Vec<Without>,
}

/// Something that is not done for an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    /// What.
    pub what: LeftOut,
    /// Why.
    pub why: String,
}

/// What can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOut {
    /// Backups onto the disk in its box, and with them drills of these.
    LocalBackup,
    /// Backups onto the backup server, and with them drills of these.
    RemoteBackup,
    /// Drills of its local backups.
    LocalDrill,
    /// Drills of its remote backups.
    RemoteDrill,
}

impl LeftOut {
    /// As the inventory writes it.
    pub fn word(self) -> &'static str {
        match self {
            LeftOut::LocalBackup => "local-backup",
            LeftOut::RemoteBackup => "remote-backup",
            LeftOut::LocalDrill => "local-drill",
            LeftOut::RemoteDrill => "remote-drill",
        }
    }
}

/// A dated place of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// First day.
    pub from: Date,
    /// The site.
    pub site: SiteId,
    /// Address in the local network.
    pub address4: Ipv4Net,
    /// IPv6 address.
    pub address6: Option<Ipv6Net>,
}

/// A legal entity with a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Who it is in law.
    pub identity: Identity,
    /// Billing address when it differs.
    pub billing_address: Option<PostalAddress>,
    /// Language of its documents and pages.
    pub language: Language,
    /// People we write to; their addresses lie outside the instance.
    pub contacts: Vec<Contact>,
    /// On which instance it lives, dated.
    pub placements: Vec<ClientPlacement>,
    /// Its domains.
    pub domains: Vec<Domain>,
    /// Nextcloud, when it has one.
    pub nextcloud: Option<Nextcloud>,
    /// Dolibarr, when it has one.
    pub dolibarr: Option<Dolibarr>,
    /// Everybody it ever had.
    pub persons: BTreeMap<PersonId, Person>,
    /// Seats: a person from a date until a date.
    pub seats: Vec<Seat>,
    /// The contract.
    pub contract: Contract,
    /// What it wants on its invoices.
    #[serde(default)]
    pub billing: ClientBilling,
}

/// Language of documents and pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

/// Somebody we write to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Address outside the client's own instance: it must work when the instance does not.
    pub email: String,
    /// Telephone.
    pub phone: Option<String>,
    /// What we write to them about.
    pub roles: Vec<ContactRole>,
}

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactRole {
    /// Sees everything of the client.
    Manager,
    /// Receives invoices.
    Billing,
    /// Approves overage and requests.
    Approver,
    /// Is told of outages.
    Technical,
}

/// A client's place on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPlacement {
    /// First day.
    pub from: Date,
    /// The instance (several clients on one make an island).
    pub instance: InstanceId,
}

/// A domain of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Its name, lower case.
    pub name: String,
    /// Where mail to it goes.
    pub inbound_mail: InboundMail,
}

/// Where mail to a domain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InboundMail {
    /// Mailboxes are on the instance.
    Here,
    /// Mailboxes stay with another provider.
    Elsewhere,
    /// The domain receives none.
    None,
}

/// A Nextcloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nextcloud {
    /// Domain it answers on.
    pub domain: String,
    /// Path, `/nextcloud` by default.
    pub path: String,
}

/// A Dolibarr.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dolibarr {
    /// Domain it answers on.
    pub domain: String,
    /// Path, `/dolibarr` by default.
    pub path: String,
    /// Modules to switch on besides the API: `societe`, `facture`, `propal`, ...
    pub modules: Vec<String>,
}

/// Somebody at a client's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id, unique within the client.
    pub id: PersonId,
    /// First name, letters only as YunoHost's import wants them.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// YunoHost username (`^[a-z0-9_.]+$`, no dash); it can never be renamed.
    pub username: String,
    /// Domain of their mail address.
    pub mail_domain: String,
    /// Mailbox quota such as `5G`; none is unlimited.
    pub mailbox_quota: Option<String>,
    /// What they may do in Dolibarr.
    pub dolibarr: DolibarrRights,
}

/// Rights in Dolibarr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DolibarrRights {
    /// No access.
    #[default]
    None,
    /// Reads.
    Read,
    /// Reads and writes.
    Write,
    /// Administers.
    Admin,
}

/// A person from a date until a date: a YunoHost account and a billed unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The person.
    pub person: PersonId,
    /// First day.
    pub from: Date,
    /// Last day, included; open when absent.
    pub until: Option<Date>,
    /// What happens when it ends.
    pub leaving: Leaving,
}

/// What happens when a seat ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Mail is forwarded to this address.
    pub forward_to: Option<String>,
    /// Nextcloud files are handed to this person.
    pub files_to: Option<PersonId>,
}

/// A contract (rules R5 to R17).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// First day; anniversaries derive from it (R10).
    pub start: Date,
    /// Commitment in months, 12 by default.
    pub commitment_months: u16,
    /// Last day when it was ended.
    pub end: Option<Date>,
    /// Seat prices, dated; the first begins at `start` (R9).
    pub seat_prices: Vec<DatedPrice>,
    /// Floor for each day (R8).
    pub minimum_seats: u32,
    /// Support included a year, in minutes (R13: 1200).
    pub support_minutes_per_year: u32,
    /// Price of an hour beyond the allowance, dated; there is no built-in one (R14).
    pub overage_prices: Vec<DatedPrice>,
    /// Whether overage is asked for first (R17).
    pub overage: OveragePolicy,
    /// Day on which the client gave notice of ending (R12).
    #[serde(default)]
    pub notice: Option<Date>,
    /// Days before a term until which a renewal may be refused (R11).
    #[serde(default = "refusal_deadline_days")]
    pub refusal_deadline_days: u16,
    /// What an early end costs (R12).
    #[serde(default)]
    pub early_end: EarlyEnd,
    /// An entry's minutes are rounded up to a multiple of this (R4).
    #[serde(default = "rounding_minutes")]
    pub rounding_minutes: u16,
    /// Kinds of support that count (R13).
    #[serde(default = "counted_by_default")]
    pub counted: Vec<SupportKind>,
    /// Later versions of these two, dated, oldest first.
    #[serde(default)]
    pub accounting: Vec<DatedAccounting>,
    /// Quoted prices (R31).
    #[serde(default)]
    pub one_off: Vec<OneOffCharge>,
}

fn refusal_deadline_days() -> u16 {
    30
}

fn rounding_minutes() -> u16 {
    1
}

/// A price from a day on, excluding VAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedPrice {
    /// First day.
    pub from: Date,
    /// Amount.
    pub price: Cents,
}

/// Consent to overage (R17).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OveragePolicy {
    /// An approved envelope first.
    #[default]
    Ask,
    /// Charged without asking.
    PreApproved,
}

impl Instance {
    /// Why something is not done for it; none when it is done.
    pub fn without(&self, what: LeftOut) -> Option<&str> {
        self.without.iter().find(|one| one.what == what).map(|one| one.why.as_str())
    }

    /// Why its backups in one place are not made.
    pub fn without_backup(&self, origin: Origin) -> Option<&str> {
        self.without(match origin {
            Origin::Local => LeftOut::LocalBackup,
            Origin::Remote => LeftOut::RemoteBackup,
        })
    }

    /// Why its backups in one place are not restored to test them: there may be none.
    pub fn without_drill(&self, origin: Origin) -> Option<&str> {
        let drill = match origin {
            Origin::Local => LeftOut::LocalDrill,
            Origin::Remote => LeftOut::RemoteDrill,
        };
        self.without_backup(origin).or_else(|| self.without(drill))
    }

    /// Where the instance stands on a day: the last placement that has begun.
    pub fn placement_on(&self, day: Date) -> Option<&Placement> {
        self.placements.iter().filter(|one| one.from <= day).max_by_key(|one| one.from)
    }
}

impl Client {
    /// How its documents reach it: a public body through Chorus Pro, others by e-mail, unless the inventory says otherwise.
    pub fn route(&self) -> Route {
        let usual = if self.identity.vat == VatStatus::Public { Route::Chorus } else { Route::Email };
        self.billing.route.unwrap_or(usual)
    }

    /// Whom its documents are sent to: contacts for billing, or its managers when it has none.
    pub fn billing_contacts(&self) -> Vec<&Contact> {
        let of = |role| self.contacts.iter().filter(|one| one.roles.contains(&role)).collect::<Vec<_>>();
        let billing = of(ContactRole::Billing);
        if billing.is_empty() { of(ContactRole::Manager) } else { billing }
    }

    /// On which instance the client lives on a day.
    pub fn instance_on(&self, day: Date) -> Option<&InstanceId> {
        self.placements.iter().filter(|one| one.from <= day).max_by_key(|one| one.from).map(|one| &one.instance)
    }

    /// The seats that are active on a day.
    pub fn seats_on(&self, day: Date) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter(move |seat| seat.active_on(day))
    }
}

impl Seat {
    /// Whether the seat is active on a day (both ends included).
    pub fn active_on(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// A stored model that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableModel {
    /// A newer program wrote it.
    #[error(
        "the accepted inventory was written by a newer program (version {0}, this one reads up to {MODEL_VERSION})"
    )]
    Newer(u64),
    /// It is damaged.
    #[error("the accepted inventory cannot be read")]
    Damaged(#[from] serde_json::Error),
}

/// What a newer program wrote is refused, not guessed.
fn readable(version: u64) -> Result<(), UnreadableModel> {
    if version > u64::from(MODEL_VERSION) { Err(UnreadableModel::Newer(version)) } else { Ok(()) }
}

impl Inventory {
    /// Reads a stored model of this version or an older one. What a newer program wrote is refused, not guessed.
    ///
    /// # Errors
    /// [`UnreadableModel`].
    pub fn stored(model: serde_json::Value) -> Result<Inventory, UnreadableModel> {
        let version = model.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        readable(version)?;
        let inventory: Inventory = serde_json::from_value(model)?;
        Ok(Inventory { version: MODEL_VERSION, ..inventory })
    }

    /// As [`Inventory::stored`], from JSON text.
    ///
    /// # Errors
    /// [`UnreadableModel`].
    pub fn stored_text(model: &str) -> Result<Inventory, UnreadableModel> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(default)]
            version: u64,
        }
        readable(serde_json::from_str::<Versioned>(model)?.version)?;
        let inventory: Inventory = serde_json::from_str(model)?;
        Ok(Inventory { version: MODEL_VERSION, ..inventory })
    }

    /// The zone of the co-operative, where its days begin.
    pub fn cooperative_zone(&self) -> TimeZone {
        self.zone(None)
    }

    /// The zone of a site's node.
    pub fn site_zone(&self, site: &Site) -> TimeZone {
        self.zone(site.node.time_zone.as_deref())
    }

    /// The zone of a backup server.
    pub fn server_zone(&self, server: &BackupServer) -> TimeZone {
        self.zone(server.time_zone.as_deref())
    }

    fn zone(&self, own: Option<&str>) -> TimeZone {
        // Names were checked against the same list when the files were read.
        TimeZoneDatabase::bundled().get(own.unwrap_or(&self.cooperative.time_zone)).unwrap_or(TimeZone::UTC)
    }

    /// The backup server of a site.
    pub fn server_of(&self, site: &Site) -> Option<&BackupServer> {
        self.backup_servers.get(site.backup_server.as_ref()?)
    }

    /// The instances that stand at a site on a day, or will: the last placement counts where none has begun.
    pub fn instances_at<'a>(&'a self, site: &'a SiteId, day: Date) -> impl Iterator<Item = &'a Instance> {
        self.instances.values().filter(move |instance| {
            let placement =
                instance.placement_on(day).or_else(|| instance.placements.iter().min_by_key(|one| one.from));
            placement.is_some_and(|placement| placement.site == *site)
        })
    }

    /// The clients that live on an instance on a day, in order of id.
    pub fn clients_on<'a>(&'a self, instance: &'a InstanceId, day: Date) -> impl Iterator<Item = &'a Client> {
        self.clients.values().filter(move |client| client.instance_on(day) == Some(instance))
    }
}
