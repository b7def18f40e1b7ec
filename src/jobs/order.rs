//! Ordered work: what a person saw and confirmed, to be done as a job.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::domain::billing::month::Month;
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::money::Cents;
use crate::store::{NewJobOrder, Scope};

/// Version of an order's content.
const ORDER_VERSION: u32 = 1;

/// The content of an order cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the order was written by another version of the program\n\norder it again")]
pub struct NoOrder(#[source] Option<serde_json::Error>);

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Order {
    /// Look at instances and say what would be done; the words of its end are the plan's id.
    Plan {
        /// The instances.
        instances: Vec<InstanceId>,
    },
    /// Carry a plan out.
    Apply {
        /// Id of the plan that was shown.
        plan: String,
        /// The instances that it was made for.
        instances: Vec<InstanceId>,
    },
    /// Issue a month's documents.
    Issue {
        /// The month.
        month: Month,
        /// Clients who wait for another run, because a person said so.
        leave_out: Vec<ClientId>,
        /// What the documents that were shown come to, VAT included.
        gross: Cents,
    },
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    #[serde(flatten)]
    order: Order,
}

impl Order {
    /// The kind of job that does it.
    pub fn kind(&self) -> Kind {
        match self {
            Order::Plan { .. } => Kind::Plan,
            Order::Apply { .. } => Kind::Apply,
            Order::Issue { .. } => Kind::Issue,
        }
    }

    /// The order to be recorded. Its id is the form's: sent twice, it orders once.
    ///
    /// # Panics
    /// Never: an order is made of texts and numbers.
    pub fn record(&self, id: String, by: String, at_us: i64) -> NewJobOrder {
        let content = Content { version: ORDER_VERSION, order: self.clone() };
        let content = serde_json::to_value(content).expect("texts and numbers only");
        NewJobOrder { id, kind: self.kind().name().to_owned(), scope: Scope::Staff, content, by, at_us }
    }

    /// Reads the content of a recorded order.
    ///
    /// # Errors
    /// When another version of the program wrote it.
    pub fn read(content: &serde_json::Value) -> Result<Order, NoOrder> {
        let content: Content = serde_json::from_value(content.clone()).map_err(|error| NoOrder(Some(error)))?;
        if content.version == ORDER_VERSION { Ok(content.order) } else { Err(NoOrder(None)) }
    }
}
