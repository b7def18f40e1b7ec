//! Every key of the inventory, once: the reader refuses what is not here, `docs/inventory.md` is printed from here.

use std::collections::HashMap;
use std::sync::LazyLock;

use toml::de::DeValue;

use super::schema::{Key, Kind, Need, Section};

use Kind::{Day, Named, Price, Table, Tables, Text, Texts, Truth, Whole, Word, Words};

/// The files, in the order of the reference.
pub static FILES: &[&Section] = &[&COOPERATIVE, &SITE, &BACKUP_SERVER, &INSTANCE, &CLIENT];

/// Every default, parsed once.
static DEFAULTS: LazyLock<HashMap<&'static str, DeValue<'static>>> = LazyLock::new(|| {
    let mut defaults = HashMap::new();
    let mut sections = FILES.to_vec();
    while let Some(section) = sections.pop() {
        for key in section.keys {
            sections.extend(key.kind.section());
            if let Need::Default(literal) = key.need {
                let value = DeValue::parse(literal).expect("defaults are written as TOML");
                defaults.insert(literal, value.into_inner());
            }
        }
    }
    defaults
});

/// The value of a default.
pub fn default_value(literal: &str) -> &'static DeValue<'static> {
    DEFAULTS.get(literal).expect("every default stands in a section of a file")
}

const VERSION: Key = Key::new("version", Whole(1, 1), "version of this file's format", "1");
const PORT_MAX: i64 = 65535;
const VMID_MAX: i64 = 999_999_999;

/// `cooperative.toml`.
pub static COOPERATIVE: Section = Section {
    heading: "cooperative.toml",
    about: "The co-operative: seller, host and technician. One file.",
    keys: &[
        VERSION,
        Key::new("time_zone", Text, "where days and months begin (R3); a name of the IANA list", "\"Europe/Paris\"")
            .default("\"Europe/Paris\""),
        Key::new("support_email", Text, "where clients write to", "\"aide@coop.example\""),
        Key::new("support_phone", Text, "telephone number as printed on documents", "\"04 00 00 00 00\""),
        Key::new(
            "admin_username",
            Text,
            "the technicians' account on every instance: a YunoHost username",
            "\"technique\"",
        ),
        Key::new("admin_full_name", Text, "full name of that account", "\"Equipe technique\""),
        Key::new(
            "ssh_keys",
            Texts,
            "public keys of the technicians, authorised on every instance; prefer ed25519",
            "[\"ssh-ed25519 AAAA... nadia\"]",
        ),
        Key::new(
            "seat_price",
            Price,
            "per seat and month excluding VAT, when a contract names no price (R5)",
            "\"39.00\"",
        )
        .default("\"39.00\""),
        Key::table("vm_ids", Table(&VM_IDS), "the reserved range of VM ids"),
        Key::table("relay", Table(&RELAY), "the provider through which instances send mail"),
        Key::table("mail", Table(&MAIL), "how the co-operative itself sends mail").optional(),
        Key::table("platform", Table(&PLATFORM), "the approved platform that e-invoices go through").optional(),
        Key::table("image", Table(&IMAGE), "the disk image that new machines start from"),
        Key::table("identity", Table(&IDENTITY), "legal identity of the seller"),
        Key::table("limits", Table(&LIMITS), "bounds of a run").optional(),
        Key::table("billing", Table(&SELLER_BILLING), "how the co-operative bills").optional(),
    ],
};

static SELLER_BILLING: Section = Section {
    heading: "[billing]",
    about: "How the co-operative bills. Without `iban` nothing is issued: clients could not pay.",
    keys: &[
        Key::new("iban", Text, "account that clients pay into", "\"FR7612345678901234567890189\"").optional(),
        Key::new("bic", Text, "its bank", "\"AGRIFRPP\"").optional(),
        Key::new("creditor_id", Text, "SEPA creditor identifier (ICS), for direct debits", "\"FR72ZZZ123456\"")
            .optional(),
        Key::new(
            "electronic_address",
            Text,
            "electronic address for invoices, scheme 0225; the SIREN when absent",
            "\"900000009\"",
        )
        .optional(),
        Key::new(
            "vat_on_debits",
            Truth,
            "VAT falls due on issue by option, instead of on receipt of the payment (R26)",
            "false",
        )
        .default("false"),
        Key::new("due_days", Whole(0, 60), "days from issue to the due date (R28)", "30").default("30"),
        Key::new("invoice_series", Text, "first letters of invoice numbers (R19)", "\"F\"").default("\"F\""),
        Key::new("credit_series", Text, "first letters of credit note numbers (R19)", "\"A\"").default("\"A\""),
        Key::table(
            "vat_regimes",
            Tables(&VAT_REGIME),
            "VAT regimes, oldest first; absent: `standard` for a `taxable` identity, `franchise` for an `exempt` one",
        )
        .optional(),
        Key::table("late_rates", Tables(&LATE_RATE), "rates for late interest, oldest first (R28)").optional(),
        Key::table(
            "reminders",
            Tables(&REMINDER),
            "levels of reminders; absent: 7, 21 and 45 days after the due date (R28)",
        )
        .optional(),
        Key::new(
            "automatic_reminders",
            Truth,
            "whether reminders leave by themselves on the morning of their day, by mail, while the bank's files are fresh; otherwise a person sends them (R28)",
            "true",
        )
        .default("false"),
        Key::new("fiscal_year_end_month", Whole(1, 12), "month in which the fiscal year ends", "12").default("12"),
        Key::table("accounts", Table(&ACCOUNTS), "accounts of the journals").optional(),
        Key::table(
            "dolibarr",
            Table(&OWN_DOLIBARR),
            "the co-operative's own Dolibarr, when documents are pushed there",
        )
        .optional(),
    ],
};

