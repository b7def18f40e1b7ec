//! JSON bodies, read as Proxmox's Perl library reads them: the words of its errors are part of the answers.

use serde_json::{Map, Value};

/// How deep arrays and objects may nest.
const DEPTH_MAX: usize = 512;

/// So many characters of the rest are quoted in an error.
const QUOTED_MAX: usize = 20;

/// Reads a whole text. Numbers become text as Perl prints them: the verifier checks text.
///
/// # Errors
/// The library's message, for example `'"' expected, at character offset 1 (before "(end of string)")`.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    let read = reader.document();
    read.map_err(|problem| {
        format!("{problem}, at character offset {} (before \"{}\")", reader.at, quote(&bytes[reader.at..]))
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn document(&mut self) -> Read<Value> {
        self.blanks();
        let value = self.value()?;
        self.blanks();
        if self.at < self.bytes.len() { Err("garbage after JSON object") } else { Ok(value) }
    }

    fn here(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.here(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Read<()> {
        if self.here() != Some(byte) {
            return Err(problem);
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self) -> Read<Value> {
        match self.here() {
            Some(b'"') => {
                self.at += 1;
                Ok(Value::String(self.string()?))
            }
            Some(b'[') => self.nested(Reader::array),
            Some(b'{') => self.nested(Reader::object),
            Some(b'-' | b'0'..=b'9') => Ok(Value::String(self.number()?)),
            Some(b't') => self.word("true", Value::Bool(true), "'true' expected"),
            Some(b'f') => self.word("false", Value::Bool(false), "'false' expected"),
            Some(b'n') => self.word("null", Value::Null, "'null' expected"),
            _ => Err("malformed JSON string, neither tag, array, object, number, string or atom"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("json text or perl structure exceeds maximum nesting level (max_depth set too low?)");
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn word(&mut self, word: &str, value: Value, problem: &'static str) -> Read<Value> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(problem);
        }
        self.at += word.len();
        Ok(value)
    }

    fn array(&mut self) -> Read<Value> {
        let mut list = Vec::new();
        self.blanks();
        if self.here() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(list));
        }
        loop {
            list.push(self.value()?);
            self.blanks();
            if self.here() == Some(b']') {
                self.at += 1;
                return Ok(Value::Array(list));
            }
            self.expect(b',', ", or ] expected while parsing array")?;
            self.blanks();
        }
    }

    fn object(&mut self) -> Read<Value> {
        let mut object = Map::new();
        self.blanks();
        if self.here() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(object));
        }
        loop {
            self.expect(b'"', "'\"' expected")?;
            let key = self.string()?;
            self.blanks();
            self.expect(b':', "':' expected")?;
            self.blanks();
            let value = self.value()?;
            object.insert(key, value);
            self.blanks();
            if self.here() == Some(b'}') {
                self.at += 1;
                return Ok(Value::Object(object));
            }
            self.expect(b',', ", or } expected while parsing object/hash")?;
            self.blanks();
        }
    }

    /// The rest of a string, behind its opening quotation mark.
    fn string(&mut self) -> Read<String> {
        let mut text = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            match self.here() {
                None | Some(0) => return Err("unexpected end of string while parsing JSON string"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(..0x20) => return Err("invalid character encountered while parsing JSON string"),
                Some(..0x80) => {
                    text.push(char::from(rest[0]));
                    self.at += 1;
                }
                Some(_) => {
                    let one = first_char(rest).ok_or("malformed UTF-8 character in JSON string")?;
                    text.push(one);
                    self.at += one.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let Some(kind) = self.bytes.get(self.at + 1) else {
            self.at += 1;
            return Err("illegal backslash escape sequence in string");
        };
        let one = match kind {
            b'"' | b'\\' | b'/' => char::from(*kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => {
                self.at += 1;
                return Err("illegal backslash escape sequence in string");
            }
        };
        self.at += 2;
        Ok(one)
    }

    /// `\uXXXX`, or two of them for what lies beyond.
    fn code_point(&mut self) -> Read<char> {
        let high = self.hex_digits()?;
        if !(0xd800..0xe000).contains(&high) {
            return char::from_u32(high).ok_or("malformed \\uXXXX character in JSON string");
        }
        if high >= 0xdc00 || !self.bytes[self.at..].starts_with(b"\\u") {
            return Err("missing low surrogate character in surrogate pair");
        }
        let low = self.hex_digits()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err("surrogate pair expected");
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or("surrogate pair expected")
    }

    fn hex_digits(&mut self) -> Read<u32> {
        self.at += 2;
        let digits = self.bytes.get(self.at..self.at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits
            .filter(|digits| digits.bytes().all(|one| one.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or("malformed \\uXXXX character in JSON string")?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Read<String> {
        let start = self.at;
        if self.here() == Some(b'-') {
            self.at += 1;
        }
        if self.here() == Some(b'0') {
            self.at += 1;
            if self.here().is_some_and(|next| next.is_ascii_digit()) {
                return Err("malformed number (leading zero must not be followed by another digit)");
            }
        } else {
            self.digits("malformed number (no digits after initial minus)")?;
        }
        let whole = self.at;
        if self.here() == Some(b'.') {
            self.at += 1;
            self.digits("malformed number (no digits after decimal point)")?;
        }
        if matches!(self.here(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.here(), Some(b'-' | b'+')) {
                self.at += 1;
            }
            self.digits("malformed number (no digits after exp sign)")?;
        }
        let text = String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned();
        // What has a fraction or an exponent goes through a floating point number.
        Ok(if self.at == whole { text } else { text.parse::<f64>().map_or(text, |number| number.to_string()) })
    }

    fn digits(&mut self, problem: &'static str) -> Read<()> {
        if !self.here().is_some_and(|next| next.is_ascii_digit()) {
            return Err(problem);
        }
        while self.here().is_some_and(|next| next.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let longest = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(longest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&longest[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next()
}

/// The rest of the text as an error quotes it.
fn quote(rest: &[u8]) -> String {
    if rest.is_empty() {
        return "(end of string)".to_owned();
    }
    let mut quoted = String::new();
    for one in String::from_utf8_lossy(rest).chars() {
        if quoted.chars().count() >= QUOTED_MAX {
            quoted.push_str("...");
            break;
        }
        match one {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(one),
            _ => quoted.push_str(&format!("\\x{{{:x}}}", u32::from(one))),
        }
    }
    quoted
}
