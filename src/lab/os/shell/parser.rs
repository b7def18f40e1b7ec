//! Reads a script into [`Node`]s: commands and what connects them. Grammar that is not simulated is refused by name.

use super::ast::{Connector, Node, Piece, PieceKind, Redirect, RedirectAction, Simple, Word};
use super::words::is_name;

/// Why a script cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// Correct shell, but not simulated here.
    NotSimulated(String),
    /// Not correct shell either.
    Syntax(String),
}

pub(super) type Parsed<T> = Result<T, ParseError>;

/// Reads a whole script.
///
/// # Errors
/// Grammar that is wrong or not simulated.
pub fn parse(script: &str) -> Parsed<Node> {
    let mut parser = Parser { text: script.chars().collect(), at: 0 };
    let node = parser.list(&[])?;
    match parser.peek() {
        None => Ok(node),
        Some(other) => Err(unexpected(other)),
    }
}

/// A place in a script.
pub(super) struct Parser {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
}

/// Words that begin or end a compound command when they stand where a command may begin.
const RESERVED_ENDS: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "}", "esac"];
const NOT_SIMULATED_WORDS: [&str; 4] = ["case", "function", "select", "[["];

fn unexpected(found: char) -> ParseError {
    ParseError::Syntax(format!("\"{found}\" unexpected"))
}

