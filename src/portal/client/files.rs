//! Files that are downloaded: never shown by the browser as a page of ours.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::super::Problem;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A printed document.
    Pdf,
    /// The data of an invoice.
    Xml,
}

/// A file to be kept under a name, which must be plain ASCII.
pub(super) fn file(kind: Kind, name: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().filter(|c| is_plain(*c)).collect();
    let media = match kind {
        Kind::Pdf => "application/pdf",
        Kind::Xml => "application/xml",
    };
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| Problem::Bug)?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
