//! Templates: `{path}` puts a variable in, `{path|filter}` encodes it, `{secret:name}` names a secret.
//!
//! A secret is never rendered here: it stays a reference until the engine puts the value in (invariant 4).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stays as it is in a query value.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A rendered text: pieces of plain text and references to secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Piece>);

/// A part of a rendered text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Plain.
    Plain(String),
    /// The value of this secret, encoded by this filter.
    Secret {
        /// Its name in the vault.
        name: String,
        /// How its value is encoded.
        filter: Filter,
    },
}

/// How a value is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// As it is.
    None,
    /// As a value in a URL query: YunoHost's `--args` (sheet YunoHost, section 4).
    Url,
    /// As one step of a JSON pointer.
    Pointer,
    /// Inside single quotes of an SQL statement.
    Sql,
    /// As a CSV field that may hold quotes.
    Csv,
}

/// A template that cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("`{0}` has a brace without its partner\n\nwrite `{{{{` for a brace that means itself")]
    Brace(String),
    /// No such variable.
    #[error("`{template}` names the variable `{name}`, which does not exist here")]
    Unknown {
        /// The template.
        template: String,
        /// The variable.
        name: String,
    },
    /// A list or table where a plain value is wanted.
    #[error("`{template}` names `{name}`, which is a list or a table, not a value")]
    NotAValue {
        /// The template.
        template: String,
        /// The variable.
        name: String,
    },
    /// No such filter.
    #[error("`{template}` asks for the filter `{name}`; there are `url`, `pointer`, `sql` and `csv`")]
    Filter {
        /// The template.
        template: String,
        /// The filter.
        name: String,
    },
    /// A secret where only plain text may stand.
    #[error("`{0}` names a secret, which may not stand here")]
    Secret(String),
}

impl Filter {
    fn named(name: &str) -> Option<Filter> {
        Some(match name {
            "url" => Filter::Url,
            "pointer" => Filter::Pointer,
            "sql" => Filter::Sql,
            "csv" => Filter::Csv,
            _ => return None,
        })
    }

    /// The value in this encoding.
    pub fn encode(self, value: &str) -> String {
        match self {
            Filter::None => value.to_owned(),
            Filter::Url => utf8_percent_encode(value, QUERY_VALUE).to_string(),
            Filter::Pointer => value.replace('~', "~0").replace('/', "~1"),
            Filter::Sql => value.replace('\\', "\\\\").replace('\'', "''"),
            Filter::Csv => value.replace('"', "\"\""),
        }
    }
}

/// The variables that a template sees: those of the instance, and those of the step (`item`, `each`, what it found).
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    instance: &'a Value,
    // A handful at most: looking through them costs less than a tree.
    step: Vec<(String, Cow<'a, Value>)>,
}

impl<'a> Scope<'a> {
    /// Only the instance's variables.
    pub fn new(instance: &'a Value) -> Scope<'a> {
        Scope { instance, step: Vec::new() }
    }

    /// With one more variable of the step.
    pub fn with(mut self, name: &str, value: Value) -> Scope<'a> {
        self.step.push((name.to_owned(), Cow::Owned(value)));
        self
    }

    /// As [`Scope::with`], a variable that lies elsewhere.
    pub fn with_ref(mut self, name: &str, value: &'a Value) -> Scope<'a> {
        self.step.push((name.to_owned(), Cow::Borrowed(value)));
        self
    }

    /// The variable at a dotted path.
    pub fn lookup(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        // What was added last hides what was there before.
        let own = self.step.iter().rev().find(|(name, _)| name == first).map(|(_, value)| value.as_ref());
        let start = own.or_else(|| self.instance.get(first))?;
        rest.map_or(Some(start), |rest| rest.split('.').try_fold(start, |value, key| value.get(key)))
    }
}

/// A plain value as text.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Renders a template.
///
/// # Errors
/// See [`TemplateError`].
pub fn render(template: &str, scope: &Scope<'_>) -> Result<Text, TemplateError> {
    if !template.contains(['{', '}']) {
        return Ok(Text(if template.is_empty() { Vec::new() } else { vec![Piece::Plain(template.to_owned())] }));
    }
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let end = matching_brace(rest).filter(|_| brace == "{");
        let Some(end) = end else { return Err(TemplateError::Brace(template.to_owned())) };
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        match placeholder(template, inside, scope)? {
            Piece::Plain(more) => text.push_str(&more),
            secret => {
                pieces.push(Piece::Plain(std::mem::take(&mut text)));
                pieces.push(secret);
            }
        }
    }
    text.push_str(rest);
    pieces.push(Piece::Plain(text));
    pieces.retain(|piece| *piece != Piece::Plain(String::new()));
    Ok(Text(pieces))
}

