//! The small part of SQL that administering Dolibarr needs, read into statements.

/// A value in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A text or a number.
    Text(String),
    /// `NULL`.
    Null,
    /// `NOW()` or `CURRENT_TIMESTAMP`.
    Now,
    /// A column's own value, or `VALUES(column)` of the row that was to be added.
    Column(String),
}

/// One condition; conditions are joined by AND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column that is compared.
    pub column: String,
    /// The comparison.
    pub test: Test,
}

/// How a column is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `=`
    Is(Term),
    /// `<>` or `!=`
    IsNot(Term),
    /// `IN (...)`
    Among(Vec<Term>),
    /// `LIKE`
    Like(String),
    /// `IS NULL`
    Null,
    /// `IS NOT NULL`
    NotNull,
}

/// What a SELECT shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// `*`
    All,
    /// `COUNT(*)`
    Count(String),
    /// Columns with the heading they are shown under.
    Columns(Vec<(String, String)>),
}

/// What happens when an added row repeats a unique key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnRepeat {
    /// The statement fails.
    Fail,
    /// The row is left out (`INSERT IGNORE`).
    Skip,
    /// The old row goes (`REPLACE`).
    Replace,
    /// The old row is changed (`ON DUPLICATE KEY UPDATE`).
    Update(Vec<(String, Term)>),
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the clauses of SQL")]
pub enum Statement {
    Select { shown: Shown, table: String, conditions: Vec<Condition>, order: Vec<(String, bool)>, limit: Option<usize> },
    Insert { table: String, columns: Vec<String>, rows: Vec<Vec<Term>>, on_repeat: OnRepeat },
    Update { table: String, changes: Vec<(String, Term)>, conditions: Vec<Condition> },
    Delete { table: String, conditions: Vec<Condition> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Sign(String),
}

/// Reads one statement, with or without its final semicolon.
///
/// # Errors
/// The rest of the text from the word that was not understood.
pub fn parse(text: &str) -> Result<Statement, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { text, tokens, at: 0 };
    let statement = reader.statement()?;
    reader.sign_if(";");
    if reader.at < reader.tokens.len() { Err(reader.rest()) } else { Ok(statement) }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let token = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            quote @ (b'\'' | b'"') => Token::Text(quoted(text, &mut at, quote)?),
            b'`' => Token::Word(quoted(text, &mut at, b'`')?),
            byte if byte.is_ascii_digit() || (byte == b'-' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) => {
                at += 1;
                while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
                    at += 1;
                }
                Token::Number(text[start..at].to_owned())
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                Token::Word(text[start..at].to_owned())
            }
            b'<' | b'!' if bytes.get(at + 1).is_some_and(|next| b"=>".contains(next)) => {
                at += 2;
                Token::Sign("<>".to_owned())
            }
            byte if byte.is_ascii() => {
                at += 1;
                Token::Sign(char::from(byte).to_string())
            }
            _ => return Err(text[start..].to_owned()),
        };
        tokens.push((start, token));
    }
    Ok(tokens)
}

