//! Pages of the co-operative's people.

use super::area::Area;

/// Routes of this area.
pub fn routes() -> Area {
    Area::new()
}
