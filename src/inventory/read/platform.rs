//! `[platform]` of the co-operative.

use crate::domain::keys;
use crate::domain::refusal::Refusal;
use crate::inventory::mistake::Mistake;
use crate::inventory::platform::{PlatformServer, PlatformWay};
use crate::inventory::reader::{Reader, plain};

/// Reads it.
pub fn platform(reader: &Reader<'_>) -> Option<PlatformWay> {
    if reader.variant()? == "folder" {
        return Some(PlatformWay::Folder);
    }
    let url = reader.text("url", service);
    let directory_url = reader.text("directory_url", service).map(|url| url.value);
    let token_url = reader.text("token_url", service);
    let client_id = reader.text("client_id", plain);
    let tls_fingerprint = reader.text("tls_fingerprint", keys::tls_fingerprint).map(|one| one.value);
    if !reader.has("url") {
        let mistake = Mistake::new("the platform has no address", reader.place(), "`url` belongs here");
        reader.add(
            mistake
                .help("the address of its flow service, for example `url = \"https://api.pa.example/flow-service\"`"),
        );
    }
    if reader.has("token_url") != reader.has("client_id") {
        let mistake = Mistake::new("`token_url` and `client_id` go together", reader.place(), "one of them is missing");
        reader.add(mistake.help("with both, tokens are fetched; without both, the secret `platform` is the token"));
        return None;
    }
    Some(PlatformWay::Http(PlatformServer {
        url: url?.value,
        directory_url,
        token_url: token_url.map(|url| url.value),
        client_id: client_id.map(|id| id.value),
        tls_fingerprint,
    }))
}

/// The address of a service: invoices and tokens never go in clear.
fn service(text: &str) -> Result<String, Refusal> {
    let refused = |hint: &str| Err(Refusal::new(format!("`{text}` is not the address of a service")).hint(hint));
    let Some(rest) = text.strip_prefix("https://") else { return refused("it begins with `https://`") };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || text.contains(['?', '#', '@']) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused("write `https://HOST/PATH`");
    }
    Ok(text.trim_end_matches('/').to_owned())
}