static REMINDER: Section = Section {
    heading: "[[billing.reminders]]",
    about: "A level of reminders. The first is friendly, the last is a formal notice; none ever charges anything (R28).",
    keys: &[Key::new("days_late", Whole(1, 365), "days after the due date", "7")],
};

static ACCOUNTS: Section = Section {
    heading: "[billing.accounts]",
    about: "Numbers of the accounts that the journals are written to, as the accountant has them.",
    keys: &[
        Key::new("clients", Text, "clients; the client's id is the auxiliary account", "\"411\"").default("\"411\""),
        Key::new("sales", Text, "services sold", "\"706\"").default("\"706\""),
        Key::new("vat_due", Text, "VAT that has fallen due", "\"44571\"").default("\"44571\""),
        Key::new("vat_waiting", Text, "VAT that awaits the receipt", "\"44574\"").default("\"44574\""),
        Key::new("bank", Text, "the bank", "\"512\"").default("\"512\""),
        Key::new("cash", Text, "cash", "\"530\"").default("\"530\""),
        Key::new("fees", Text, "fees of the bank", "\"627\"").default("\"627\""),
        Key::new("accrued", Text, "invoices to be made out, at year end", "\"4181\"").default("\"4181\""),
        Key::new("accrued_credits", Text, "credit notes to be made out, at year end", "\"4198\"").default("\"4198\""),
        Key::new("accrued_vat", Text, "VAT on both", "\"44587\"").default("\"44587\""),
    ],
};

static OWN_DOLIBARR: Section = Section {
    heading: "[billing.dolibarr]",
    about: "The co-operative's own Dolibarr. The key of its API is the secret `dolibarr`.",
    keys: &[
        Key::new("url", Text, "its address", "\"https://gestion.example\""),
        Key::new("bank_account", Whole(1, 1_000_000), "number of its bank account that payments go to", "1")
            .default("1"),
    ],
};

static VAT_REGIME: Section = Section {
    heading: "[[billing.vat_regimes]]",
    about: "A VAT regime from a day on (R26). A new legal reference is a new entry of the same regime.",
    keys: &[
        Key::new("from", Day, "first day", "2026-01-01"),
        Key::new(
            "regime",
            Word(&["standard", "franchise", "exempt-association"]),
            "`standard` (20 %), `franchise`, or `exempt-association`",
            "\"standard\"",
        ),
        Key::new("text", Text, "why it is exempt, as printed", "\"TVA non applicable, art. 293 B du CGI\"").optional(),
        Key::new("code", Text, "the same as a code of the VATEX list", "\"VATEX-FR-FRANCHISE\"").optional(),
    ],
};

static LATE_RATE: Section = Section {
    heading: "[[billing.late_rates]]",
    about: "Rates that hold for a half-year. Without those of a half-year its interest is unknown.",
    keys: &[
        Key::new("from", Day, "1 January or 1 July", "2026-01-01"),
        Key::new("ecb", Text, "main refinancing rate of the European Central Bank on that day, per cent", "\"2.15\""),
        Key::new("legal", Text, "legal interest rate between professionals, per cent", "\"2.62\"").optional(),
    ],
};

static VM_IDS: Section = Section {
    heading: "[vm_ids]",
    about: "VM ids that are ours on every node. An id is never used twice.",
    keys: &[
        Key::new("first", Whole(100, VMID_MAX), "lowest id (Proxmox begins at 100)", "1000"),
        Key::new("last", Whole(100, VMID_MAX), "highest id", "1999"),
    ],
};

static RELAY: Section = Section {
    heading: "[relay]",
    about: "Outgoing mail. The password is the secret `relay`, kept in the store, never here; YunoHost wants at least 8 characters and no `#`.",
    keys: &[
        Key::new("host", Text, "host name of the provider", "\"smtp.relais.example\""),
        Key::new("port", Whole(1, PORT_MAX), "submission port", "587").default("587"),
        Key::new("username", Text, "account at the provider", "\"coop\""),
        Key::new("spf", Text, "what the provider asks for in SPF records", "\"include:spf.relais.example\""),
        Key::table("dkim", Table(&RELAY_DKIM), "DKIM key that the provider publishes").optional(),
    ],
};

static RELAY_DKIM: Section = Section {
    heading: "[relay.dkim]",
    about: "A CNAME at `SELECTOR._domainkey.DOMAIN` hands DKIM to the provider.",
    keys: &[
        Key::new("selector", Text, "selector", "\"relais\""),
        Key::new("target", Text, "target of the CNAME", "\"dkim.relais.example\""),
    ],
};

