//! `user import` and `user export`: people as CSV.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::Yunohost;
use super::super::context::{Context, Outcome, Refusal, traceback};
use super::super::grammar::patterns;
use super::super::neighbours;
use super::super::printer;
use super::super::reply::{Args, Line};
use super::change::{self, Changes};
use super::{NewUser, directory, groups};
use crate::world::Surroundings;

/// The columns, in the order in which they are checked and exported.
const COLUMNS: [&str; 9] =
    ["username", "firstname", "lastname", "password", "mail", "mail-alias", "mail-forward", "mailbox-quota", "groups"];

/// What one import takes in time: about 0.8 s a user (sheet, section 4).
const PER_USER_US: u64 = 800_000;

/// What some programs put at the beginning of a text file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Cells of the progress bar.
const BAR_WIDTH: usize = 20;

/// One line of a file that passed the checks.
struct Person {
    username: String,
    fullname: String,
    password: String,
    mail: String,
    aliases: Vec<String>,
    forwards: Vec<String>,
    quota: String,
    groups: Vec<String>,
}

/// What is to be done.
#[derive(Default)]
struct Plan {
    deleted: Vec<String>,
    updated: Vec<Person>,
    created: Vec<Person>,
}

/// What was done.
#[derive(Default)]
struct Counters {
    created: usize,
    updated: usize,
    deleted: usize,
    errors: usize,
}

/// All users as CSV.
pub fn export(state: &Yunohost) -> String {
    let mut lines = vec![COLUMNS.join(";")];
    for user in &state.users {
        let cells = COLUMNS.iter().map(|column| match directory::field(state, user, column) {
            Value::Array(items) => items.iter().map(printer::python).collect::<Vec<_>>().join(","),
            other => printer::python(&other),
        });
        lines.push(cells.map(|cell| quote(&cell)).collect::<Vec<_>>().join(";"));
    }
    lines.join("\r\n")
}

