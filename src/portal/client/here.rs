//! Where the client lives today and what was seen there: read once for a page, whatever the page makes of it.

use crate::health::matter;
use crate::plan::desired::Subject;
use crate::store::Look;

use super::super::session::ClientSession;
use super::super::{Portal, Problem};

/// The client's instance with the client's own looks at it.
pub(super) struct Here<'a> {
    /// The instance, in its place.
    pub(super) subject: Subject<'a>,
    /// What is on record about it for this client.
    pub(super) looks: Vec<Look>,
}

impl Here<'_> {
    /// Reads it; none while the client lives on no machine.
    pub(super) async fn of<'a>(portal: &Portal, session: &'a ClientSession) -> Result<Option<Here<'a>>, Problem> {
        let (inventory, today) = (session.inventory(), session.today());
        let instance = session.client().instance_on(today).and_then(|id| inventory.instances.get(id));
        let Some(subject) = instance.and_then(|instance| Subject::on(inventory, instance, today)) else {
            return Ok(None);
        };
        let looks = portal.store.looks_at(&session.scope(), matter::INSTANCE, subject.instance.id.as_str()).await?;
        Ok(Some(Here { subject, looks }))
    }
}