static MAIL: Section = Section {
    heading: "[mail]",
    about: "The co-operative's own mail: invoices, notices, links to log in. `folder` writes each mail into a file and sends nothing; `smtp` gives it to a mail server, always encrypted. The password is the secret `mail`.",
    keys: &[
        Key::new("by", Word(&["folder", "smtp"]), "where mails leave", "\"smtp\"").default("\"folder\""),
        Key::new(
            "from",
            Text,
            "address that mails come from and answers go to; `support_email` when absent",
            "\"facturation@coop.example\"",
        )
        .optional(),
        Key::new("host", Text, "name of the mail server; required with `smtp`", "\"smtp.coop.example\"")
            .optional()
            .only(&["smtp"]),
        Key::new(
            "tls",
            Word(&["starttls", "implicit"]),
            "encryption after a greeting in clear (`starttls`) or at once (`implicit`)",
            "\"starttls\"",
        )
        .default("\"starttls\"")
        .only(&["smtp"]),
        Key::new("port", Whole(1, PORT_MAX), "its port; 587, or 465 with `implicit`, when absent", "587")
            .optional()
            .only(&["smtp"]),
        Key::new("username", Text, "account there; absent: it takes mail from this machine without", "\"coop\"")
            .optional()
            .only(&["smtp"]),
        Key::new(
            "tls_fingerprint",
            Text,
            "SHA-256 of its certificate, when no public authority vouches for it",
            "\"5B:...:9E\"",
        )
        .optional()
        .only(&["smtp"]),
    ],
};

static PLATFORM: Section = Section {
    heading: "[platform]",
    about: "The approved platform (plateforme agréée). `folder` writes files and metadata into a drop folder and reads statuses back; `http` speaks XP Z12-013 with it. The token, or the secret of the account, is the secret `platform`. Chorus Pro always goes through the drop folder.",
    keys: &[
        Key::new("by", Word(&["folder", "http"]), "how documents get there", "\"http\"").default("\"folder\""),
        Key::new(
            "url",
            Text,
            "address of the flow service; required with `http`",
            "\"https://api.pa.example/flow-service\"",
        )
        .optional()
        .only(&["http"]),
        Key::new(
            "directory_url",
            Text,
            "address of the directory service",
            "\"https://api.pa.example/directory-service\"",
        )
        .optional()
        .only(&["http"]),
        Key::new(
            "token_url",
            Text,
            "where tokens are given (OAuth 2, client credentials); absent: the secret is the token itself",
            "\"https://auth.pa.example/token\"",
        )
        .optional()
        .only(&["http"]),
        Key::new("client_id", Text, "our name there; with `token_url`", "\"coop\"").optional().only(&["http"]),
        Key::new(
            "tls_fingerprint",
            Text,
            "SHA-256 of its certificate, when no public authority vouches for it",
            "\"5B:...:9E\"",
        )
        .optional()
        .only(&["http"]),
    ],
};

static IMAGE: Section = Section {
    heading: "[image]",
    about: "A Debian 12 cloud image (`genericcloud`), downloaded by each node and checked.",
    keys: &[
        Key::new("url", Text, "where the node downloads it", "\"https://images.example/debian-12.qcow2\""),
        Key::new(
            "filename",
            Text,
            "file name on the storage; ends in `.qcow2` or `.raw`, `.img` is refused by Proxmox",
            "\"debian-12.qcow2\"",
        ),
        Key::new("sha512", Text, "SHA-512 checksum, 128 hexadecimal digits", "\"9c3d...\""),
    ],
};

static LIMITS: Section = Section {
    heading: "[limits]",
    about: "Bounds of a run.",
    keys: &[Key::new("sites_at_once", Whole(1, 1000), "sites worked on at once", "16").default("16")],
};

const VAT_WORDS: &[&str] = &["taxable", "exempt", "non-taxable", "public"];

/// Legal identity, of the co-operative and of clients.
pub static IDENTITY: Section = Section {
    heading: "[identity]",
    about: "Who it is in law, as invoices print it. A `taxable` or `exempt` identity has a SIREN, a `non-taxable` one a SIREN or an RNA number, a `public` one a SIRET.",
    keys: &[
        Key::new("name", Text, "registered name", "\"Atelier des Lilas\""),
        Key::new("form", Text, "legal form as printed", "\"SARL\""),
        Key::new(
            "vat",
            Word(VAT_WORDS),
            "VAT status: `taxable`; `exempt` (seller: franchise); `non-taxable` (an association); `public` (Chorus Pro)",
            "\"taxable\"",
        ),
        Key::new("siren", Text, "nine digits with a check digit; taken from the SIRET when absent", "\"900000009\"")
            .optional(),
        Key::new("siret", Text, "fourteen digits: the SIREN and the establishment", "\"90000000900004\"").optional(),
        Key::new("rna", Text, "number of an association: `W` and nine digits", "\"W691234567\"").optional(),
        Key::new("vat_number", Text, "intra-community VAT number; its key is checked", "\"FR00900000009\"").optional(),
        Key::new("capital", Text, "share capital as printed", "\"SARL au capital de 8 000 EUR\"").optional(),
        Key::new("rcs", Text, "city of the trade register", "\"Lyon\"").optional(),
        Key::table("address", Table(&IDENTITY_ADDRESS), "registered address"),
    ],
};

