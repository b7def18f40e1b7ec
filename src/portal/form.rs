//! Forms: bounded, and read without trusting them.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;

use crate::util::limits;

use super::{Portal, Problem};

/// The fields of a form, in order.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `name=value&...`.
    ///
    /// # Errors
    /// [`Problem::TooLarge`] when there are too many.
    pub fn read(bytes: &[u8]) -> Result<Fields, Problem> {
        let fields: Vec<_> = form_urlencoded::parse(bytes).take(limits::PORTAL_FIELDS_MAX + 1).collect();
        if fields.len() > limits::PORTAL_FIELDS_MAX {
            return Err(Problem::TooLarge);
        }
        Ok(Fields(fields.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A field without the blanks around it; empty when it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was sent.
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// A text of people's, line ends made equal, other control characters taken out; `None` when it is too long.
    pub fn text(&self, name: &str, length_max: usize) -> Option<String> {
        let text = self.get(name).replace("\r\n", "\n");
        let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        (text.chars().count() <= length_max).then_some(text)
    }
}

impl FromRequest<Arc<Portal>> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Portal>) -> Result<Fields, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Problem::Unreadable);
        }
        let body = to_bytes(request.into_body(), limits::PORTAL_BODY_BYTES_MAX).await;
        Fields::read(&body.map_err(|_| Problem::TooLarge)?)
    }
}

/// The fields of a query.
pub fn query(request: &axum::http::Uri) -> Fields {
    Fields::read(request.query().unwrap_or_default().as_bytes()).unwrap_or_default()
}

/// A path of ours to go on to: never another host. Anything else is the beginning.
pub fn inside(path: &str) -> &str {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= limits::PORTAL_PATH_LENGTH_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours { path } else { "/" }
}
