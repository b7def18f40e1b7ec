//! Who holds a lease: a process on a machine, and whether it still lives.

use std::fmt;
use std::path::Path;

/// A holder `host:pid:nonce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    /// This process; the nonce tells several holders in one process apart.
    pub fn of_this_process(nonce: &str) -> Holder {
        Holder(format!("{}:{}:{nonce}", host_name(), std::process::id()))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned())
}

/// Whether a holder was a process of this machine that no longer exists. Of other machines nothing is known.
pub fn is_dead(holder: &str) -> bool {
    let mut parts = holder.split(':');
    let (Some(host), Some(pid)) = (parts.next(), parts.next()) else { return false };
    host == host_name() && !Path::new("/proc").join(pid).exists()
}
