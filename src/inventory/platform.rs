//! What the inventory says about the approved platform (plateforme agréée) through which documents reach clients.

use serde::{Deserialize, Serialize};

/// How documents get to the platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "way")]
pub enum PlatformWay {
    /// Through a drop folder: files out, statuses back in.
    #[default]
    Folder,
    /// Over HTTP, as XP Z12-013 describes it.
    Http(PlatformServer),
}

/// A platform over HTTP. Its token, or the secret of its account, is the secret `platform`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformServer {
    /// Address of the flow service.
    pub url: String,
    /// Address of the directory service.
    pub directory_url: Option<String>,
    /// Where tokens are given (OAuth 2, client credentials); absent: the secret is the token itself.
    pub token_url: Option<String>,
    /// Our name there; with `token_url` only.
    pub client_id: Option<String>,
    /// SHA-256 of its certificate; absent: a public authority vouches for it.
    pub tls_fingerprint: Option<String>,
}
