//! Apps and everything that hangs on them (filled by the apps slice).

use serde::{Deserialize, Serialize};

/// Installed apps and the catalogue as last downloaded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Apps {}
