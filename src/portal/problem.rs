//! What stops a page, and what whoever asked is told: a plain page, no detail of ours.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::billing::BillingError;
use crate::post::PostError;
use crate::print::PrintError;
use crate::store::StoreError;
use crate::store::secrets::VaultError;
use crate::util::clock::ClockError;

/// Why a page is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It does not exist, or not for whoever asks: both look the same.
    NotFound,
    /// Nobody is in: the entrance, staff's or the other.
    Outside {
        /// Whether the co-operative's people enter there.
        is_staff: bool,
    },
    /// The request did not come from one of our pages.
    Foreign,
    /// It is too long.
    TooLarge,
    /// What was sent cannot be read.
    Unreadable,
    /// It was tried too often.
    TooOften,
    /// Store, secrets or clock do not answer.
    Unavailable,
    /// No inventory was ever accepted.
    NotReady,
    /// A mistake of the program.
    Bug,
}

impl Problem {
    /// Its status.
    pub fn status(self) -> StatusCode {
        match self {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::Outside { .. } => StatusCode::SEE_OTHER,
            Problem::Foreign => StatusCode::FORBIDDEN,
            Problem::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::Unreadable => StatusCode::BAD_REQUEST,
            Problem::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Problem::Unavailable | Problem::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    /// Without a body: `layers` puts the page around it, in the language of whoever asked.
    fn into_response(self) -> Response {
        if let Problem::Outside { is_staff } = self {
            let entrance = if is_staff { "/equipe/entrer" } else { "/entrer" };
            return (StatusCode::SEE_OTHER, [(header::LOCATION, entrance)]).into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<ClockError> for Problem {
    fn from(error: ClockError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<PrintError> for Problem {
    fn from(error: PrintError) -> Problem {
        tell(&error);
        Problem::Unavailable
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Problem {
        tell(&error);
        Problem::Bug
    }
}

/// Told once, here, with its causes: who runs the portal reads it, who visits it does not.
fn tell(error: &dyn std::error::Error) {
    let mut words = error.to_string().lines().next().unwrap_or_default().to_owned();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(inner.to_string().lines().next().unwrap_or_default());
        cause = inner.source();
    }
    tracing::error!(error = words, "a page failed");
}
