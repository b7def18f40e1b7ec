//! Sheets on paper: what is on record about those that were made for a client, and nothing of what stands in them.

use jiff::tz::TimeZone;

use crate::domain::backup::names;
use crate::inventory::model::Instance;
use crate::store::secrets::SecretName;

use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem, say};

/// What is said of them.
pub(super) struct Sheets {
    /// Of the welcome sheet.
    pub(super) welcome: String,
    /// Of the sheet of the backup key.
    pub(super) key: String,
}

/// Reads when they were made. No secret is opened for that.
pub(super) async fn read(portal: &Portal, session: &ClientSession) -> Result<Sheets, Problem> {
    let secrets = portal.vault.secret_names().await?;
    let (client, zone, words) = (session.client(), session.zone(), session.contact.words);
    let instance = client.instance_on(session.today()).and_then(|id| session.inventory().instances.get(id));
    let of_people = format!("person/{}/", client.id);
    let handed = secrets.iter().filter(|one| one.name.starts_with(&of_people));
    let handed: Vec<i64> = handed.filter_map(|one| one.handed_over_at_us).collect();
    Ok(Sheets { welcome: welcome(&handed, &zone, words), key: key(instance, &secrets, &zone, words) })
}

/// The last sheet with first passwords: its day, and for how many people it was.
fn welcome(handed_at_us: &[i64], zone: &TimeZone, words: Words) -> String {
    let days: Vec<String> = handed_at_us.iter().map(|at_us| say::day_us(*at_us, zone, words)).collect();
    let Some(last) = handed_at_us.iter().max().map(|at_us| say::day_us(*at_us, zone, words)) else {
        return words.welcome_none().to_owned();
    };
    let people = i64::try_from(days.iter().filter(|day| **day == last).count()).unwrap_or(i64::MAX);
    let people = say::count(people, words.pick(("personne", "personnes"), ("person", "people")), words);
    words.pick(
        format!("La dernière a été préparée le {last}, avec les mots de passe de départ de {people}."),
        format!("The last one was made on {last}, with the first passwords of {people}."),
    )
}

/// Whether the key of the client's machine is on paper, since when, and where that paper is.
fn key(instance: Option<&Instance>, secrets: &[SecretName], zone: &TimeZone, words: Words) -> String {
    let Some(instance) = instance else { return words.no_instance().to_owned() };
    let name = names::key_secret(&instance.id);
    let Some(secret) = secrets.iter().find(|one| one.name == name) else { return words.key_none().to_owned() };
    let printed = secret.handed_over_at_us.map(|at_us| say::day_us(at_us, zone, words));
    let paper = match (printed, &instance.key_sheet_kept) {
        (None, _) => words.key_not_printed().to_owned(),
        (Some(day), Some(place)) => words.pick(
            format!("Sa feuille de secours a été imprimée le {day}, et elle est rangée ici\u{a0}: {place}."),
            format!("Its recovery sheet was printed on {day}, and it is kept here: {place}."),
        ),
        (Some(day), None) => words.pick(
            format!(
                "Sa feuille de secours a été imprimée le {day}. L’endroit où elle est rangée n’est pas noté\u{a0}: demandez-le-nous."
            ),
            format!("Its recovery sheet was printed on {day}. Where it is kept is not on record: ask us."),
        ),
    };
    format!("{} {paper}", words.key_text())
}
