//! `download`: a storage fetches a file from the internet.

use serde::{Deserialize, Serialize};

use super::{Ending, SECOND_US, disks};
use crate::pve::state::Volume;
use crate::world::{Site, Surroundings};

/// Bytes that the uplink of a site fetches in a second.
const BYTES_PER_SECOND: u64 = 25_000_000;

/// A file to be fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Download {
    /// Onto which storage.
    pub storage: String,
    /// `iso`, `vztmpl` or `import`.
    pub content: String,
    /// Name of the file.
    pub filename: String,
    /// From where.
    pub url: String,
    /// The SHA-512 that it must have, in hexadecimal.
    pub sha512: Option<String>,
}

impl Download {
    /// As long as the file is large.
    pub fn duration_us(&self, around: Surroundings<'_>) -> u64 {
        let bytes = around.internet.downloads.get(&self.url).map_or(0, |file| file.size_bytes);
        SECOND_US + bytes.saturating_mul(SECOND_US) / BYTES_PER_SECOND
    }

    /// Fetches and checks it.
    ///
    /// # Errors
    /// Proxmox's words: not found, wrong checksum, no space.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let place = disks::activated(&site.pve, &site.node, &self.storage)?;
        let name = format!("{}/{}", self.content, self.filename);
        let path = format!("{}/{}", place.path().unwrap_or_default(), folder(&self.content, &self.filename));
        log.push(format!("downloading {} to {path}", self.url));
        let online = site.online.then(|| around.internet.downloads.get(&self.url)).flatten();
        if let (Some(there), Some(expected)) = (place.volumes.get(&name), &self.sha512) {
            log.push("calculating checksum of existing file...".to_owned());
            let same =
                online.is_some_and(|file| file.size_bytes == there.size_bytes && matches(&file.sha512, expected));
            if same {
                log.push("OK, got correct file already, no need to download".to_owned());
                return Ok(0);
            }
            log.push("mismatch - downloading again".to_owned());
        }
        let Some(file) = online else {
            log.push(format!("--{}--  {}", around.now.unix_seconds(), self.url));
            return Err(format!(
                "download failed: command '/usr/bin/wget --progress=dot:giga -O {path}.tmp_dwnl {}' failed: exit code 8",
                self.url
            ));
        };
        if place.full || file.size_bytes > site.pve.free_bytes(&site.node, &self.storage) {
            log.push(format!("{path}.tmp_dwnl: No space left on device"));
            return Err(format!(
                "download failed: command '/usr/bin/wget --progress=dot:giga -O {path}.tmp_dwnl {}' failed: exit code 3",
                self.url
            ));
        }
        if let Some(expected) = &self.sha512 {
            log.push("calculating checksum...".to_owned());
            if !matches(&file.sha512, expected) {
                return Err(format!("checksum mismatch: got '{}' != expect '{expected}'", file.sha512.to_lowercase()));
            }
            log.push("OK, checksum verified".to_owned());
        }
        let format = self.filename.rsplit('.').next().unwrap_or_default().to_owned();
        let volume = Volume {
            content: self.content.clone(),
            format: if self.content == "iso" { "iso".to_owned() } else { format },
            size_bytes: file.size_bytes,
            used_bytes: file.size_bytes,
            owner: None,
            created: around.now,
            image: Some(file.kind.clone()),
            parent: None,
            notes: None,
            protected: false,
        };
        disks::allocate(&mut site.pve, &site.node, &self.storage, &name, volume)?;
        log.push(format!("download of '{}' to '{path}' finished", self.url));
        Ok(0)
    }
}

/// Where a kind of content stands below a folder.
pub fn folder(content: &str, filename: &str) -> String {
    match content {
        "iso" => format!("template/iso/{filename}"),
        "vztmpl" => format!("template/cache/{filename}"),
        other => format!("{other}/{filename}"),
    }
}

fn matches(got: &str, expected: &str) -> bool {
    got.eq_ignore_ascii_case(expected)
}