/// A quoted text from its opening quote on; `''` and backslashes escape.
fn quoted(text: &str, at: &mut usize, quote: u8) -> Result<String, String> {
    let start = *at;
    let quote = char::from(quote);
    let mut value = String::new();
    let mut rest = text[start + 1..].char_indices().peekable();
    while let Some((offset, one)) = rest.next() {
        if one == '\\' {
            match rest.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, other)) => value.push(other),
                None => break,
            }
        } else if one == quote {
            if rest.peek().is_some_and(|(_, next)| *next == quote) {
                rest.next();
                value.push(quote);
            } else {
                *at = start + 1 + offset + 1;
                return Ok(value);
            }
        } else {
            value.push(one);
        }
    }
    Err(text[start..].to_owned())
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token)>,
    at: usize,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn rest(&self) -> String {
        self.tokens.get(self.at).map(|(start, _)| self.text[*start..].to_owned()).unwrap_or_default()
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn word_if(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(one)) if one.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn sign_if(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(one)) if one == sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Read<()> {
        if self.word_if(word) { Ok(()) } else { Err(self.rest()) }
    }

    fn sign(&mut self, sign: &str) -> Read<()> {
        if self.sign_if(sign) { Ok(()) } else { Err(self.rest()) }
    }

    /// A name, with an optional `table.` before it that is not needed with one table.
    fn name(&mut self) -> Read<String> {
        let Some(Token::Word(name)) = self.peek().cloned() else { return Err(self.rest()) };
        self.at += 1;
        if self.sign_if(".") { self.name() } else { Ok(name) }
    }

    fn statement(&mut self) -> Read<Statement> {
        if self.word_if("select") {
            self.select()
        } else if self.word_if("insert") {
            self.insert(false)
        } else if self.word_if("replace") {
            self.insert(true)
        } else if self.word_if("update") {
            self.update()
        } else if self.word_if("delete") {
            self.word("from")?;
            Ok(Statement::Delete { table: self.name()?, conditions: self.conditions()? })
        } else {
            Err(self.rest())
        }
    }

    fn select(&mut self) -> Read<Statement> {
        let shown = self.shown()?;
        self.word("from")?;
        let table = self.name()?;
        let conditions = self.conditions()?;
        let mut order = Vec::new();
        if self.word_if("order") {
            self.word("by")?;
            loop {
                let column = self.name()?;
                let descending = self.word_if("desc");
                if !descending {
                    self.word_if("asc");
                }
                order.push((column, descending));
                if !self.sign_if(",") {
                    break;
                }
            }
        }
        let limit = if self.word_if("limit") { Some(self.count()?) } else { None };
        Ok(Statement::Select { shown, table, conditions, order, limit })
    }

    fn count(&mut self) -> Read<usize> {
        match self.term()? {
            Term::Text(number) => number.parse().map_err(|_| self.rest()),
            _ => Err(self.rest()),
        }
    }

    fn shown(&mut self) -> Read<Shown> {
        if self.sign_if("*") {
            return Ok(Shown::All);
        }
        if self.word_if("count") {
            self.sign("(")?;
            self.sign("*")?;
            self.sign(")")?;
            let heading = if self.word_if("as") { self.name()? } else { "COUNT(*)".to_owned() };
            return Ok(Shown::Count(heading));
        }
        let mut columns = Vec::new();
        loop {
            let column = self.name()?;
            let heading = if self.word_if("as") { self.name()? } else { column.clone() };
            columns.push((column, heading));
            if !self.sign_if(",") {
                return Ok(Shown::Columns(columns));
            }
        }
    }

    fn insert(&mut self, replace: bool) -> Read<Statement> {
        let ignore = !replace && self.word_if("ignore");
        self.word("into")?;
        let table = self.name()?;
        self.sign("(")?;
        let columns = self.list(Self::name)?;
        if !self.word_if("values") {
            self.word("value")?;
        }
        let mut rows = Vec::new();
        loop {
            self.sign("(")?;
            rows.push(self.list(Self::term)?);
            if !self.sign_if(",") {
                break;
            }
        }
        let on_repeat = if replace {
            OnRepeat::Replace
        } else if self.word_if("on") {
            self.word("duplicate")?;
            self.word("key")?;
            self.word("update")?;
            OnRepeat::Update(self.changes()?)
        } else if ignore {
            OnRepeat::Skip
        } else {
            OnRepeat::Fail
        };
        Ok(Statement::Insert { table, columns, rows, on_repeat })
    }

    fn update(&mut self) -> Read<Statement> {
        let table = self.name()?;
        self.word("set")?;
        Ok(Statement::Update { table, changes: self.changes()?, conditions: self.conditions()? })
    }

    fn changes(&mut self) -> Read<Vec<(String, Term)>> {
        let mut changes = Vec::new();
        loop {
            let column = self.name()?;
            self.sign("=")?;
            changes.push((column, self.term()?));
            if !self.sign_if(",") {
                return Ok(changes);
            }
        }
    }

    fn conditions(&mut self) -> Read<Vec<Condition>> {
        let mut conditions = Vec::new();
        if !self.word_if("where") {
            return Ok(conditions);
        }
        loop {
            let column = self.name()?;
            let test = self.test()?;
            conditions.push(Condition { column, test });
            if !self.word_if("and") {
                return Ok(conditions);
            }
        }
    }

    fn test(&mut self) -> Read<Test> {
        if self.sign_if("=") {
            Ok(Test::Is(self.term()?))
        } else if self.sign_if("<>") {
            Ok(Test::IsNot(self.term()?))
        } else if self.word_if("in") {
            self.sign("(")?;
            Ok(Test::Among(self.list(Self::term)?))
        } else if self.word_if("like") {
            match self.term()? {
                Term::Text(pattern) => Ok(Test::Like(pattern)),
                _ => Err(self.rest()),
            }
        } else if self.word_if("is") {
            let not = self.word_if("not");
            self.word("null")?;
            Ok(if not { Test::NotNull } else { Test::Null })
        } else {
            Err(self.rest())
        }
    }

    /// Items up to the closing bracket.
    fn list<T>(&mut self, item: fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.sign_if(")") {
                return Ok(items);
            }
            self.sign(",")?;
        }
    }

    fn term(&mut self) -> Read<Term> {
        let term = match self.peek().cloned() {
            Some(Token::Text(text) | Token::Number(text)) => Term::Text(text),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Term::Null,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("now") => {
                self.at += 1;
                self.sign("(")?;
                self.sign(")")?;
                return Ok(Term::Now);
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("current_timestamp") => Term::Now,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("values") => {
                self.at += 1;
                self.sign("(")?;
                let column = self.name()?;
                self.sign(")")?;
                return Ok(Term::Column(column));
            }
            _ => return Err(self.rest()),
        };
        self.at += 1;
        Ok(term)
    }
}