const ADDRESS_KEYS: &[Key] = &[
    Key::new("lines", Texts, "one to three lines", "[\"12 rue des Lilas\"]"),
    Key::new("postcode", Text, "postal code", "\"69004\""),
    Key::new("city", Text, "city", "\"Lyon\""),
    Key::new("country", Text, "ISO 3166 code, two capitals", "\"FR\"").default("\"FR\""),
];

static IDENTITY_ADDRESS: Section =
    Section { heading: "[identity.address]", about: "A postal address.", keys: ADDRESS_KEYS };

static BILLING_ADDRESS: Section = Section {
    heading: "[billing_address]",
    about: "Where invoices are addressed when that differs from the registered address.",
    keys: ADDRESS_KEYS,
};

/// `sites/ID.toml`.
pub static SITE: Section = Section {
    heading: "sites/ID.toml",
    about: "A place with a Proxmox node. The id is the name of the file.",
    keys: &[
        VERSION,
        Key::new("name", Text, "name for people", "\"Lyon, Croix-Rousse\""),
        Key::new("backup_server", Text, "id of the backup server that keeps this site's remote backups", "\"grange\"")
            .optional(),
        Key::table("node", Table(&NODE), "the Proxmox host"),
        Key::table("reach", Table(&REACH), "how we get to the node"),
        Key::table("exposure", Table(&EXPOSURE), "how the world gets to the instances"),
        Key::table("backup", Table(&SITE_BACKUP), "when and how its instances are backed up").optional(),
    ],
};

const KIB_PER_SECOND_MAX: i64 = 10_000_000;

static SITE_BACKUP: Section = Section {
    heading: "[backup]",
    about: "Every instance has two backups: a local one on the backup disk, a remote one on the backup server. The node itself makes them, so they go on when nobody is at work. Schedules are calendar events of Proxmox in the zone of the node's clock; the plan shows the next three runs. Refused is also what Proxmox would accept and nobody means: `02:00,14:00`, `25:00`, `02`, a day that never comes, a run in the hour that clocks skip in spring.",
    keys: &[
        Key::new("local_schedule", Text, "when the local backup runs", "\"01:15\"").default("\"01:15\""),
        Key::new("local_keep", Text, "what the backup disk keeps of each instance", "\"keep-daily=7,keep-weekly=4\"")
            .default("\"keep-daily=7,keep-weekly=4\""),
        Key::new(
            "remote_schedule",
            Text,
            "when the remote backup runs; only where `backup_server` is set",
            "\"mon..sat 03:15\"",
        )
        .default("\"03:15\""),
        Key::new(
            "fleecing",
            Truth,
            "what the guest writes during a remote backup goes to the SSD first, so that a slow line does not slow the guest",
            "true",
        )
        .default("true"),
        Key::new(
            "upload_kib_per_second",
            Whole(16, KIB_PER_SECOND_MAX),
            "bound of what the remote job reads and sends; times of day belong to the server's `[[traffic]]`",
            "1024",
        )
        .optional(),
        Key::new(
            "restore_kib_per_second",
            Whole(16, KIB_PER_SECOND_MAX),
            "bound of what a restore of a remote backup reads, so that people can work meanwhile",
            "8192",
        )
        .optional(),
    ],
};

static NODE: Section = Section {
    heading: "[node]",
    about: "The Proxmox VE host.",
    keys: &[
        Key::new("name", Text, "name of the node as `hostname` prints it", "\"pve1\""),
        Key::new("address", Text, "address of API and SSH, as seen from where `reach` leads", "\"192.168.10.2\""),
        Key::new("api_port", Whole(1, PORT_MAX), "port of the API", "8006").default("8006"),
        Key::new("ssh_port", Whole(1, PORT_MAX), "port of SSH", "22").default("22"),
        Key::new(
            "tls_fingerprint",
            Text,
            "SHA-256 of the API's certificate, as `pvenode cert info` prints it",
            "\"5B:...:9E\"",
        ),
        Key::new("ssh_host_key", Text, "content of `/etc/ssh/ssh_host_ed25519_key.pub`", "\"ssh-ed25519 AAAA...\""),
        Key::new("vm_storage", Text, "storage of VM disks, on the SSD", "\"local-lvm\""),
        Key::new("image_storage", Text, "storage of images and snippets", "\"local\"").default("\"local\""),
        Key::new(
            "backup_disk_serial",
            Text,
            "serial number of the backup hard disk, as `lsblk -o SERIAL` prints it",
            "\"WD-WX11D0000001\"",
        ),
        Key::new("bridge", Text, "bridge of the instances", "\"vmbr0\"").default("\"vmbr0\""),
        Key::new("gateway4", Text, "gateway of the local network", "\"192.168.10.1\""),
        Key::new("gateway6", Text, "IPv6 gateway where there is one", "\"fe80::1\"").optional(),
        Key::new("nameservers", Texts, "one to three resolvers of the instances", "[\"192.168.10.1\"]"),
        Key::new(
            "template",
            Whole(100, VMID_MAX),
            "VM id of a template to clone instead of importing the image",
            "9000",
        )
        .optional(),
        Key::new("time_zone", Text, "zone of the node's clock; absent: the co-operative's", "\"Europe/Paris\"")
            .optional(),
    ],
};

