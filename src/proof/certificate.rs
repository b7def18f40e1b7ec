//! The certificate of a restore test, as the client reads it: the record of the drill in French words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::french;
use crate::domain::backup::drill::{CheckKind, Origin, Record};
use crate::inventory::model::{Client, Cooperative, Inventory, Site};
use crate::print::{House, Identity};
use crate::store::KeptDrill;

/// Name of the template.
pub const TEMPLATE: &str = "drill-certificate";

/// What the template reads.
#[derive(Debug, Serialize)]
pub struct Certificate {
    language: &'static str,
    house: House,
    number: String,
    client: String,
    drilled_on: String,
    summary: String,
    backup: Vec<Fact>,
    drill: Vec<Fact>,
    checks: Vec<Row>,
    nonce: Nonce,
    not_proven: Vec<&'static str>,
    next: String,
    signature: Vec<Fact>,
    hash: String,
    previous: Option<String>,
}

/// A label with its value.
#[derive(Debug, Serialize)]
struct Fact {
    label: &'static str,
    value: String,
}

/// A check: what, what was expected, what was found.
#[derive(Debug, Serialize)]
struct Row {
    label: String,
    expected: String,
    found: String,
}

#[derive(Debug, Serialize)]
struct Nonce {
    value: String,
    written: String,
}

/// Everything that a certificate is made from.
pub struct Source<'a> {
    /// The drill.
    pub kept: &'a KeptDrill,
    /// For whom.
    pub client: &'a Client,
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The co-operative's time zone.
    pub zone: &'a TimeZone,
}

