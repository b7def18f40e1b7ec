//! The one style sheet, under a name that changes with its content: browsers keep it for ever.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../../templates/portal/style.css");
const ICON: &str = include_str!("../../templates/portal/icon.svg");

/// Hexadecimal digits of the content's hash that stand in the name.
const DIGITS: usize = 12;

/// Where the style sheet is.
static PATH: LazyLock<String> = LazyLock::new(|| {
    let mut digest = hex::encode(Sha256::digest(STYLE));
    digest.truncate(DIGITS);
    format!("/style/{digest}.css")
});

/// Where the style sheet is.
pub fn path() -> &'static str {
    &PATH
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_DAY: &str = "public, max-age=86400";

/// The style sheet, whatever name an older page knows it by.
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, FOR_EVER)], STYLE).into_response()
}

/// The icon.
pub async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, FOR_A_DAY)], ICON).into_response()
}
