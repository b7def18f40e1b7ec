//! `multipart/form-data`, as a server reads it.

use super::refusal::Refusal;

/// A part.
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its content.
    pub content: Vec<u8>,
}

/// The parts of a body.
///
/// # Errors
/// A refusal when it is no such body.
pub fn parts(content_type: Option<&str>, body: &[u8]) -> Result<Vec<Part>, Refusal> {
    let boundary = content_type
        .filter(|text| text.starts_with("multipart/form-data"))
        .and_then(|text| text.split(';').find_map(|piece| piece.trim().strip_prefix("boundary=")))
        .ok_or_else(|| Refusal::bad("multipart/form-data is expected"))?;
    let delimiter = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let mut parts = Vec::new();
    let mut rest = find(body, &delimiter).map(|at| &body[at + delimiter.len()..]).ok_or_else(|| broken("begins"))?;
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n").ok_or_else(|| broken("has a part"))?;
        let mut end_mark = b"\r\n".to_vec();
        end_mark.extend_from_slice(&delimiter);
        let end = find(rest, &end_mark).ok_or_else(|| broken("ends"))?;
        parts.push(part(&rest[..end])?);
        rest = &rest[end + end_mark.len()..];
    }
    Ok(parts)
}

fn part(bytes: &[u8]) -> Result<Part, Refusal> {
    let at = find(bytes, b"\r\n\r\n").ok_or_else(|| broken("has headers"))?;
    let head = String::from_utf8_lossy(&bytes[..at]);
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("Content-Disposition").ok_or_else(|| broken("names its parts"))?;
    let name = disposition.split(';').find_map(|piece| piece.trim().strip_prefix("name="));
    let name = name.ok_or_else(|| broken("names its parts"))?.trim_matches('"').to_owned();
    Ok(Part { name, media_type: header("Content-Type"), content: bytes[at + 4..].to_vec() })
}

fn broken(what: &str) -> Refusal {
    Refusal::bad(&format!("nothing in the body {what}"))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