static REACH: Section = Section {
    heading: "[reach]",
    about: "How we get to the node: `direct`; `wireguard` (a tunnel that the operating system keeps); `jump` (SSH through another host).",
    keys: &[
        Key::new("by", Word(&["direct", "wireguard", "jump"]), "which way", "\"jump\""),
        Key::new("host", Text, "address of the jump host", "\"203.0.113.10\"").only(&["jump"]),
        Key::new("port", Whole(1, PORT_MAX), "its SSH port", "22").default("22").only(&["jump"]),
        Key::new("user", Text, "account there", "\"passage\"").only(&["jump"]),
        Key::new("host_key", Text, "its ed25519 host key", "\"ssh-ed25519 AAAA...\"").only(&["jump"]),
    ],
};

static EXPOSURE: Section = Section {
    heading: "[exposure]",
    about: "How the world gets to the instances: `forward` (the router forwards ports); `relay` (a public host passes connections on); `lan` (not at all: no public certificate).",
    keys: &[
        Key::new("by", Word(&["forward", "relay", "lan"]), "which way", "\"forward\""),
        Key::new(
            "public4",
            Text,
            "public IPv4 address: of the router when it is fixed (`forward`), of the host (`relay`, required)",
            "\"203.0.113.20\"",
        )
        .optional()
        .only(&["forward", "relay"]),
        Key::new("public6", Text, "public IPv6 address of the host", "\"2001:db8:5::10\"").optional().only(&["relay"]),
        Key::new("ipv6_open", Truth, "instances are reached at their own IPv6 address", "true")
            .default("false")
            .only(&["forward"]),
    ],
};

/// `backup-servers/ID.toml`.
pub static BACKUP_SERVER: Section = Section {
    heading: "backup-servers/ID.toml",
    about: "A Proxmox Backup Server, ours or a partner's. The id is the name of the file. Each instance has a namespace of its own there, and its backups are encrypted before they leave the site.",
    keys: &[
        VERSION,
        Key::new("name", Text, "name for people", "\"La Grange\""),
        Key::new("host", Text, "host name or address", "\"pbs.coop.example\""),
        Key::new("port", Whole(1, PORT_MAX), "port", "8007").default("8007"),
        Key::new("tls_fingerprint", Text, "SHA-256 of its certificate", "\"A4:...:07\""),
        Key::new("datastore", Text, "datastore", "\"coop\""),
        Key::new("ours", Truth, "`false` for a partner's server that we do not administer", "true").default("true"),
        Key::new("namespace", Text, "namespace below which ours lie; absent: at the top of the datastore", "\"coop\"")
            .optional(),
        Key::new("time_zone", Text, "zone of the server's clock; absent: the co-operative's", "\"Europe/Paris\"")
            .optional(),
        Key::new(
            "admin",
            Text,
            "the account with which it is set up, a user or a token; its password or value is the secret `backup-server/ID/admin`",
            "\"root@pam\"",
        )
        .default("\"root@pam\""),
        Key::new(
            "auth_id",
            Text,
            "the token that a partner gave us; only with `ours = false`, its value is the secret `backup-server/ID/partner-token`",
            "\"invites@pbs!communs\"",
        )
        .optional(),
        Key::table("maintenance", Table(&MAINTENANCE), "how it looks after what it has; only on a server of ours").optional(),
        Key::table("traffic", Tables(&TRAFFIC), "times of day at which it takes and gives less; only on a server of ours")
            .optional(),
        Key::table("pull", Table(&PULL), "what it fetches from another server of ours").optional(),
    ],
};

static MAINTENANCE: Section = Section {
    heading: "[maintenance]",
    about: "Only the server prunes, verifies and frees space: the tokens of the sites may only add, so that a stolen node can destroy nothing. New snapshots are always verified once when they arrive.",
    keys: &[
        Key::new("keep", Text, "what is kept of each instance", "\"keep-daily=14,keep-weekly=8,keep-monthly=12\"")
            .default("\"keep-daily=14,keep-weekly=8,keep-monthly=12\""),
        Key::new("prune_schedule", Text, "when it drops what is not kept", "\"06:15\"").default("\"06:15\""),
        Key::new("verify_schedule", Text, "when it reads snapshots again", "\"sat 08:15\"").default("\"sat 08:15\""),
        Key::new(
            "outdated_after_days",
            Whole(1, 365),
            "after how many days a verification counts no more and the snapshot is read again",
            "30",
        )
        .default("30"),
        Key::new("gc_schedule", Text, "when it frees what nothing refers to any more", "\"07:15\"")
            .default("\"07:15\""),
    ],
};

