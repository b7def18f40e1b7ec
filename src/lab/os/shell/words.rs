//! Reads words: quoting, variables, command substitutions.

use super::ast::{Piece, PieceKind, Word};
use super::parser::{ParseError, Parsed, Parser, not_simulated};

impl Parser {
    /// The next word, or `None` where none begins.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        let mut pieces: Word = Vec::new();
        let mut found = false;
        while let Some(one) = self.peek() {
            match one {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' if self.looking_at("\\\n") => {
                    self.at += 2;
                    continue;
                }
                '\\' => {
                    self.at += 1;
                    let escaped = self.peek().unwrap_or('\\');
                    self.at += 1;
                    literal(&mut pieces, escaped, true);
                }
                '\'' => self.single_quoted(&mut pieces)?,
                '"' => self.double_quoted(&mut pieces)?,
                '`' => return Err(not_simulated("backquotes")),
                '$' if matches!(self.text.get(self.at + 1), Some('\'' | '"')) => {
                    return Err(not_simulated("$'…'"));
                }
                '$' => self.dollar(&mut pieces, false)?,
                _ => {
                    self.at += 1;
                    literal(&mut pieces, one, false);
                }
            }
            found = true;
        }
        Ok(found.then_some(pieces))
    }

    fn single_quoted(&mut self, pieces: &mut Word) -> Parsed<()> {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|one| one != '\'') {
            self.at += 1;
        }
        if self.peek().is_none() {
            return Err(ParseError::Syntax("Unterminated quoted string".to_owned()));
        }
        let text: String = self.text[start..self.at].iter().collect();
        self.at += 1;
        pieces.push(Piece { quoted: true, kind: PieceKind::Literal(text) });
        Ok(())
    }

    fn double_quoted(&mut self, pieces: &mut Word) -> Parsed<()> {
        self.at += 1;
        // An empty quoted piece keeps `""` a word.
        pieces.push(Piece { quoted: true, kind: PieceKind::Literal(String::new()) });
        loop {
            match self.peek() {
                None => return Err(ParseError::Syntax("Unterminated quoted string".to_owned())),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => {}
                        Some(one @ ('$' | '`' | '"' | '\\')) => literal(pieces, one, true),
                        Some(one) => {
                            literal(pieces, '\\', true);
                            literal(pieces, one, true);
                        }
                        None => continue,
                    }
                    self.at += 1;
                }
                Some('`') => return Err(not_simulated("backquotes")),
                Some('$') => self.dollar(pieces, true)?,
                Some(one) => {
                    self.at += 1;
                    literal(pieces, one, true);
                }
            }
        }
    }

    fn dollar(&mut self, pieces: &mut Word, quoted: bool) -> Parsed<()> {
        self.at += 1;
        if self.looking_at("((") {
            return Err(not_simulated("$(( ))"));
        }
        let kind = match self.peek() {
            Some('(') => {
                self.at += 1;
                let body = self.list(&[])?;
                if !self.take(")") {
                    return Err(ParseError::Syntax("end of file unexpected (expecting \")\")".to_owned()));
                }
                PieceKind::Command(Box::new(body))
            }
            Some('{') => self.braced_variable()?,
            Some(one) if one.is_ascii_digit() || "@*#?$!".contains(one) => {
                self.at += 1;
                PieceKind::Variable(one.to_string(), None)
            }
            Some(one) if one.is_ascii_alphabetic() || one == '_' => {
                let start = self.at;
                while self.peek().is_some_and(|one| one.is_ascii_alphanumeric() || one == '_') {
                    self.at += 1;
                }
                PieceKind::Variable(self.text[start..self.at].iter().collect(), None)
            }
            _ => {
                literal(pieces, '$', quoted);
                return Ok(());
            }
        };
        pieces.push(Piece { quoted, kind });
        Ok(())
    }

    fn braced_variable(&mut self) -> Parsed<PieceKind> {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|one| one.is_ascii_alphanumeric() || one == '_') {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        if self.take("}") && !name.is_empty() {
            return Ok(PieceKind::Variable(name, None));
        }
        if name.is_empty() || !self.take(":-") {
            return Err(not_simulated("this kind of ${…}"));
        }
        let mut default = Word::new();
        while let Some(one) = self.peek().filter(|one| *one != '}') {
            match one {
                '$' => self.dollar(&mut default, true)?,
                '"' => self.double_quoted(&mut default)?,
                '\'' => self.single_quoted(&mut default)?,
                _ => {
                    self.at += 1;
                    literal(&mut default, one, false);
                }
            }
        }
        if !self.take("}") {
            return Err(ParseError::Syntax("Missing '}'".to_owned()));
        }
        Ok(PieceKind::Variable(name, Some(default)))
    }
}

fn literal(pieces: &mut Word, one: char, quoted: bool) {
    if let Some(Piece { quoted: same, kind: PieceKind::Literal(text) }) = pieces.last_mut()
        && *same == quoted
    {
        text.push(one);
        return;
    }
    pieces.push(Piece { quoted, kind: PieceKind::Literal(one.to_string()) });
}

/// Whether a text can be a variable's name.
pub fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|one| one.is_ascii_alphabetic() || one == '_')
        && letters.all(|one| one.is_ascii_alphanumeric() || one == '_')
}
