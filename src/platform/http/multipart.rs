//! `multipart/form-data` with the two parts of a deposit.

/// A body with its media type.
pub struct Body {
    /// The media type, with the boundary.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The announcement, then the file. The file's checksum makes a boundary that it does not contain.
pub fn body(info: &[u8], name: &str, media_type: &str, file: &[u8], sha256: &str) -> Body {
    let boundary = format!("flow-{}", sha256.get(..32).unwrap_or(sha256));
    let name: String =
        name.chars().map(|one| if one.is_control() || "\"\\".contains(one) { '_' } else { one }).collect();
    let mut bytes = Vec::with_capacity(info.len() + file.len() + 512);
    let mut push = |text: &str| bytes.extend_from_slice(text.as_bytes());
    push(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"flowInfo\"\r\nContent-Type: application/json\r\n\r\n"
    ));
    bytes.extend_from_slice(info);
    let head = format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {media_type}\r\n\r\n"
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(file);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Body { media_type: format!("multipart/form-data; boundary={boundary}"), bytes }
}
