//! The methods, by what they are about.

use super::call::Handler;

/// The method behind a verb and a path template such as `/nodes/{node}/qemu/{vmid}/config`;
/// `None` answers 501 like a path that Proxmox does not know.
pub fn find(_verb: &str, _template: &str) -> Option<Handler> {
    None
}
