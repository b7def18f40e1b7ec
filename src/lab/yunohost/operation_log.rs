//! `log *`: the operations that were carried out, kept as files under `/var/log/yunohost/operations`.

use serde_json::{Value, json};

use super::job::{Failure, Job, Outcome};
use super::journal::{self, Operation};
use super::reply::{Args, Line};
use super::{when, yaml};
use crate::os::Files;

/// Where the logs are.
const FOLDER: &str = "/var/log/yunohost/operations";

/// What a failed operation says at its end.
pub fn failed_text(description: &str, name: &str) -> String {
    format!(
        "The operation '{description}' could not be completed. Please share the full log of this operation using the command 'yunohost log share {name}' to get help"
    )
}

/// An operation of this room while it runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// The entry of the journal.
    pub operation: Operation,
    first_line: usize,
}

impl Running {
    /// Begins an operation of this kind about something, for example `("app", "nextcloud")`.
    pub fn begin(job: &Job<'_>, kind: &str, about: Option<(&str, &str)>, description: String, args: Value) -> Running {
        let now = job.now();
        let operation = Operation {
            name: journal::name(now, kind, about.map(|(_, id)| id)),
            kind: kind.to_owned(),
            description,
            args,
            related_to: about.into_iter().map(|(kind, id)| (kind.to_owned(), id.to_owned())).collect(),
            parent: None,
            started: now,
            ended: now,
            error: None,
            log: Vec::new(),
        };
        Running { operation, first_line: job.reply.lines.len() }
    }

    /// What YunoHost says when this operation fails.
    pub fn failed_text(&self) -> String {
        failed_text(&self.operation.description, &self.operation.name)
    }

    /// Ends the operation well (`None`) or with an error, and keeps its log.
    pub fn end(mut self, job: &mut Job<'_>, error: Option<&str>) {
        self.operation.error = error.map(str::to_owned);
        self.operation.ended = job.now();
        self.operation.log = job.reply.lines[self.first_line..].iter().filter_map(logged).collect();
        write_files(job.files, &self.operation);
        job.ynh.operations.push(self.operation);
    }
}

/// A line of talk as it is logged. What is said about the log itself is not in it.
pub(super) fn logged(line: &Line) -> Option<String> {
    let (level, text) = match line {
        Line::Info(text) => ("INFO", text),
        Line::Success(text) => ("SUCCESS", text),
        Line::Warning(text) => ("WARNING", text),
        Line::Error(text) => ("ERROR", text),
        Line::Debug { .. } | Line::Out(_) | Line::Err(_) => return None,
    };
    (!text.starts_with("The operation '") && !text.starts_with("DEBUG - ")).then(|| format!("{level} - {text}"))
}

/// Writes the two files of an operation, as a technician finds them on the machine.
pub fn write_files(files: &mut Files, operation: &Operation) {
    files.make_folder(FOLDER, 0o750, "root");
    files.create(&format!("{FOLDER}/{}.yml", operation.name), 0o640, "root", yaml::document(&metadata(operation)));
    let log: String = log_lines(operation).iter().map(|line| format!("{line}\n")).collect();
    files.create(&log_path(&operation.name), 0o640, "root", log);
}

fn log_path(name: &str) -> String {
    format!("{FOLDER}/{name}.log")
}

/// The log's lines with the time before them.
fn log_lines(operation: &Operation) -> Vec<String> {
    let stamp = when::python(operation.started).replace('.', ",");
    operation.log.iter().map(|line| format!("{stamp}: {line}")).collect()
}

fn metadata(operation: &Operation) -> Value {
    let related: Vec<Value> = operation.related_to.iter().map(|(kind, id)| json!([kind, id])).collect();
    json!({
        "args": operation.args,
        "ended_at": when::python(operation.ended),
        "error": operation.error,
        "interface": "cli",
        "operation": operation.kind,
        "parent": operation.parent,
        "related_to": related,
        "started_at": when::python(operation.started),
        "started_by": "Non-interactive task",
        "success": operation.error.is_none(),
        "yunohost_version": super::VERSION,
    })
}

/// Runs a `log` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "log list" => Ok(Some(list(job, args))),
        "log show" | "log display" => show(job, args),
        "log share" => share(job, args),
        _ => return None,
    })
}

/// `log list`. The limit counts the parts of operations too when those are asked for.
fn list(job: &Job<'_>, args: &Args) -> Value {
    let limit: usize = args.one("--limit").and_then(|text| text.parse().ok()).unwrap_or(50);
    let with_details = args.given("--with-details");
    let with_suboperations = args.given("--with-suboperations");
    let counted = job.ynh.operations.iter().filter(|one| with_suboperations || one.parent.is_none());
    let counted: Vec<&Operation> = counted.collect();
    let recent = &counted[counted.len().saturating_sub(limit)..];
    let entry = |operation: &Operation| {
        let mut shown = json!({
            "name": operation.name,
            "path": format!("{FOLDER}/{}.yml", operation.name),
            "description": operation.description,
            "success": operation.error.is_none(),
            "started_at": when::iso(operation.started),
        });
        if with_details || with_suboperations {
            shown["parent"] = json!(operation.parent);
        }
        if with_details {
            shown["started_by"] = json!("Non-interactive task");
        }
        shown
    };
    let whole = recent.iter().filter(|one| one.parent.is_none()).map(|one| {
        let mut shown = entry(one);
        if with_suboperations {
            let parts = recent.iter().filter(|part| part.parent.as_ref() == Some(&one.name));
            shown["suboperations"] = parts.map(|part| entry(part)).collect();
        }
        shown
    });
    json!({"operation": whole.collect::<Vec<_>>()})
}

fn find<'a>(job: &'a Job<'_>, name: &str) -> Result<&'a Operation, Failure> {
    let logs = &job.ynh.operations;
    let bare = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".yml").trim_end_matches(".log");
    let found = if name == "last" {
        logs.iter().rfind(|one| one.parent.is_none())
    } else {
        logs.iter().find(|operation| operation.name == bare)
    };
    found.ok_or_else(|| {
        Failure::error(format!(
            "There is no operation log with the name '{name}', use 'yunohost log list' to see all available operation logs"
        ))
    })
}

fn show(job: &mut Job<'_>, args: &Args) -> Outcome {
    if args.given("--share") {
        return share(job, args);
    }
    let operation = find(job, args.one("path").unwrap_or_default())?;
    let number: usize = args.one("--number").and_then(|text| text.parse().ok()).unwrap_or(50);
    // What the file says now: somebody may have changed it.
    let lines: Vec<&str> = job.files.read(&log_path(&operation.name)).unwrap_or_default().lines().collect();
    let lines = &lines[lines.len().saturating_sub(number)..];
    Ok(Some(json!({
        "description": operation.description,
        "name": operation.name,
        "metadata_path": format!("{FOLDER}/{}.yml", operation.name),
        "metadata": metadata(operation),
        "log_path": log_path(&operation.name),
        "logs": lines,
    })))
}

/// Nothing leaves the lab: sharing fails as it does on a server without the internet.
fn share(job: &mut Job<'_>, args: &Args) -> Outcome {
    find(job, args.one("path").unwrap_or_default())?;
    job.takes_ms(1000);
    Err(Failure::error(
        "Something wrong happened while trying to paste data on paste.yunohost.org: HTTPSConnectionPool(host='paste.yunohost.org', port=443): Max retries exceeded with url: /documents (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7fb0cb07ebd0>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution'))",
    ))
}