fn quote(cell: &str) -> String {
    if cell.contains([';', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// `user import`.
pub fn import(context: &mut Context<'_>, args: &Args) -> Outcome {
    let path = args.one("csvfile").unwrap_or_default();
    let text = context.files().read(path).unwrap_or_default().to_owned();
    let plan = plan(context, &text, args.given("--update"), args.given("--delete"))?;
    let total = plan.deleted.len() + plan.updated.len() + plan.created.len();
    if total == 0 {
        context.info("user_import_nothing_to_do", &[]);
        return Ok(Some(json!({})));
    }
    context.duration_us += PER_USER_US * total as u64;
    let counters = carry_out(context, plan, total)?;
    neighbours::refresh_single_sign_on(context)?;
    if counters.errors == 0 {
        context.success("user_import_success", &[]);
    } else {
        let failed = counters.created + counters.updated + counters.deleted == 0;
        let key = if failed { "user_import_failed" } else { "user_import_partial_failed" };
        let text = context.speech.say(key, &[]);
        context.lines.push(Line::Error(text));
        context.operation_failed("user_import", None);
    }
    Ok(Some(json!({
        "created": counters.created, "updated": counters.updated, "deleted": counters.deleted,
        "errors": counters.errors,
    })))
}

/// Reads the file and decides what to do with each line.
fn plan(context: &mut Context<'_>, text: &str, update: bool, delete: bool) -> Result<Plan, Refusal> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records().filter_map(Result::ok);
    let Some(header) = records.next() else {
        return Err(Refusal::crash("TypeError: argument of type 'NoneType' is not iterable"));
    };
    // A byte order mark stays a part of the first column's name for the real program.
    let first = text.starts_with(BYTE_ORDER_MARK).then(|| text.split([';', '\n', '\r']).next()).flatten();
    let mut header: Vec<&str> = header.iter().collect();
    if let (Some(first), Some(column)) = (first, header.first_mut()) {
        *column = first;
    }
    let missing: Vec<&str> = COLUMNS.iter().filter(|column| !header.contains(column)).copied().collect();
    if !missing.is_empty() {
        return Err(context.refuse("user_import_missing_columns", &[("columns", &missing.join(", "))]));
    }
    let mut plan = Plan::default();
    let mut seen: Vec<String> = Vec::new();
    let mut well_formed = true;
    for record in records {
        let cell = |column: &str| header.iter().position(|name| *name == column).and_then(|at| record.get(at));
        let line = record.position().map_or(0, csv::Position::line);
        crash_without_domain(&cell)?;
        let mistakes = mistakes(context.state(), &cell, &seen);
        seen.push(cell("username").unwrap_or("None").to_owned());
        if !mistakes.is_empty() {
            let said = [("line", line.to_string()), ("details", mistakes.join(", "))];
            let said: Vec<(&str, &str)> = said.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let text = context.speech.say("user_import_bad_line", &said);
            context.lines.push(Line::Error(text));
            well_formed = false;
            continue;
        }
        let mut person = person(&cell);
        if context.state().user(&person.username).is_none() {
            if person.password.is_empty() {
                person.password = random_password(context.around, &person.username);
            }
            plan.created.push(person);
        } else if update {
            plan.updated.push(person);
        }
    }
    if delete && seen.is_empty() {
        let text = "You used the delete option with an empty csv file ... You probably did not really mean to do that, \
                    did you !?";
        context.lines.push(Line::Error(text.to_owned()));
        well_formed = false;
    }
    if !well_formed {
        return Err(context.refuse("user_import_bad_file", &[]));
    }
    if delete {
        let users = context.state().users.iter().map(|user| user.username.clone());
        plan.deleted = users.filter(|username| !seen.contains(username)).collect();
    }
    Ok(plan)
}

/// The password of a user whose line has none: 70 letters and digits that nobody gets to see.
fn random_password(around: Surroundings<'_>, username: &str) -> String {
    let draw = |part: u8| hex::encode(Sha256::digest(format!("{} {username} import {part}", around.seed)));
    let mut text = format!("A{}{}", draw(0), draw(1));
    text.truncate(70);
    text
}

fn list(text: &str) -> Vec<String> {
    if text.is_empty() { Vec::new() } else { text.split(',').map(|item| item.trim().to_owned()).collect() }
}

fn person<'a>(cell: &impl Fn(&str) -> Option<&'a str>) -> Person {
    let text = |column: &str| cell(column).unwrap_or_default();
    Person {
        username: text("username").to_owned(),
        fullname: format!("{} {}", text("firstname"), text("lastname")).trim().to_owned(),
        password: text("password").to_owned(),
        mail: text("mail").to_owned(),
        aliases: list(text("mail-alias")),
        forwards: list(text("mail-forward")),
        quota: if text("mailbox-quota").is_empty() { "0" } else { text("mailbox-quota") }.to_owned(),
        groups: list(text("groups")),
    }
}

/// The real program takes what follows the `@` of every address without looking whether there is one.
fn crash_without_domain<'a>(cell: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Refusal> {
    let Some(mail) = cell("mail") else {
        return Err(Refusal::crash("AttributeError: 'NoneType' object has no attribute 'split'"));
    };
    let aliases = list(cell("mail-alias").unwrap_or_default());
    if mail.contains('@') && aliases.iter().all(|alias| alias.contains('@')) {
        return Ok(());
    }
    Err(Refusal::crash("IndexError: list index out of range"))
}

/// What is wrong with a line.
fn mistakes<'a>(state: &Yunohost, cell: &impl Fn(&str) -> Option<&'a str>, seen: &[String]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for column in COLUMNS {
        if !cell(column).is_some_and(|text| fits(column, text)) {
            let shown = cell(column).unwrap_or("None");
            mistakes.push(format!("{column}: '{shown}' doesn't match the expected format"));
        }
    }
    let username = cell("username").unwrap_or("None");
    if seen.iter().any(|one| one == username) {
        mistakes.push(format!("username '{username}' duplicated"));
    }
    let unknown_groups: Vec<String> =
        list(cell("groups").unwrap_or_default()).into_iter().filter(|name| state.group(name).is_none()).collect();
    if !unknown_groups.is_empty() {
        mistakes.push(format!("username '{username}': unknown groups {}", unknown_groups.join(", ")));
    }
    let mut addresses = vec![cell("mail").unwrap_or_default().to_owned()];
    addresses.extend(list(cell("mail-alias").unwrap_or_default()));
    let mut domains: Vec<&str> =
        addresses.iter().map(|mail| mail.split_once('@').map_or("", |(_, domain)| domain)).collect();
    domains.retain(|domain| state.domain(domain).is_none());
    domains.sort_unstable();
    domains.dedup();
    if !domains.is_empty() {
        mistakes.push(format!("username '{username}': unknown domains {}", domains.join(", ")));
    }
    mistakes
}

/// Whether a cell has the form that its column asks for. Most columns may be empty, and take anything then.
fn fits(column: &str, text: &str) -> bool {
    match column {
        "username" => patterns::username(text),
        "firstname" | "lastname" => patterns::fullname(text) && !text.chars().any(char::is_numeric),
        "mail" => patterns::address(text, ".-"),
        "mailbox-quota" => text.is_empty() || text.starts_with('0') || patterns::mailbox_quota(text),
        _ => true,
    }
}