static TRAFFIC: Section = Section {
    heading: "[[traffic]]",
    about: "A window of the day, for slow lines. At least one of the two bounds is needed.",
    keys: &[
        Key::new("when", Text, "days and hours; no window goes over midnight", "\"mon..fri 8:00-18:30\""),
        Key::new("in_kib_per_second", Whole(16, KIB_PER_SECOND_MAX), "bound of what it takes in: backups", "512")
            .optional(),
        Key::new(
            "out_kib_per_second",
            Whole(16, KIB_PER_SECOND_MAX),
            "bound of what it gives out: restores, pulls",
            "2048",
        )
        .optional(),
    ],
};

static PULL: Section = Section {
    heading: "[pull]",
    about: "A copy at a third place: this server fetches the snapshots of another one of ours. It only adds; what the other one loses stays here. No site writes to a server that pulls.",
    keys: &[
        Key::new("from", Text, "id of the other server", "\"grange\""),
        Key::new("schedule", Text, "when", "\"10:15\"").default("\"10:15\""),
    ],
};

/// `instances/ID.toml`.
pub static INSTANCE: Section = Section {
    heading: "instances/ID.toml",
    about: "A YunoHost virtual machine. The id is the name of the file: host name, VM name and tag.",
    keys: &[
        VERSION,
        Key::new("vmid", Whole(100, VMID_MAX), "VM id: inside the reserved range, unique, never used again", "1001"),
        Key::new("cores", Whole(1, 128), "virtual processors", "4").default("2"),
        Key::new("memory_mib", Whole(1024, 1_048_576), "memory in MiB; 4096 and more with Nextcloud", "8192"),
        Key::new("disk_gib", Whole(16, 16384), "disk in GiB; YunoHost's own minimum is 16", "120"),
        Key::new(
            "main_domain",
            Text,
            "main domain of YunoHost: a domain of a client that lives here",
            "\"atelier-lilas.example\"",
        ),
        Key::new(
            "key_sheet_kept",
            Text,
            "where the printed sheet of its backup key is kept, in words for the client",
            "\"coffre du cabinet comptable, à Lyon\"",
        )
        .optional(),
        Key::table("placements", Tables(&PLACEMENT), "where it stands, oldest first"),
        Key::table("without", Tables(&WITHOUT), "what is not done for it although it is done for all others")
            .optional(),
    ],
};

static WITHOUT: Section = Section {
    heading: "[[without]]",
    about: "Something that is not done for this instance, and why. It is shown wherever it is missed: nobody has to guess.",
    keys: &[
        Key::new(
            "what",
            Word(&["local-backup", "remote-backup", "local-drill", "remote-drill"]),
            "what is not done; without a backup there is no drill of it either",
            "\"remote-drill\"",
        ),
        Key::new(
            "why",
            Text,
            "the reason, for the client too",
            "\"the line carries 1 Mbit/s: a restore takes a week\"",
        ),
    ],
};

static PLACEMENT: Section = Section {
    heading: "[[placements]]",
    about: "A place from a day on. The last one whose day has come is the present one; older ones stay as history.",
    keys: &[
        Key::new("from", Day, "first day", "2026-12-01"),
        Key::new("site", Text, "id of the site", "\"croix-rousse\""),
        Key::new("address4", Text, "address in the local network, with its length", "\"192.168.10.20/24\""),
        Key::new("address6", Text, "IPv6 address with its length", "\"2001:db8:69::20/64\"").optional(),
    ],
};

/// `clients/ID.toml`.
pub static CLIENT: Section = Section {
    heading: "clients/ID.toml",
    about: "A legal entity with a contract. The id is the name of the file; with `_` for `-` it is the YunoHost group of its people, so that it is no group of the system and no username there.",
    keys: &[
        VERSION,
        Key::new("language", Word(&["fr", "en"]), "language of documents and pages", "\"fr\"").default("\"fr\""),
        Key::table("identity", Table(&IDENTITY), "legal identity"),
        Key::table("billing_address", Table(&BILLING_ADDRESS), "address of invoices when it differs").optional(),
        Key::table("contract", Table(&CONTRACT), "the contract"),
        Key::table("billing", Table(&CLIENT_BILLING), "what it wants on its invoices").optional(),
        Key::table("contacts", Tables(&CONTACT), "people we write to"),
        Key::table("placements", Tables(&CLIENT_PLACEMENT), "on which instance the client lives, oldest first"),
        Key::table("domains", Tables(&DOMAIN), "its domains"),
        Key::table("nextcloud", Table(&NEXTCLOUD), "Nextcloud, when it has one").optional(),
        Key::table("dolibarr", Table(&DOLIBARR), "Dolibarr, when it has one").optional(),
        Key::table("persons", Named(&PERSON), "everybody it ever had, by id").optional(),
        Key::table("seats", Tables(&SEAT), "who has a seat from when until when").optional(),
    ],
};