impl Source<'_> {
    /// The certificate; none unless the backup was proven.
    pub fn certificate(&self) -> Option<Certificate> {
        let record = &self.kept.record;
        let backup = record.backup.as_ref()?;
        if record.verdict != crate::domain::backup::drill::Verdict::Proven {
            return None;
        }
        let moment = |at_us: i64| french::moment(at_us, self.zone);
        let nonce = Nonce { value: record.nonce.found.clone()?, written: moment(record.nonce.found_at_us?) };
        let site = self.inventory.sites.get(&record.site);
        let drilled_on = french::day(record.began_at_us, self.zone);
        Some(Certificate {
            language: "fr",
            house: house(&self.inventory.cooperative),
            number: self.number(),
            client: self.client.identity.name.clone(),
            summary: french::summary(record.from, &moment(backup.at_us)),
            backup: vec![
                fact("Faite le", moment(backup.at_us)),
                fact("Où elle était", self.place(record)),
                fact("Taille enregistrée", french::size(backup.size_bytes)),
                fact("Chiffrée", french::encrypted(backup.encrypted).to_owned()),
            ],
            drill: self.course(record, site, &drilled_on),
            checks: self.checks(record),
            nonce,
            not_proven: record.not_proven.iter().map(|one| french::not_proven(*one)).collect(),
            next: french::next(record.from),
            signature: vec![
                fact("Lancé par", record.by.clone()),
                fact("Serveur Proxmox VE", record.versions.proxmox.clone().unwrap_or_default()),
                fact("Système restauré", record.versions.guest.clone().unwrap_or_default()),
                fact("accolades", record.versions.program.clone()),
            ],
            drilled_on,
            hash: self.kept.hash.clone(),
            previous: record.previous.clone(),
        })
    }

    /// What the document is, apart from its content.
    pub fn identity(&self) -> Identity {
        let record = &self.kept.record;
        let at = Timestamp::from_microsecond(record.ended_at_us).unwrap_or_default();
        Identity {
            id: format!("{}/{}", record.id, self.client.id),
            title: format!("Certificat d’essai de restauration {}", self.number()),
            author: self.inventory.cooperative.identity.name.clone(),
            date: at.to_zoned(self.zone.clone()).date(),
        }
    }

    fn number(&self) -> String {
        format!("{}-{:04}", self.kept.record.instance, self.kept.number)
    }

    fn place(&self, record: &Record) -> String {
        match record.from {
            Origin::Local => "sur un disque dur à part, sur le site même".to_owned(),
            Origin::Remote => {
                let server = self
                    .inventory
                    .sites
                    .values()
                    .find(|site| record.site == site.id)
                    .and_then(|site| site.backup_server.as_ref())
                    .and_then(|id| self.inventory.backup_servers.get(id));
                server.map_or_else(
                    || "sur un serveur de sauvegarde, en un autre lieu".to_owned(),
                    |server| format!("sur un serveur de sauvegarde, en un autre lieu ({})", server.name),
                )
            }
        }
    }

    fn course(&self, record: &Record, site: Option<&Site>, drilled_on: &str) -> Vec<Fact> {
        let mut facts = vec![fact("Fait le", drilled_on.to_owned())];
        facts.push(fact("Sur la machine de", site.map_or_else(|| record.node.clone(), |site| site.name.clone())));
        for phase in &record.phases {
            facts.push(fact(french::phase(phase.phase), french::duration(phase.seconds)));
        }
        facts.push(fact("Essai complet", french::duration(record.seconds())));
        facts.push(fact("Copie détruite ensuite", french::destroyed(record.destroyed).to_owned()));
        facts
    }

    /// Only what concerns this client: on an island the neighbours' addresses are nobody else's business. Counts there are
    /// those of the whole machine.
    fn checks(&self, record: &Record) -> Vec<Row> {
        let is_shared = record.clients.len() > 1;
        let own = |address: &str| {
            let addresses = self.client.nextcloud.iter().map(|app| format!("{}{}", app.domain, app.path));
            let more = self.client.dolibarr.iter().map(|app| format!("{}{}", app.domain, app.path));
            addresses.chain(more).any(|one| one == address)
        };
        let mut rows = Vec::new();
        let services: Vec<&str> = record
            .checks
            .iter()
            .filter_map(|check| match &check.kind {
                CheckKind::Service { name } => Some(french::service(name)),
                _ => None,
            })
            .collect();
        rows.push(Row {
            label: "Services en marche".to_owned(),
            expected: services.len().to_string(),
            found: format!("{} ({})", services.len(), services.join(", ")),
        });
        for check in &record.checks {
            let label = match &check.kind {
                CheckKind::Nextcloud { address } if own(address) => format!("Nextcloud ({address})"),
                CheckKind::Dolibarr { address } if own(address) => format!("Dolibarr ({address})"),
                CheckKind::HostKey => "Identité de la machine".to_owned(),
                CheckKind::Files { app } if !is_shared => format!("Fichiers de {}", french::app(app)),
                CheckKind::Rows { app } if !is_shared => format!("Enregistrements de {}", french::app(app)),
                _ => continue,
            };
            let (expected, found) = match &check.kind {
                CheckKind::Nextcloud { .. } | CheckKind::Dolibarr { .. } => {
                    ("répond".to_owned(), check.found.replace("answers", "répond"))
                }
                CheckKind::HostKey => ("la même".to_owned(), "la même".to_owned()),
                _ => (french::count(&check.expected), french::count(&check.found)),
            };
            rows.push(Row { label, expected, found });
        }
        if is_shared {
            rows.extend(total(record, "Fichiers, toute la machine", |kind| matches!(kind, CheckKind::Files { .. })));
            let what = "Enregistrements, toute la machine";
            rows.extend(total(record, what, |kind| matches!(kind, CheckKind::Rows { .. })));
        }
        rows
    }
}

fn total(record: &Record, label: &str, of: impl Fn(&CheckKind) -> bool) -> Option<Row> {
    let sum = |numbers: Vec<&String>| numbers.iter().filter_map(|text| text.parse::<u64>().ok()).sum::<u64>();
    let of: Vec<_> = record.checks.iter().filter(|check| of(&check.kind)).collect();
    (!of.is_empty()).then(|| Row {
        label: label.to_owned(),
        expected: french::count(&sum(of.iter().map(|check| &check.expected).collect()).to_string()),
        found: french::count(&sum(of.iter().map(|check| &check.found).collect()).to_string()),
    })
}

