//! Words into arguments: variables, substitutions, splitting, file name patterns.

use super::ast::{Node, Piece, PieceKind, Word};
use super::interpreter::{Ended, PID, Shell};
use crate::os::paths;

/// A field under construction: its text, and the same with pattern characters that were quoted escaped.
#[derive(Default)]
struct Field {
    text: String,
    pattern: String,
    is_pattern: bool,
    exists: bool,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        self.exists |= quoted || !text.is_empty();
        for one in text.chars() {
            if matches!(one, '*' | '?' | '[' | '\\') {
                if quoted {
                    self.pattern.push('\\');
                } else {
                    self.is_pattern |= one != '\\';
                }
            }
            self.pattern.push(one);
        }
        self.text.push_str(text);
    }
}

impl Shell<'_, '_> {
    /// Words into arguments, `$?` being this status.
    pub fn expand_with_status(&mut self, words: &[Word], status: i32) -> Result<Vec<String>, Ended> {
        self.status = status;
        let argv = self.expand_all(words)?;
        if argv.is_empty() && self.substitutes(words) {
            return Ok(argv);
        }
        if argv.is_empty() {
            self.status = 0;
        }
        Ok(argv)
    }

    /// Words into arguments.
    pub fn expand_all(&mut self, words: &[Word]) -> Result<Vec<String>, Ended> {
        let mut fields = Vec::new();
        for word in words {
            self.expand(word, &mut fields)?;
        }
        Ok(fields)
    }

    /// A word as one text, without splitting (assignments, redirections).
    pub fn expand_joined(&mut self, word: &[Piece]) -> Result<String, Ended> {
        let mut text = String::new();
        for piece in word {
            match &piece.kind {
                PieceKind::Literal(literal) => text.push_str(literal),
                PieceKind::Variable(name, default) => text.push_str(&self.variable(name, default.as_ref())?),
                PieceKind::Command(node) => text.push_str(&self.substitute(node)),
            }
        }
        Ok(text)
    }

    fn substitutes(&self, words: &[Word]) -> bool {
        words.iter().flatten().any(|piece| matches!(piece.kind, PieceKind::Command(_)))
    }

    fn expand(&mut self, word: &[Piece], fields: &mut Vec<String>) -> Result<(), Ended> {
        if self.own.positional.is_empty() && is_only_arguments(word) {
            return Ok(());
        }
        let mut field = Field::default();
        for piece in word {
            let text = match &piece.kind {
                PieceKind::Literal(text) => {
                    field.push(text, piece.quoted);
                    continue;
                }
                PieceKind::Variable(name, _) if name == "@" && piece.quoted => {
                    let positional = self.own.positional.clone();
                    for (index, one) in positional.iter().enumerate() {
                        if index > 0 {
                            self.close(std::mem::take(&mut field), fields);
                        }
                        field.push(one, true);
                    }
                    continue;
                }
                PieceKind::Variable(name, default) => self.variable(name, default.as_ref())?,
                PieceKind::Command(node) => self.substitute(node),
            };
            if piece.quoted {
                field.push(&text, true);
                continue;
            }
            self.split(&text, &mut field, fields);
        }
        self.close(field, fields);
        Ok(())
    }

    /// Splits unquoted text at blanks: the first part belongs to the field so far, the last one stays open.
    fn split(&self, text: &str, field: &mut Field, fields: &mut Vec<String>) {
        let blank = |one: char| matches!(one, ' ' | '\t' | '\n');
        if text.starts_with(blank) {
            self.close(std::mem::take(field), fields);
        }
        let mut parts = text.split(blank).filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            field.push(part, false);
            if parts.peek().is_some() || text.ends_with(blank) {
                self.close(std::mem::take(field), fields);
            }
        }
    }

    fn close(&self, field: Field, fields: &mut Vec<String>) {
        if !field.exists {
            return;
        }
        if field.is_pattern {
            let found = self.matching_files(&field.pattern);
            if !found.is_empty() {
                fields.extend(found);
                return;
            }
        }
        fields.push(field.text);
    }

    /// Paths that match a pattern, folder by folder, sorted.
    fn matching_files(&self, pattern: &str) -> Vec<String> {
        let mut found = if pattern.starts_with('/') { vec![String::from("/")] } else { vec![String::new()] };
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for folder in found {
                let absolute = paths::absolute(&self.own.cwd, &folder);
                if paths::check(self.os.machine, &self.user, &absolute, paths::Want::Read).is_err() {
                    continue;
                }
                for name in self.os.machine.files.list(&absolute) {
                    if matches_pattern(part, name) && (part.starts_with('.') || !name.starts_with('.')) {
                        let slash = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
                        next.push(format!("{folder}{slash}{name}"));
                    }
                }
            }
            found = next;
        }
        found
    }

    fn variable(&mut self, name: &str, default: Option<&Word>) -> Result<String, Ended> {
        let value = match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.own.positional.len().to_string()),
            "@" | "*" => Some(self.own.positional.join(" ")),
            "$" => Some(PID.to_string()),
            "!" => Some(self.background_pid.map(|pid| pid.to_string()).unwrap_or_default()),
            "0" => Some(self.name.clone()),
            "PWD" => Some(self.own.cwd.clone()),
            _ => match name.parse::<usize>() {
                Ok(number) => self.own.positional.get(number - 1).cloned(),
                Err(_) => self.own.vars.get(name).cloned(),
            },
        };
        match (value, default) {
            (Some(value), Some(default)) if value.is_empty() => self.expand_joined(default),
            (Some(value), _) => Ok(value),
            (None, Some(default)) => self.expand_joined(default),
            (None, None) if self.own.nounset => {
                let reason = if self.bash { "unbound variable" } else { "parameter not set" };
                self.complain(format!("{name}: {reason}"));
                self.status = if self.bash { 127 } else { 2 };
                Err(Ended)
            }
            (None, None) => Ok(String::new()),
        }
    }

    fn substitute(&mut self, node: &Node) -> String {
        let mut out = self.captured(|shell| shell.in_subshell(|shell| shell.run_to_end(node)));
        while out.ends_with('\n') {
            out.pop();
        }
        out
    }
}

/// Whether a word is `"$@"`, which is no word at all when there are no arguments.
fn is_only_arguments(word: &[Piece]) -> bool {
    word.iter().all(|piece| match &piece.kind {
        PieceKind::Literal(text) => text.is_empty(),
        PieceKind::Variable(name, _) => name == "@",
        PieceKind::Command(_) => false,
    }) && word.iter().any(|piece| matches!(piece.kind, PieceKind::Variable(..)))
}

/// Whether a name matches a pattern of `*`, `?` and escaped characters.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = rest.as_str();
            (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| matches_pattern(rest, &name[at..]))
        }
        Some(one) => {
            let mut letters = name.chars();
            let Some(letter) = letters.next() else { return false };
            let wanted = if one == '\\' { rest.next() } else { Some(one) };
            (one == '?' || wanted == Some(letter)) && matches_pattern(rest.as_str(), letters.as_str())
        }
    }
}