static CLIENT_BILLING: Section = Section {
    heading: "[billing]",
    about: "What a client wants on its invoices. What it asks for and is missing keeps its invoice back (R21).",
    keys: &[
        Key::new("purchase_order", Text, "its purchase order number", "\"BC-2026-118\"").optional(),
        Key::new("purchase_order_required", Truth, "whether it asks for one", "false").default("false"),
        Key::new("service_code", Text, "service code in Chorus Pro", "\"MAIRIE\"").optional(),
        Key::new("service_code_required", Truth, "whether it asks for one", "false").default("false"),
        Key::new("commitment_number", Text, "commitment number in Chorus Pro", "\"EJ-2026-0042\"").optional(),
        Key::new("commitment_number_required", Truth, "whether it asks for one", "true").default("false"),
        Key::new(
            "electronic_address",
            Text,
            "electronic address for invoices, scheme 0225; the SIREN when absent",
            "\"900000009\"",
        )
        .optional(),
        Key::new(
            "route",
            Word(&["email", "platform", "chorus"]),
            "how its documents reach it; `chorus` for a public body and `email` for others when absent",
            "\"platform\"",
        )
        .optional(),
        Key::table("mandate", Table(&MANDATE), "the SEPA mandate that it signed").optional(),
    ],
};

static MANDATE: Section = Section {
    heading: "[billing.mandate]",
    about: "A signed SEPA mandate (R29).",
    keys: &[
        Key::new("reference", Text, "unique reference (RUM)", "\"ACC-LILAS-1\""),
        Key::new("signed", Day, "day of signature", "2026-09-01"),
        Key::new("scheme", Word(&["core", "b2b"]), "scheme", "\"core\"").default("\"core\""),
        Key::new("iban", Text, "account of the client", "\"FR7630006000011234567890189\""),
        Key::new("notice_days", Whole(1, 14), "calendar days between the notice and a collection (R29)", "5")
            .default("14"),
    ],
};

static CONTRACT: Section = Section {
    heading: "[contract]",
    about: "The contract (rules R5 to R17).",
    keys: &[
        Key::new("start", Day, "first day; anniversaries derive from it (R10)", "2026-12-01"),
        Key::new("commitment_months", Whole(0, 120), "commitment in months", "12").default("12"),
        Key::new("end", Day, "last day, once it was ended", "2027-11-30").optional(),
        Key::new("notice", Day, "day on which the client gave notice of that end (R12)", "2027-10-12").optional(),
        Key::new(
            "refusal_deadline_days",
            Whole(0, 365),
            "days before a term until which a renewal may be refused (R11)",
            "30",
        )
        .default("30"),
        Key::new(
            "early_end",
            Word(&["charged", "free"]),
            "what an end before the term costs: the rest of the commitment, or nothing (R12)",
            "\"charged\"",
        )
        .default("\"charged\""),
        Key::new("minimum_seats", Whole(0, 10_000), "floor of each day (R8)", "5").default("0"),
        Key::new(
            "support_minutes_per_year",
            Whole(0, 525_600),
            "support included in a contract year, in minutes (R13: 20 h)",
            "1200",
        )
        .default("1200"),
        Key::new(
            "rounding_minutes",
            Whole(1, 240),
            "an entry's minutes are rounded up to a multiple of this (R4)",
            "15",
        )
        .default("1"),
        Key::new("counted", Words(SUPPORT_WORDS), "kinds of support that count (R13)", "[\"help\", \"incident\"]")
            .default("[\"help\", \"training\", \"group-training\", \"incident\"]"),
        Key::table("accounting", Tables(&ACCOUNTING), "later versions of these two, oldest first (R4)").optional(),
        Key::new(
            "overage",
            Word(&["ask", "pre-approved"]),
            "whether work beyond it is asked for first (R17)",
            "\"ask\"",
        )
        .default("\"ask\""),
        Key::table(
            "seat_prices",
            Tables(&SEAT_PRICE),
            "price per seat and month, oldest first; absent: the co-operative's `seat_price`",
        )
        .optional(),
        Key::table(
            "overage_prices",
            Tables(&OVERAGE_PRICE),
            "price of an hour beyond the allowance, oldest first; there is no built-in one (R14)",
        )
        .optional(),
        Key::table("one_off", Tables(&ONE_OFF), "quoted prices, each charged once (R31)").optional(),
    ],
};

const SUPPORT_WORDS: &[&str] = &["help", "training", "group-training", "incident", "maintenance"];

static ACCOUNTING: Section = Section {
    heading: "[[contract.accounting]]",
    about: "How worked time is accounted from a day on (R4). What was accounted before stays as it was.",
    keys: &[
        Key::new("from", Day, "first day", "2027-01-01"),
        Key::new("rounding_minutes", Whole(1, 240), "an entry's minutes are rounded up to a multiple of this", "15")
            .default("1"),
        Key::new("counted", Words(SUPPORT_WORDS), "kinds of support that count", "[\"help\", \"incident\"]")
            .default("[\"help\", \"training\", \"group-training\", \"incident\"]"),
    ],
};

