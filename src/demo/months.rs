//! The bookkeeper's part of the demonstration: three months of bills, with a seat that begins inside a month, hours beyond
//! the allowance with the client's consent, an entry that is recorded late, a credit note, and a direct debit that comes back.
//!
//! Time goes on in the lab itself: its clock is moved, as `POST /clock` of its control address would, and everything that
//! has its time in between (backups, their pruning) happens on the way.

use jiff::Timestamp;

use super::bank::{Booking, What, blocks, statement};
use super::script::{DemoError, Script, pass_until};
use super::world::BEGINNING;
use crate::lab::net::Lab;
use crate::lab::world::Moment;

/// The co-operative's identifier as a creditor, as its bank gave it.
const CREDITOR_ID: &str = "FR72ZZZ123456";

/// The mandate that the architects sign in November.
const MANDATE: &str = "
[billing.mandate]
reference = \"ACC-LILAS-1\"
signed = 2026-11-24
iban = \"FR1420041010050500013M02606\"
";

impl Script<'_> {
    /// The months of October, November and December 2026, until the returned debit in January.
    ///
    /// # Errors
    /// When a command ends otherwise than it should.
    pub fn months(&self, lab: &Lab, iban: &str) -> Result<(), DemoError> {
        let lilas = "atelier-lilas";
        self.tell("October: the hours that were worked, then the bills");
        for (time, words, at) in [
            ("8h", "Reprise des fichiers de l'ancien serveur", "2026-10-06 09:00"),
            ("7h30", "Reprise des fichiers, suite", "2026-10-07 09:00"),
            ("3h30", "Formation aux calendriers partagés", "2026-10-13 14:00"),
        ] {
            self.run(&["support", "log", lilas, time, words, "--at", at], 0)?;
        }
        self.run(&["billing", "draft", "2026-10"], 0)?;
        self.run(&["billing", "issue", "2026-10", "--yes"], 0)?;

        self.until(lab, "2026-11-25T08:00:00Z");
        self.tell("November: Noé has a seat since the 16th; hours beyond the 20 wait until the client has said yes");
        let training =
            ["support", "log", lilas, "3h", "Formation à Dolibarr", "--kind", "training", "--at", "2026-11-24 14:00"];
        self.run(&training, 0)?;
        self.run(&["support", "consent", "request", lilas, "3h", "--words", "Formation à Dolibarr"], 0)?;
        let said = "courriel du 25 novembre";
        self.run(&["support", "consent", "approve", "1", "--approver", "Camille Morel", "--how", said], 0)?;
        self.tell("The signed mandate has come back: it is written into the inventory");
        self.folder.change(
            "inventory/cooperative.toml",
            "due_days = 30\n",
            &format!("due_days = 30\ncreditor_id = \"{CREDITOR_ID}\"\n"),
        )?;
        self.folder.append("inventory/clients/atelier-lilas.toml", MANDATE)?;
        self.run(&["inventory", "accept", "--yes"], 0)?;

        self.until(lab, "2026-12-01T08:00:00Z");
        self.run(&["billing", "draft", "2026-11"], 0)?;
        self.run(&["billing", "issue", "2026-11", "--yes"], 0)?;
        self.run(&["billing", "explain", "F2026-00005"], 0)?;
        self.tell("An hour of November was forgotten: November stays as it is, December settles the difference");
        let late = ["support", "log", lilas, "1h", "Certificat de l'ancien site", "--at", "2026-11-26 10:00"];
        self.run(&late, 0)?;
        let reason = "Geste commercial : coupure du 12 novembre";
        self.run(&["billing", "credit", "F2026-00006", "--reason", reason, "--yes"], 0)?;

        self.until(lab, "2026-12-18T08:00:00Z");
        self.tell("The bank's statement: the architects paid October by transfer, as they had no mandate then");
        let transfer = Booking {
            on: "2026-12-15".to_owned(),
            amount: "655.20".to_owned(),
            came: true,
            what: What::Transfer { words: "VIR F2026-00001".to_owned(), from: "Atelier des Lilas".to_owned() },
        };
        self.folder.write("bank/2026-12-15.xml", &statement(iban, "2026-12-15", &[transfer]))?;
        self.run(&["billing", "bank", "import", &self.at("bank/2026-12-15.xml")], 0)?;
        self.tell("The debit that the invoice of November announced: a file for the bank");
        self.run(&["billing", "collect", "--yes"], 0)?;
        self.run(&["billing", "close", "2026-11", "--yes"], 0)?;

        self.until(lab, "2027-01-04T08:00:00Z");
        self.tell("The bank's statement of December: the debit came, and a transfer");
        let mut bookings: Vec<Booking> = self.collected()?;
        bookings.push(Booking {
            on: "2026-12-29".to_owned(),
            amount: "46.80".to_owned(),
            came: true,
            what: What::Transfer { words: "Facture F2026 00008".to_owned(), from: "Studio Brume".to_owned() },
        });
        let debit = bookings.first().map(|one| one.amount.clone()).unwrap_or_default();
        self.folder.write("bank/2026-12.xml", &statement(iban, "2026-12", &bookings))?;
        self.run(&["billing", "bank", "import", &self.at("bank/2026-12.xml")], 0)?;
        self.run(&["billing", "draft", "2026-12"], 0)?;
        self.run(&["billing", "issue", "2026-12", "--yes"], 0)?;
        self.run(&["billing", "close", "2026-12", "--yes"], 0)?;

        self.until(lab, "2027-01-08T08:00:00Z");
        self.tell(
            "The debit comes back: the account was short. The invoice is open again, and the code allows a retry",
        );
        let returned = Booking {
            on: "2027-01-07".to_owned(),
            amount: debit,
            came: false,
            what: What::Returned { id: "F2026-00005".to_owned(), code: "AM04".to_owned() },
        };
        self.folder.write("bank/2027-01.xml", &statement(iban, "2027-01", &[returned]))?;
        self.run(&["billing", "bank", "import", &self.at("bank/2027-01.xml")], 0)?;
        self.run(&["billing", "bank", "import", &self.at("bank/2027-01.xml")], 0)?;
        let again = ["billing", "collect", "--again", "F2026-00005", "--until", "2027-01-31", "--draft"];
        self.run(&again, 0)?;
        self.run(&["billing", "account", lilas], 0)?;
        self.run(&["billing", "statement", lilas, "--out", &self.at("documents/releve-atelier-lilas.pdf")], 0)?;
        self.run(&["billing", "vat", "2026-12"], 0)?;
        self.run(&["billing", "journal", "--out", &self.at("journals"), "--year-of", "2026-12-31"], 0)?;
        self.run(&["billing", "list"], 0)
    }

    /// Lets time pass in the lab until an instant.
    fn until(&self, lab: &Lab, instant: &str) {
        let moment = instant.parse::<Timestamp>().map_or(BEGINNING.0, Timestamp::as_microsecond);
        pass_until(lab, Moment(moment));
        self.tell(&format!("Time goes on: it is {}", &instant[..10]));
    }

    /// What the bank books of the file that it was handed.
    fn collected(&self) -> Result<Vec<Booking>, DemoError> {
        let files = self.folder.read_all("collections")?;
        let blocks = files.iter().flat_map(|text| blocks(text));
        Ok(blocks.map(|(id, on, amount)| Booking { on, amount, came: true, what: What::Block(id) }).collect())
    }

    fn at(&self, name: &str) -> String {
        self.folder.path(name).display().to_string()
    }
}
