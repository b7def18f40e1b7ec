//! Ordered work: a plan that a person saw and confirmed, to be carried out as a job.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::domain::ids::InstanceId;
use crate::store::{NewJobOrder, Scope};

/// Version of an order's content.
const ORDER_VERSION: u32 = 1;

/// The content of an order cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the order was written by another version of the program\n\nconfirm the plan again")]
pub struct NoOrder(#[source] Option<serde_json::Error>);

/// Carry out this plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyOrder {
    version: u32,
    /// Id of the plan that was shown.
    pub plan: String,
    /// The instances that it was made for.
    pub instances: Vec<InstanceId>,
}

impl ApplyOrder {
    /// An order for a plan.
    pub fn new(plan: String, instances: Vec<InstanceId>) -> ApplyOrder {
        ApplyOrder { version: ORDER_VERSION, plan, instances }
    }

    /// The order to be recorded. Its id is the form's: sent twice, it orders once.
    ///
    /// # Panics
    /// Never: an order is made of texts and numbers.
    pub fn order(&self, id: String, by: String, at_us: i64) -> NewJobOrder {
        let content = serde_json::to_value(self).expect("texts and numbers only");
        NewJobOrder { id, kind: Kind::Apply.name().to_owned(), scope: Scope::Staff, content, by, at_us }
    }

    /// Reads the content of a recorded order.
    ///
    /// # Errors
    /// When another version of the program wrote it.
    pub fn read(content: &serde_json::Value) -> Result<ApplyOrder, NoOrder> {
        let order: ApplyOrder = serde_json::from_value(content.clone()).map_err(|error| NoOrder(Some(error)))?;
        if order.version == ORDER_VERSION { Ok(order) } else { Err(NoOrder(None)) }
    }
}
