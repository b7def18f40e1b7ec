//! A step's commands as one shell script in which no secret stands.
//!
//! Secrets reach the guest apart from the script (standard input, or files only root can read) and are put in by the
//! guest's own shell. YunoHost then has them in the arguments of its process: it takes passwords no other way (one of the
//! exceptions of invariant 4, `docs/security.md`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ssh::quote;
use crate::yunohost::playbook::model::{Command, File, Step};
use crate::yunohost::playbook::step::Work;
use crate::yunohost::playbook::template::{Filter, Piece, Scope, TemplateError, Text, render};

/// A secret in the encoding that its place needs.
pub type SecretUse = (String, Filter);

/// A script, ready to run once its secrets are in the variables `s1`, `s2`, ...
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The commands joined by `&&`.
    pub commands: String,
    /// The secret of each variable, in order.
    pub secrets: Vec<SecretUse>,
    /// The lines of the step's file, if it has one.
    pub file: Option<Vec<Text>>,
}

/// The script of a piece of work. `file_path` is where the step's file will lie.
///
/// # Errors
/// A template that names a variable that does not exist.
pub fn script(work: &Work<'_>, scope: &Scope<'_>, file_path: &str) -> Result<Script, TemplateError> {
    let scope = scope.clone().with("file", Value::String(file_path.to_owned()));
    let mut secrets = Vec::new();
    let mut commands = Vec::new();
    for command in &work.step.apply {
        for scope in repetitions(command, &scope) {
            let words = command.run.iter().map(|word| render(word, &scope)).collect::<Result<Vec<_>, _>>()?;
            commands.push(words.iter().map(|word| shell_word(word, &mut secrets)).collect::<Vec<_>>().join(" "));
        }
    }
    let file = work.step.file.as_ref().map(|file| lines(file, work.step, &work.items, &scope)).transpose()?;
    Ok(Script { commands: commands.join(" && "), secrets, file })
}

fn repetitions<'a>(command: &Command, scope: &Scope<'a>) -> Vec<Scope<'a>> {
    match &command.for_each {
        None => vec![scope.clone()],
        Some(list) => {
            let elements = scope.lookup(list).and_then(Value::as_array).cloned().unwrap_or_default();
            elements.into_iter().map(|element| scope.clone().with("each", element)).collect()
        }
    }
}

fn lines(file: &File, step: &Step, items: &[Value], scope: &Scope<'_>) -> Result<Vec<Text>, TemplateError> {
    let mut lines: Vec<Text> = file.header.iter().map(|header| Text(vec![Piece::Plain(header.clone())])).collect();
    if step.together {
        for item in items {
            lines.push(render(&file.line, &scope.clone().with("item", item.clone()))?);
        }
    } else {
        lines.push(render(&file.line, scope)?);
    }
    Ok(lines)
}

/// A word of a command: plain text in single quotes, secrets as quoted variables.
fn shell_word(text: &Text, secrets: &mut Vec<SecretUse>) -> String {
    if text.0.is_empty() {
        return "''".to_owned();
    }
    text.0
        .iter()
        .map(|piece| match piece {
            Piece::Plain(plain) => quote(plain),
            Piece::Secret { name, filter } => {
                let wanted = (name.clone(), *filter);
                let known = secrets.iter().position(|one| *one == wanted);
                let at = known.unwrap_or_else(|| {
                    secrets.push(wanted);
                    secrets.len() - 1
                });
                format!("\"$s{}\"", at + 1)
            }
        })
        .collect()
}

/// The names of all secrets that a script and its file need, each once.
pub fn secret_names(script: &Script) -> impl Iterator<Item = &str> {
    let in_file = script.file.iter().flatten().flat_map(Text::secrets);
    let names: BTreeMap<&str, ()> =
        script.secrets.iter().map(|(name, _)| name.as_str()).chain(in_file).map(|name| (name, ())).collect();
    names.into_keys()
}
