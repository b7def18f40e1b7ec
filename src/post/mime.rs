//! The form of mail on the wire: headers (RFC 5322, 2047), parts (RFC 2045, 2046), names of files (RFC 2231). Whatever a
//! name holds, nothing of it becomes a header, a boundary or a path.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Attachment;

/// Longest line of an encoded body.
const LINE_MAX: usize = 76;

/// Bytes of text in one encoded word: with its frame it has 75 characters, the most that RFC 2047 allows.
const WORD_BYTES_MAX: usize = 45;

/// Longest name of an attached file, in characters.
const FILE_NAME_LENGTH_MAX: usize = 120;

/// Characters of an encoded file name on one line.
const FILE_NAME_PIECE: usize = 54;

/// A header with free text.
pub fn header(name: &str, text: &str) -> String {
    format!("{name}: {}\r\n", encoded(name.len() + 2, text))
}

/// A header with one address.
pub fn mailbox(header: &str, name: Option<&str>, address: &str) -> String {
    let address = address.replace(|one: char| one.is_control() || " <>".contains(one), "");
    match name.map(one_line).filter(|name| !name.trim().is_empty()) {
        None => format!("{header}: {address}\r\n"),
        Some(name) => format!("{header}: {}\r\n <{address}>\r\n", phrase(header.len() + 2, &name)),
    }
}

/// A name before an address: as it is, in quotes, or encoded.
fn phrase(column: usize, name: &str) -> String {
    if is_plain(column, name) {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        if column + quoted.len() + 2 <= LINE_MAX {
            return format!("\"{quoted}\"");
        }
    }
    words(column, name)
}

/// Text for a header: as it is when that is safe, as encoded words otherwise.
fn encoded(column: usize, text: &str) -> String {
    let text = one_line(text);
    if is_plain(column, &text) { text } else { words(column, &text) }
}

/// Whether text may stand in a header as it is.
fn is_plain(column: usize, text: &str) -> bool {
    column + text.len() <= LINE_MAX
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !text.contains("=?")
        && text.trim() == text
}

/// Line breaks and other control characters become blanks: a header is one line.
fn one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// Encoded words of RFC 2047, folded; no character is cut in two.
fn words(column: usize, text: &str) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    // The first line has the header's name before it.
    let mut room = WORD_BYTES_MAX.saturating_sub(column.div_ceil(4) * 3).max(4);
    for one in text.chars() {
        if piece.len() + one.len_utf8() > room {
            pieces.push(std::mem::take(&mut piece));
            room = WORD_BYTES_MAX;
        }
        piece.push(one);
    }
    pieces.push(piece);
    let words: Vec<String> = pieces.iter().map(|piece| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece))).collect();
    words.join("\r\n ")
}

/// A part of words.
pub fn text(subtype: &str, text: &str) -> String {
    format!(
        "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
        quoted_printable(text)
    )
}

/// A part that is a file.
pub fn attachment(file: &Attachment) -> String {
    format!(
        "Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n {}\r\n\r\n{}",
        file.mime,
        file_name(&file.name),
        wrapped_base64(&file.bytes)
    )
}

/// Parts in one. The boundary has a `=_`, which neither encoding of a part ever gives.
pub fn multipart(kind: &str, boundary: &str, parts: impl IntoIterator<Item = String>) -> String {
    let boundary = format!("=_{boundary}");
    let mut out = format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        // Writing to a String cannot fail.
        let _ = write!(out, "--{boundary}\r\n{}\r\n", part.trim_end_matches("\r\n"));
    }
    let _ = write!(out, "--{boundary}--\r\n");
    out
}

/// The name of a file as a parameter: as it is when it is simple, as RFC 2231 encodes it otherwise.
fn file_name(name: &str) -> String {
    let name: String = one_line(name).replace(['/', '\\'], "-").chars().take(FILE_NAME_LENGTH_MAX).collect();
    let is_simple = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
    if name.len() <= FILE_NAME_PIECE && name.chars().all(is_simple) {
        return format!("filename=\"{name}\"");
    }
    let mut pieces = vec![String::from("UTF-8''")];
    for byte in name.bytes() {
        let next = if is_simple(char::from(byte)) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        match pieces.last_mut() {
            Some(piece) if piece.len() + next.len() <= FILE_NAME_PIECE => piece.push_str(&next),
            _ => pieces.push(next),
        }
    }
    if let [only] = pieces.as_slice() {
        return format!("filename*={only}");
    }
    let numbered = pieces.iter().enumerate().map(|(place, piece)| format!("filename*{place}*={piece}"));
    numbered.collect::<Vec<_>>().join(";\r\n ")
}

fn wrapped_base64(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE_MAX * 2 + 2);
    for (place, one) in encoded.chars().enumerate() {
        if place > 0 && place % LINE_MAX == 0 {
            out.push_str("\r\n");
        }
        out.push(one);
    }
    out + "\r\n"
}

/// Quoted-printable: readable as it is for Latin letters, lines of at most 76 characters.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.replace("\r\n", "\n").split('\n') {
        let bytes = line.as_bytes();
        let mut column = 0;
        for (place, byte) in bytes.iter().enumerate() {
            let is_last = place + 1 == bytes.len();
            let is_blank = matches!(byte, b' ' | b'\t');
            // A blank at the end of a line gets lost on the way.
            let stays = (byte.is_ascii_graphic() && *byte != b'=') || (is_blank && !is_last);
            let width = if stays { 1 } else { 3 };
            if column + width > LINE_MAX - usize::from(!is_last) {
                out.push_str("=\r\n");
                column = 0;
            }
            if stays {
                out.push(char::from(*byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
        out.push_str("\r\n");
    }
    out
}