/// Deletes, updates, creates, in this order.
fn carry_out(context: &mut Context<'_>, plan: Plan, total: usize) -> Result<Counters, Refusal> {
    let mut progress = Progress { done: 0, total };
    let mut counters = Counters::default();
    for username in &plan.deleted {
        progress.step(context, &format!("Deleting {username}"));
        if let Err(refusal) = change::remove(context, username, true, false, true) {
            context.operation_failed("user_import", None);
            return Err(botched_deletion(&refusal));
        }
        counters.deleted += 1;
    }
    for person in &plan.updated {
        progress.step(context, &format!("Updating {}", person.username));
        let result = update(context, person);
        count(context, &person.username, result, &mut counters.updated, &mut counters.errors);
    }
    for person in &plan.created {
        progress.step(context, &format!("Creating {}", person.username));
        let result = create(context, person).and_then(|()| update(context, person));
        count(context, &person.username, result, &mut counters.created, &mut counters.errors);
    }
    Ok(counters)
}

/// A refused deletion crashes the real program while it composes the message (sheet, section 10).
fn botched_deletion(refusal: &Refusal) -> Refusal {
    let first = traceback(&format!("yunohost.utils.error.YunohostValidationError: {}", refusal.reason));
    let last = "TypeError: unsupported operand type(s) for +: 'dict' and 'str'";
    let text = format!(
        "{first}\n\nDuring handling of the above exception, another exception occurred:\n\n{}",
        traceback(last)
    );
    Refusal { lines: vec![Line::Err(text)], reason: last.to_owned() }
}

fn count(context: &mut Context<'_>, username: &str, result: Result<(), Refusal>, done: &mut usize, errors: &mut usize) {
    match result {
        Ok(()) => *done += 1,
        Err(refusal) => {
            *errors += 1;
            context.lines.push(Line::Error(format!("{username}: {}", refusal.reason)));
        }
    }
}

fn create(context: &mut Context<'_>, person: &Person) -> Result<(), Refusal> {
    super::check_password(context, &person.password, false)?;
    let new = NewUser {
        username: &person.username,
        fullname: &person.fullname,
        domain: person.mail.split_once('@').map_or("", |(_, domain)| domain),
        password: &person.password,
        quota: &person.quota,
        shell: "/bin/bash",
        admin: false,
    };
    super::check_new(context, &new)?;
    super::add(context, &new)
}

/// Brings a user to what the line says: names, address, lists, groups.
fn update(context: &mut Context<'_>, person: &Person) -> Result<(), Refusal> {
    let Some(before) = context.state().user(&person.username).cloned() else {
        return Err(super::unknown(context, &person.username));
    };
    let had: Vec<String> =
        directory::groups_of(context.state(), &person.username).iter().map(|group| (*group).to_owned()).collect();
    for group in had.iter().filter(|group| !person.groups.contains(group)) {
        if *group == "admins" {
            groups::keep_last_admin(context, std::slice::from_ref(&person.username))?;
        }
        groups::leave(context, group, &person.username);
    }
    let without = |list: &[String], other: &[String]| -> Vec<String> {
        list.iter().filter(|item| !other.contains(item)).cloned().collect()
    };
    let changes = Changes {
        fullname: Some(&person.fullname),
        mail: (before.mail != person.mail).then_some(person.mail.as_str()),
        password: (!person.password.is_empty()).then_some(person.password.as_str()),
        add_aliases: &without(&person.aliases, &before.aliases),
        remove_aliases: &without(&before.aliases, &person.aliases),
        add_forwards: &without(&person.forwards, &before.forwards),
        remove_forwards: &without(&before.forwards, &person.forwards),
        quota: Some(&person.quota),
        shell: None,
    };
    change::change(context, &person.username, &changes)?;
    for group in person.groups.iter().filter(|group| !had.contains(group) && *group != "all_users") {
        groups::join(context, group, &person.username);
    }
    Ok(())
}

/// The bar that is shown before each user, where it differs from the one before.
struct Progress {
    done: usize,
    total: usize,
}

impl Progress {
    fn step(&mut self, context: &mut Context<'_>, what: &str) {
        self.done += 1;
        let filled = self.done * BAR_WIDTH / self.total;
        let bar = format!("[{}{}] > {what}", "#".repeat(filled), ".".repeat(BAR_WIDTH - filled));
        context.lines.push(Line::Info(bar));
    }
}