static ONE_OFF: Section = Section {
    heading: "[[contract.one_off]]",
    about: "A quoted price: the single-machine offer, an island's set-up, hardware (R31). Its id never changes.",
    keys: &[
        Key::new("id", Text, "tells it apart from others, for ever", "\"set-up\""),
        Key::new("on", Day, "day from which it is owed; it is charged in that month", "2026-12-01"),
        Key::new("description", Text, "what is sold, as printed", "\"Mise en place de l'îlot\""),
        Key::new("quantity", Text, "how many, at most four places", "\"1\"").default("\"1\""),
        Key::new("price", Price, "price of one excluding VAT", "\"450.00\""),
    ],
};

const PRICE_KEYS: &[Key] =
    &[Key::new("from", Day, "first day", "2026-12-01"), Key::new("price", Price, "amount excluding VAT", "\"39.00\"")];

static SEAT_PRICE: Section = Section {
    heading: "[[contract.seat_prices]]",
    about: "A price from a day on. The first begins with the contract.",
    keys: PRICE_KEYS,
};

static OVERAGE_PRICE: Section =
    Section { heading: "[[contract.overage_prices]]", about: "An hourly price from a day on.", keys: PRICE_KEYS };

static CONTACT: Section = Section {
    heading: "[[contacts]]",
    about: "Somebody we write to. At least one receives invoices; one approves when `overage` is `ask`.",
    keys: &[
        Key::new("name", Text, "name", "\"Camille Morel\""),
        Key::new(
            "email",
            Text,
            "address that works when the instance does not: on no domain whose mail the instance receives",
            "\"camille@ailleurs.example\"",
        ),
        Key::new("phone", Text, "telephone", "\"06 00 00 00 00\"").optional(),
        Key::new(
            "roles",
            Words(&["manager", "billing", "approver", "technical"]),
            "`manager` sees everything, `billing` receives invoices, `approver` approves overage, `technical` is told of outages",
            "[\"manager\", \"billing\"]",
        ),
    ],
};

static CLIENT_PLACEMENT: Section = Section {
    heading: "[[placements]]",
    about: "An instance from a day on. Several clients on one instance make an island.",
    keys: &[
        Key::new("from", Day, "first day", "2026-12-01"),
        Key::new("instance", Text, "id of the instance", "\"lilas\""),
    ],
};

static DOMAIN: Section = Section {
    heading: "[[domains]]",
    about: "A domain of the client.",
    keys: &[
        Key::new("name", Text, "name, lower case", "\"atelier-lilas.example\""),
        Key::new(
            "inbound_mail",
            Word(&["here", "elsewhere", "none"]),
            "where mail to it goes: mailboxes on the instance, with another provider, or none",
            "\"here\"",
        ),
    ],
};

static NEXTCLOUD: Section = Section {
    heading: "[nextcloud]",
    about: "Nextcloud.",
    keys: &[
        Key::new("domain", Text, "one of the client's domains", "\"atelier-lilas.example\""),
        Key::new("path", Text, "path; not below another app's", "\"/nextcloud\"").default("\"/nextcloud\""),
    ],
};

static DOLIBARR: Section = Section {
    heading: "[dolibarr]",
    about: "Dolibarr.",
    keys: &[
        Key::new("domain", Text, "one of the client's domains", "\"atelier-lilas.example\""),
        Key::new("path", Text, "path; not below another app's", "\"/dolibarr\"").default("\"/dolibarr\""),
        Key::new(
            "modules",
            Texts,
            "modules to switch on besides the API, by their API names",
            "[\"societe\", \"facture\"]",
        )
        .default("[]"),
    ],
};

static PERSON: Section = Section {
    heading: "[persons.ID]",
    about: "Somebody at the client's. The id stays when the name changes; a username can never be renamed.",
    keys: &[
        Key::new("first_name", Text, "first name: letters only", "\"Camille\""),
        Key::new("last_name", Text, "last name: letters only", "\"Morel\""),
        Key::new(
            "username",
            Text,
            "YunoHost username: `a-z 0-9 _ .`, no dash; unique on the instance, for ever",
            "\"camille.morel\"",
        ),
        Key::new("mail_domain", Text, "domain of the mail address: one of the client's", "\"atelier-lilas.example\""),
        Key::new("mailbox_quota", Text, "size of the mailbox; absent: no limit", "\"5G\"").optional(),
        Key::new("dolibarr", Word(&["none", "read", "write", "admin"]), "rights in Dolibarr", "\"write\"")
            .default("\"none\""),
    ],
};

static SEAT: Section = Section {
    heading: "[[seats]]",
    about: "A person from a day until a day: an account and a billed unit. A seat is never removed, it ends.",
    keys: &[
        Key::new("person", Text, "id of the person", "\"camille\""),
        Key::new("from", Day, "first day", "2026-12-01"),
        Key::new("until", Day, "last day, included; absent: open", "2027-06-30").optional(),
        Key::new(
            "forward_to",
            Text,
            "when it ends: mail is forwarded to this address",
            "\"contact@atelier-lilas.example\"",
        )
        .optional(),
        Key::new("files_to", Text, "when it ends: Nextcloud files are handed to this person", "\"jules\"").optional(),
    ],
};
