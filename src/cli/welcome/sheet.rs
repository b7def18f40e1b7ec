//! What stands on the sheet, from the accepted inventory. Nothing is promised that the inventory does not say.

use askama::Template;
use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::domain::french;
use crate::inventory::model::{BackupServer, Client, DolibarrRights, Exposure, InboundMail, OveragePolicy, Person};
use crate::plan::desired::Subject;

/// The sheet of one client.
#[derive(Template)]
#[template(path = "welcome.html")]
pub struct Sheet {
    client: String,
    day: String,
    cooperative: String,
    city: String,
    phone: String,
    phone_link: String,
    email: String,
    site: String,
    nextcloud: Option<Address>,
    dolibarr: Option<Address>,
    portal: Address,
    local_only: bool,
    shared: bool,
    mail: Option<Mail>,
    backup_server: Option<String>,
    support: Support,
    cards: Vec<Card>,
}

/// An address to type, with or without its scheme.
struct Address {
    url: String,
    shown: String,
}

/// Mailboxes on the instance.
struct Mail {
    server: String,
}

/// The help that is included.
struct Support {
    hours: String,
    from: String,
    until: String,
    beyond: String,
}

/// What one person gets: a card to cut out.
pub struct Card {
    /// First and last name.
    pub name: String,
    /// Username.
    pub username: String,
    /// Mail address, when mailboxes are on the instance.
    pub mail: Option<String>,
    /// What they may do in Dolibarr.
    pub dolibarr: Option<&'static str>,
    /// Their password, or why it is not here.
    pub password: Password,
}

/// What the card says of the password.
pub enum Password {
    /// It is given now, once.
    Now(String),
    /// It was given before.
    Earlier(String),
    /// It is given another time.
    Later,
    /// There is no account yet.
    NoAccount,
}

impl Password {
    /// It was given on this day.
    pub fn given_on(day: Date) -> Password {
        Password::Earlier(french::day(day))
    }
}

/// The people of a client with a seat on a day.
pub fn people(client: &Client, day: Date) -> Vec<&Person> {
    let seated = |person: &&Person| client.seats_on(day).any(|seat| seat.person == person.id);
    client.persons.values().filter(seated).collect()
}

impl Card {
    /// The card of a person.
    pub fn new(client: &Client, person: &Person, password: Password) -> Card {
        Card {
            name: format!("{} {}", person.first_name, person.last_name),
            username: person.username.clone(),
            mail: receives_here(client, &person.mail_domain)
                .then(|| format!("{}@{}", person.username, person.mail_domain)),
            dolibarr: client.dolibarr.as_ref().and(match person.dolibarr {
                DolibarrRights::None => None,
                DolibarrRights::Read => Some("consultation"),
                DolibarrRights::Write => Some("consultation et saisie"),
                DolibarrRights::Admin => Some("administration"),
            }),
            password,
        }
    }
}

impl Sheet {
    /// The sheet of a client on an instance.
    pub fn new(subject: &Subject<'_>, client: &Client, cards: Vec<Card>) -> Sheet {
        let cooperative = &subject.inventory.cooperative;
        let server: Option<&BackupServer> =
            subject.site.backup_server.as_ref().and_then(|id| subject.inventory.backup_servers.get(id));
        // The accounts of everybody on the instance are one and the same on each of its domains.
        let own = client.domains.first().map_or(subject.instance.main_domain.as_str(), |domain| domain.name.as_str());
        let app = |domain: &str, path: &str| Address::new(domain, if path == "/" { "" } else { path });
        let mail_here = client.domains.iter().find(|domain| domain.inbound_mail == InboundMail::Here);
        Sheet {
            client: client.identity.name.clone(),
            day: french::day(subject.day),
            cooperative: cooperative.identity.name.clone(),
            city: cooperative.identity.address.city.clone(),
            phone: cooperative.support_phone.replace(' ', "\u{a0}"),
            phone_link: cooperative.support_phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
            email: cooperative.support_email.clone(),
            site: subject.site.name.clone(),
            nextcloud: client.nextcloud.as_ref().map(|one| app(&one.domain, &one.path)),
            dolibarr: client.dolibarr.as_ref().map(|one| app(&one.domain, &one.path)),
            portal: Address::new(own, "/yunohost/sso"),
            local_only: subject.site.exposure == Exposure::Lan,
            shared: subject.clients().count() > 1,
            mail: mail_here.map(|domain| Mail { server: domain.name.clone() }),
            backup_server: server.map(|server| server.name.clone()),
            support: Support::of(client, subject.day),
            cards,
        }
    }
}

impl Address {
    fn new(domain: &str, path: &str) -> Address {
        Address { url: format!("https://{domain}{path}"), shown: format!("{domain}{path}") }
    }
}

impl Support {
    /// The contract year that a day lies in, counted from the contract's first day (R10, R13).
    fn of(client: &Client, day: Date) -> Support {
        let contract = &client.contract;
        let (from, until) = contract_year(contract.start, day);
        let price = contract.overage_prices.iter().filter(|one| one.from <= day).max_by_key(|one| one.from);
        let price = price.map(|one| format!("{} de l'heure hors taxes", french::amount(one.price)));
        let beyond = match (contract.overage, price) {
            (OveragePolicy::Ask, Some(price)) => {
                format!("Au-delà, une heure coûte {price}, et nous vous demandons toujours votre accord avant.")
            }
            (OveragePolicy::Ask, None) => "Au-delà, nous vous demandons toujours votre accord avant.".to_owned(),
            (OveragePolicy::PreApproved, Some(price)) => {
                format!("Au-delà, chaque heure est facturée {price}, comme convenu.")
            }
            (OveragePolicy::PreApproved, None) => "Au-delà, nous en parlons avec vous.".to_owned(),
        };
        Support {
            hours: french::hours(contract.support_minutes_per_year),
            from: french::day(from),
            until: french::day(until),
            beyond,
        }
    }
}

/// First and last day of the year of the contract that a day lies in; before the start, of its first year.
fn contract_year(start: Date, day: Date) -> (Date, Date) {
    let years = |count: i16| -> Span { count.years() };
    let mut passed = (day.year() - start.year()).max(0);
    if start.saturating_add(years(passed)) > day {
        passed = (passed - 1).max(0);
    }
    // Each anniversary is counted from the start itself: 29 February stays the day that it falls back from.
    let last = start.saturating_add(years(passed + 1)).yesterday().unwrap_or(Date::MAX);
    (start.saturating_add(years(passed)), last)
}

fn receives_here(client: &Client, domain: &str) -> bool {
    client.domains.iter().any(|one| one.name == domain && one.inbound_mail == InboundMail::Here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_contract_year_begins_on_its_anniversary() {
        let start = date(2026, 9, 1);
        assert_eq!(contract_year(start, date(2026, 8, 1)), (start, date(2027, 8, 31)), "not begun yet");
        assert_eq!(contract_year(start, date(2027, 8, 31)), (start, date(2027, 8, 31)));
        assert_eq!(contract_year(start, date(2027, 9, 1)), (date(2027, 9, 1), date(2028, 8, 31)));
        let leap = date(2028, 2, 29);
        assert_eq!(contract_year(leap, date(2029, 3, 1)), (date(2029, 2, 28), date(2030, 2, 27)));
    }
}