fn fact(label: &'static str, value: String) -> Fact {
    Fact { label, value }
}

/// The co-operative in the head and at the foot of the page.
fn house(cooperative: &Cooperative) -> House {
    let identity = &cooperative.identity;
    let address = &identity.address;
    let mut lines = address.lines.clone();
    lines.push(format!("{} {}", address.postcode, address.city));
    let siret = identity.siret.as_ref().or(identity.siren.as_ref());
    let numbers = siret.map(|number| format!(" · SIRET {number}")).unwrap_or_default();
    House {
        name: identity.name.clone(),
        address: lines,
        contact: vec![cooperative.support_email.clone(), cooperative.support_phone.clone()],
        legal: format!("{}, {}{numbers}", identity.name, identity.form),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZoneDatabase;

    use super::*;
    use crate::domain::backup::drill::{
        Check, NonceCheck, Phase, PhaseKind, RECORD_VERSION, TriedBackup, Verdict, Versions, not_proven,
    };
    use crate::domain::ids::{ClientId, InstanceId, SiteId, VmId};
    use crate::inventory;

    /// Names a folder in which the printed pages are kept, to look at them.
    const KEEP: &str = "ACCOLADES_KEEP_PRINTED";

    const MADE_US: i64 = 1_795_137_300_000_000;

    fn inventory() -> Inventory {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
        let files = inventory::read_files(&folder).expect("the example is readable");
        inventory::check(&files).expect("the example is right")
    }

    fn record(inventory: &Inventory, instance: &str, clients: &[&str], from: Origin) -> Record {
        let text = |text: &str| text.to_owned();
        let service = |name: &str| Check::equal(CheckKind::Service { name: text(name) }, "active", "active");
        let mut checks = vec![
            Check::equal(CheckKind::Machine { option: text("onboot") }, "0", "0"),
            Check::equal(CheckKind::CloudInitAsleep, "asleep", "asleep"),
            Check::equal(CheckKind::HostKey, "ssh-ed25519 AAAA", "ssh-ed25519 AAAA"),
        ];
        checks.extend(["nginx", "mariadb", "slapd", "postfix", "dovecot"].map(service));
        let clients: Vec<ClientId> = clients.iter().map(|id| ClientId::new(*id).expect("an id")).collect();
        for (number, client) in clients.iter().filter_map(|id| inventory.clients.get(id)).enumerate() {
            let suffix = if number == 0 { String::new() } else { format!("__{}", number + 1) };
            if let Some(app) = &client.nextcloud {
                let address = format!("{}{}", app.domain, app.path);
                let kind = CheckKind::Nextcloud { address };
                checks.push(Check {
                    kind,
                    expected: text("answers"),
                    found: text("answers, version 31.0.5"),
                    ok: true,
                });
                let app = format!("nextcloud{suffix}");
                checks.push(Check::equal(CheckKind::Files { app: app.clone() }, "48213", "48213"));
                checks.push(Check::equal(CheckKind::Rows { app }, "203977", "203977"));
            }
            if let Some(app) = &client.dolibarr {
                let kind = CheckKind::Dolibarr { address: format!("{}{}", app.domain, app.path) };
                checks.push(Check { kind, expected: text("answers"), found: text("answers"), ok: true });
                let app = format!("dolibarr{suffix}");
                checks.push(Check::equal(CheckKind::Files { app: app.clone() }, "1204", "1204"));
                checks.push(Check::equal(CheckKind::Rows { app }, "18455", "18455"));
            }
        }
        let nonce = text("0123456789abcdef0123456789abcdef");
        Record {
            version: RECORD_VERSION,
            id: text("4f0c2a9e7b135d68"),
            instance: InstanceId::new(instance).expect("an id"),
            clients,
            from,
            site: SiteId::new("croix-rousse").expect("an id"),
            node: text("pve1"),
            place: None,
            backup: Some(TriedBackup {
                volume: text("x"),
                at_us: MADE_US,
                size_bytes: 41_300_000_000,
                encrypted: from == Origin::Remote,
            }),
            vmid: Some(VmId(1999)),
            by: text("nadia"),
            began_at_us: MADE_US + 40_000_000_000,
            ended_at_us: MADE_US + 41_900_000_000,
            phases: vec![
                Phase { phase: PhaseKind::Restore, seconds: 1506 },
                Phase { phase: PhaseKind::Boot, seconds: 74 },
                Phase { phase: PhaseKind::Checks, seconds: 241 },
            ],
            checks,
            nonce: NonceCheck {
                wanted: Some(nonce.clone()),
                wanted_at_us: Some(MADE_US - 2_100_000_000),
                found: Some(nonce),
                found_at_us: Some(MADE_US - 2_100_000_000),
            },
            destroyed: Some(true),
            last_proven_at_us: None,
            verdict: Verdict::Proven,
            not_proven: not_proven(from == Origin::Remote, false),
            versions: Versions {
                program: text("0.1.0"),
                proxmox: Some(text("9.2.11")),
                guest: Some(text("Debian GNU/Linux 12 (bookworm)")),
            },
            previous: (from == Origin::Remote).then(|| "0f".repeat(32)),
        }
    }

    fn printed(inventory: &Inventory, record: Record, client: &str) -> Option<(String, Vec<u8>)> {
        let zone = TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled");
        let client = &inventory.clients[&ClientId::new(client).expect("an id")];
        let kept = KeptDrill { number: 7, hash: record.hash(), record };
        let source = Source { kept: &kept, client, inventory, zone: &zone };
        let data = serde_json::to_value(source.certificate()?).expect("plain data");
        let pdf = crate::print::pdf(TEMPLATE, &data, &source.identity()).unwrap_or_else(|error| panic!("{error}"));
        if let Some(folder) = std::env::var_os(KEEP) {
            let name = format!("certificate-{}-{}.pdf", client.id, kept.record.from.as_str());
            std::fs::write(Path::new(&folder).join(name), &pdf).expect("a file");
        }
        Some((data.to_string(), pdf))
    }

    #[test]
    fn a_certificate_is_one_page_that_says_what_is_not_proven() {
        let inventory = inventory();
        for from in Origin::ALL {
            let record = record(&inventory, "lilas", &["atelier-lilas"], from);
            let (data, pdf) = printed(&inventory, record, "atelier-lilas").expect("it was proven");
            let document = lopdf::Document::load_mem(&pdf).expect("a PDF");
            assert_eq!(document.get_pages().len(), 1, "{from:?}");
            assert!(data.contains("Les autres sauvegardes") && data.contains("48\u{202f}213"), "{data}");
            assert_eq!(data.contains("La clé imprimée"), from == Origin::Remote);
        }
    }

    #[test]
    fn on_an_island_nobody_reads_of_the_neighbours() {
        let inventory = inventory();
        let record = record(&inventory, "ilot", &["claire-voyer", "studio-brume"], Origin::Local);
        let (data, pdf) = printed(&inventory, record, "claire-voyer").expect("it was proven");
        assert!(!data.contains("brume"), "{data}");
        assert!(data.contains("toute la machine"), "{data}");
        assert_eq!(lopdf::Document::load_mem(&pdf).expect("a PDF").get_pages().len(), 1);
    }

    #[test]
    fn only_what_was_proven_has_a_certificate() {
        let inventory = inventory();
        for verdict in [Verdict::Failed { why: "x".to_owned() }, Verdict::NotTested { why: "x".to_owned() }] {
            let record = Record { verdict, ..record(&inventory, "lilas", &["atelier-lilas"], Origin::Local) };
            assert!(printed(&inventory, record, "atelier-lilas").is_none());
        }
        let without_marker =
            Record { nonce: NonceCheck::default(), ..record(&inventory, "lilas", &["atelier-lilas"], Origin::Local) };
        assert!(printed(&inventory, without_marker, "atelier-lilas").is_none());
    }
}
