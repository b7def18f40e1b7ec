//! The marker: what a guest writes down about itself every night, and what a restored guest is asked for.
//!
//! It is a file that only root of the guest can read. Its nonce is drawn anew each time and told to nobody but the sweep,
//! so a restored machine that has it was really that machine at that time. Counts are `None` where the guest could not
//! count: not knowing is not zero.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the marker lies in a guest.
pub const PATH: &str = "/var/lib/accolades/marker.json";

/// Where the one before it lies: a guest that writes its marker keeps the last one.
pub const PATH_BEFORE: &str = "/var/lib/accolades/marker.before.json";

/// The program in the guest that writes it.
pub const SCRIPT: &str = "/usr/local/lib/accolades/marker";

/// The unit that runs that program; its timer has the same name.
pub const UNIT: &str = "accolades-marker";

/// When the timer fires, as systemd writes it: before the backups of the night, on the clock of the co-operative, for that
/// of a guest may be any. A guest that slept catches up at its next start.
pub fn timer(time_zone: &str) -> String {
    format!("*-*-* 00:40:00 {time_zone}")
}

/// The version of the marker that this program writes and reads.
pub const VERSION: u32 = 1;

/// What a guest said of itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// [`VERSION`].
    pub version: u32,
    /// When it was written, by the guest's clock.
    pub at: Timestamp,
    /// 32 lower-case hexadecimal digits, drawn anew each time.
    pub nonce: String,
    /// Each app by its YunoHost id.
    #[serde(default)]
    pub apps: BTreeMap<String, MarkedApp>,
    /// Versions of the system by name: `debian`, `yunohost`, ...
    #[serde(default)]
    pub system: BTreeMap<String, String>,
}

/// What a guest said of one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedApp {
    /// Regular files below its data directory.
    pub files: Option<u64>,
    /// Rows of all tables of its database.
    pub rows: Option<u64>,
    /// Its version as YunoHost writes it.
    pub app_version: Option<String>,
}

/// Why a text is no marker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMarker {
    /// Broken or incomplete: the guest was stopped while it wrote, or somebody else wrote there.
    #[error("it is not a marker: {0}")]
    Malformed(String),
    /// Written by a newer program.
    #[error("it has version {0}, this program reads {VERSION}")]
    Version(u64),
    /// The nonce has another form.
    #[error("its nonce is not 32 hexadecimal digits")]
    Nonce,
}

/// Reads a marker.
///
/// # Errors
/// [`NotAMarker`] for anything that is not one; nothing of it is guessed.
pub fn parse(text: &str) -> Result<Marker, NotAMarker> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| NotAMarker::Malformed(error.to_string()))?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        None => return Err(NotAMarker::Malformed("it has no version".to_owned())),
        Some(version) if version != u64::from(VERSION) => return Err(NotAMarker::Version(version)),
        Some(_) => {}
    }
    let marker: Marker = serde_json::from_value(value).map_err(|error| NotAMarker::Malformed(error.to_string()))?;
    let sound = marker.nonce.len() == 32
        && marker.nonce.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if sound { Ok(marker) } else { Err(NotAMarker::Nonce) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    fn text(version: u32, nonce: &str) -> String {
        format!(
            r#"{{"version":{version},"at":"2026-11-29T00:40:03Z","nonce":"{nonce}",
                "apps":{{"nextcloud":{{"files":12,"rows":3456,"app_version":"31.0.5~ynh1"}},
                         "dolibarr":{{"files":null,"rows":78,"app_version":null}}}},
                "system":{{"debian":"12.9","yunohost":"12.1.2"}}}}"#
        )
    }

    #[test]
    fn a_marker_is_read_and_written_back() {
        let marker = parse(&text(1, NONCE)).unwrap();
        assert_eq!(marker.at, "2026-11-29T00:40:03Z".parse().unwrap());
        assert_eq!(marker.apps["nextcloud"].rows, Some(3456));
        assert_eq!(marker.apps["dolibarr"].files, None);
        assert_eq!(parse(&serde_json::to_string(&marker).unwrap()), Ok(marker));
    }

    #[test]
    fn what_is_no_marker_is_refused() {
        assert_eq!(parse(&text(2, NONCE)), Err(NotAMarker::Version(2)));
        for nonce in ["", "0123", &NONCE.to_uppercase(), &format!("{NONCE}0")] {
            assert_eq!(parse(&text(1, nonce)), Err(NotAMarker::Nonce), "{nonce}");
        }
        // Cut short: the guest lost its power while it wrote.
        for cut in ["", "{", "{\"version\":1}", &text(1, NONCE)[..60]] {
            assert!(matches!(parse(cut), Err(NotAMarker::Malformed(_))), "{cut}");
        }
    }
}
