//! The head and the foot of every page: who writes.

use serde::{Deserialize, Serialize};

/// The co-operative as its documents show it: the `house` of a template's data (`templates/house.typ`).
/// Its colour and logo are files of the templates (`templates/look.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct House {
    /// Name, as in the head of the page.
    pub name: String,
    /// Address lines.
    pub address: Vec<String>,
    /// Where it answers: e-mail, telephone.
    pub contact: Vec<String>,
    /// Legal mentions for the foot of every page.
    pub legal: String,
}