/// Renders a template in which no secret may stand.
///
/// # Errors
/// See [`TemplateError`].
pub fn render_plain(template: &str, scope: &Scope<'_>) -> Result<String, TemplateError> {
    render(template, scope)?.plain().ok_or_else(|| TemplateError::Secret(template.to_owned()))
}

/// Where the brace closes that was opened just before `text`; placeholders may nest one level (`{secret:a/{item.id}}`).
fn matching_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn placeholder(template: &str, inside: &str, scope: &Scope<'_>) -> Result<Piece, TemplateError> {
    let (name, filter) = match inside.rsplit_once('|') {
        Some((name, filter)) => {
            let unknown = || TemplateError::Filter { template: template.to_owned(), name: filter.to_owned() };
            (name, Filter::named(filter).ok_or_else(unknown)?)
        }
        None => (inside, Filter::None),
    };
    if let Some(secret) = name.strip_prefix("secret:") {
        return Ok(Piece::Secret { name: render_plain(secret, scope)?, filter });
    }
    let value = scope
        .lookup(name)
        .ok_or_else(|| TemplateError::Unknown { template: template.to_owned(), name: name.to_owned() })?;
    let text = plain(value)
        .ok_or_else(|| TemplateError::NotAValue { template: template.to_owned(), name: name.to_owned() })?;
    Ok(Piece::Plain(filter.encode(&text)))
}

impl Text {
    /// The text when no secret is in it.
    pub fn plain(&self) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Plain(text) => Some(text.as_str()),
                Piece::Secret { .. } => None,
            })
            .collect()
    }

    /// The names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Secret { name, .. } => Some(name.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_filters_and_secrets_are_told_apart() {
        let variables = json!({"relay": {"host": "h", "user": "a b&c"}, "item": {"id": "p1"}});
        let variables = &Scope::new(&variables);
        assert_eq!(render_plain("u={relay.user|url}&h={relay.host}", variables).unwrap(), "u=a%20b%26c&h=h");
        let text = render("p={secret:person/{item.id}|url};", variables).unwrap();
        assert_eq!(
            text.0,
            [
                Piece::Plain("p=".into()),
                Piece::Secret { name: "person/p1".into(), filter: Filter::Url },
                Piece::Plain(";".into())
            ]
        );
        assert_eq!(text.plain(), None);
    }

    #[test]
    fn braces_that_mean_themselves_are_doubled() {
        let nothing = json!({});
        let nothing = &Scope::new(&nothing);
        assert_eq!(render_plain("{{\"a\": 1}}", nothing).unwrap(), "{\"a\": 1}");
        assert!(matches!(render_plain("{a", nothing), Err(TemplateError::Brace(_))));
        assert!(matches!(render_plain("a}", nothing), Err(TemplateError::Brace(_))));
    }

    #[test]
    fn an_unknown_variable_is_an_error_and_never_an_empty_text() {
        let variables = json!({"list": []});
        let variables = &Scope::new(&variables);
        assert!(matches!(render_plain("{nope}", variables), Err(TemplateError::Unknown { .. })));
        assert!(matches!(render_plain("{list}", variables), Err(TemplateError::NotAValue { .. })));
    }

    #[test]
    fn a_quote_cannot_leave_an_sql_text() {
        let variables = json!({"name": "L'Atelier \\'; DROP"});
        assert_eq!(render_plain("'{name|sql}'", &Scope::new(&variables)).unwrap(), "'L''Atelier \\\\''; DROP'");
    }
}