pub(super) fn not_simulated(what: &str) -> ParseError {
    ParseError::NotSimulated(what.to_owned())
}

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, one)| self.text.get(self.at + offset) == Some(&one))
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.at += 1,
                Some('\\') if self.looking_at("\\\n") => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|one| one != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn skip_blanks_and_newlines(&mut self) {
        self.skip_blanks();
        while self.peek() == Some('\n') {
            self.at += 1;
            self.skip_blanks();
        }
    }

    /// The bare word that comes next, without taking it.
    fn next_bare_word(&self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|one| one.is_whitespace() || ";&|()<>\"'$\\`".contains(*one));
        rest[..end.unwrap_or(rest.len())].iter().collect()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.next_bare_word() == word;
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        self.skip_blanks_and_newlines();
        if self.take_word(word) {
            return Ok(());
        }
        Err(ParseError::Syntax(match self.peek() {
            None => format!("end of file unexpected (expecting \"{word}\")"),
            Some(found) => format!("\"{found}\" unexpected (expecting \"{word}\")"),
        }))
    }

    /// Commands up to one of the closing words (not taken), a closing parenthesis or the end.
    pub(super) fn list(&mut self, ends: &[&str]) -> Parsed<Node> {
        let mut entries = Vec::new();
        loop {
            self.skip_blanks_and_newlines();
            let word = self.next_bare_word();
            if self.peek().is_none() || self.peek() == Some(')') || ends.contains(&word.as_str()) {
                return Ok(Node::List(entries));
            }
            if RESERVED_ENDS.contains(&word.as_str()) {
                return Err(ParseError::Syntax(format!("\"{word}\" unexpected")));
            }
            let node = self.and_or()?;
            self.skip_blanks();
            let mut background = false;
            if self.looking_at(";;") {
                return Err(not_simulated("case"));
            }
            if self.take(";") || self.take("\n") {
            } else if self.peek() == Some('&') {
                self.at += 1;
                background = true;
            } else if let Some(found) = self.peek().filter(|one| *one != ')') {
                return Err(unexpected(found));
            }
            entries.push((node, background));
        }
    }

    fn and_or(&mut self) -> Parsed<Node> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = if self.take("&&") {
                Connector::And
            } else if self.take("||") {
                Connector::Or
            } else {
                break;
            };
            self.skip_blanks_and_newlines();
            rest.push((connector, self.pipeline()?));
        }
        Ok(if rest.is_empty() { first } else { Node::AndOr(Box::new(first), rest) })
    }

    fn pipeline(&mut self) -> Parsed<Node> {
        let negated = self.take_word("!");
        self.skip_blanks();
        let mut parts = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.looking_at("||") || self.peek() != Some('|') {
                break;
            }
            self.at += 1;
            if self.peek() == Some('&') {
                return Err(not_simulated("|&"));
            }
            self.skip_blanks_and_newlines();
            parts.push(self.command()?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() && !negated => Ok(only),
            Some(last) => {
                parts.push(last);
                Ok(Node::Pipeline(parts, negated))
            }
            None => Err(ParseError::Syntax("end of file unexpected".to_owned())),
        }
    }

    fn command(&mut self) -> Parsed<Node> {
        let word = self.next_bare_word();
        if NOT_SIMULATED_WORDS.contains(&word.as_str()) {
            return Err(not_simulated(&word));
        }
        let compound = match word.as_str() {
            "if" => self.if_command()?,
            "while" | "until" => self.while_command(&word)?,
            "for" => self.for_command()?,
            "{" => {
                self.take_word("{");
                let body = self.list(&["}"])?;
                self.expect_word("}")?;
                Node::Group(Box::new(body))
            }
            _ if self.looking_at("((") => return Err(not_simulated("(( ))")),
            _ if self.peek() == Some('(') => {
                self.at += 1;
                let body = self.list(&[])?;
                if !self.take(")") {
                    return Err(ParseError::Syntax("end of file unexpected (expecting \")\")".to_owned()));
                }
                Node::Subshell(Box::new(body))
            }
            _ => return self.simple(),
        };
        let mut redirects = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None if redirects.is_empty() => return Ok(compound),
                None => return Ok(Node::Redirected(Box::new(compound), redirects)),
            }
        }
    }

    fn if_command(&mut self) -> Parsed<Node> {
        self.take_word("if");
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.list(&["then"])?;
            self.expect_word("then")?;
            let body = self.list(&["elif", "else", "fi"])?;
            branches.push((condition, body));
            if self.take_word("elif") {
                continue;
            }
            if self.take_word("else") {
                otherwise = Some(Box::new(self.list(&["fi"])?));
            }
            self.expect_word("fi")?;
            return Ok(Node::If(branches, otherwise));
        }
    }

    fn while_command(&mut self, word: &str) -> Parsed<Node> {
        self.take_word(word);
        let condition = self.list(&["do"])?;
        self.expect_word("do")?;
        let body = self.list(&["done"])?;
        self.expect_word("done")?;
        Ok(Node::While(Box::new(condition), Box::new(body), word == "until"))
    }

    fn for_command(&mut self) -> Parsed<Node> {
        self.take_word("for");
        self.skip_blanks();
        let name = self.next_bare_word();
        if !is_name(&name) {
            return Err(ParseError::Syntax("Bad for loop variable".to_owned()));
        }
        self.take_word(&name);
        self.skip_blanks();
        let mut words = Vec::new();
        if self.take_word("in") {
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(word) => words.push(word),
                    None => break,
                }
            }
        } else {
            words.push(vec![Piece { quoted: true, kind: PieceKind::Variable("@".to_owned(), None) }]);
        }
        self.skip_blanks();
        if self.peek() == Some(';') {
            self.at += 1;
        }
        self.expect_word("do")?;
        let body = self.list(&["done"])?;
        self.expect_word("done")?;
        Ok(Node::For(name, words, Box::new(body)))
    }

    fn simple(&mut self) -> Parsed<Node> {
        let line = 1 + self.text[..self.at].iter().filter(|one| **one == '\n').count();
        let mut simple = Simple { line, ..Simple::default() };
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            if simple.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                simple.assignments.push(assignment);
                continue;
            }
            match self.word()? {
                Some(word) => simple.words.push(word),
                None => break,
            }
        }
        if self.peek() == Some('(') {
            return Err(not_simulated(if simple.words.len() == 1 { "functions" } else { "arrays" }));
        }
        if simple == (Simple { line, ..Simple::default() }) {
            return Err(match self.peek() {
                Some('\n') => ParseError::Syntax("newline unexpected".to_owned()),
                Some(found) => unexpected(found),
                None => ParseError::Syntax("end of file unexpected".to_owned()),
            });
        }
        Ok(Node::Simple(simple))
    }

    fn assignment(&mut self) -> Parsed<Option<(String, Word)>> {
        let rest = &self.text[self.at..];
        let Some(length) = rest.iter().position(|one| !(one.is_ascii_alphanumeric() || *one == '_')) else {
            return Ok(None);
        };
        let name: String = rest[..length].iter().collect();
        if rest[length] != '=' || !is_name(&name) {
            return Ok(None);
        }
        self.at += length + 1;
        if self.peek() == Some('(') {
            return Err(not_simulated("arrays"));
        }
        Ok(Some((name, self.word()?.unwrap_or_default())))
    }

    fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let start = self.at;
        let digit = self.peek().and_then(|one| one.to_digit(10));
        if digit.is_some() && matches!(self.text.get(self.at + 1), Some('<' | '>')) {
            self.at += 1;
        }
        let given = if self.at > start { digit } else { None };
        if self.looking_at("&>") {
            return Err(not_simulated("&>"));
        }
        let read = self.peek() == Some('<');
        if !read && self.peek() != Some('>') {
            self.at = start;
            return Ok(None);
        }
        for refused in ["<<", "<(", ">(", "<>", ">|"] {
            if self.looking_at(refused) {
                return Err(not_simulated(refused));
            }
        }
        let descriptor = given.unwrap_or(if read { 0 } else { 1 });
        if descriptor > 2 {
            return Err(not_simulated("file descriptors above 2"));
        }
        let descriptor = descriptor as u8;
        if read {
            self.at += 1;
            let file = self.redirect_target()?;
            return Ok(Some(Redirect { descriptor, action: RedirectAction::Read(file) }));
        }
        if self.take(">>") {
            let file = self.redirect_target()?;
            return Ok(Some(Redirect { descriptor, action: RedirectAction::Append(file) }));
        }
        if self.take(">&") {
            let target = self.peek().and_then(|one| one.to_digit(10)).filter(|one| (1..=2).contains(one));
            let Some(target) = target else { return Err(not_simulated(">& to anything but 1 or 2")) };
            self.at += 1;
            return Ok(Some(Redirect { descriptor, action: RedirectAction::Duplicate(target as u8) }));
        }
        self.at += 1;
        let file = self.redirect_target()?;
        Ok(Some(Redirect { descriptor, action: RedirectAction::Write(file) }))
    }

    fn redirect_target(&mut self) -> Parsed<Word> {
        self.skip_blanks();
        self.word()?.ok_or_else(|| ParseError::Syntax("redirection without a file".to_owned()))
    }
}
