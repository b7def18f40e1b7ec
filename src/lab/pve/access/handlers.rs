//! The methods about users, rights and pools, and the version.

use crate::lab::pve::call::Handler;

/// The method behind a verb and a path template of this area.
pub fn find(_verb: &str, _template: &str) -> Option<Handler> {
    None
}
