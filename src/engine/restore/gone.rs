//! A machine that is gone from its own node took its place in the pool along, and with it our right to see and read its
//! backups there: they would look like none. While they are read the right is given back for that machine alone.

use crate::domain::ids::VmId;
use crate::engine::prepare::LOAN_ROLE;
use crate::engine::site::SiteLink;
use crate::engine::{Engine, EngineError};
use crate::inventory::model::Site;
use crate::plan::desired::Subject;
use crate::plan::observed::MachineState;

/// The right to read the backups of a machine that is gone, until it is given back.
pub(in crate::engine) struct Reading<'a> {
    engine: &'a Engine,
    site: &'a Site,
    link: &'a SiteLink,
    vmid: VmId,
}

impl<'a> Reading<'a> {
    /// Takes the right when the instance's machine is gone from this node, its own; otherwise none is needed.
    pub(in crate::engine) async fn take(
        engine: &'a Engine,
        subject: &Subject<'_>,
        site: &'a Site,
        link: &'a SiteLink,
    ) -> Result<Option<Reading<'a>>, EngineError> {
        let vmid = subject.instance.vmid;
        if site.id != subject.site.id || engine.machine(link, vmid).await? != MachineState::Absent {
            return Ok(None);
        }
        let reading = Reading { engine, site, link, vmid };
        reading.change(true).await?;
        Ok(Some(reading))
    }

    /// Gives it back.
    pub(in crate::engine) async fn give_back(self) -> Result<(), EngineError> {
        self.change(false).await
    }

    async fn change(&self, give: bool) -> Result<(), EngineError> {
        let node = self.engine.node_session(self.site, &self.link.route).await?;
        self.engine.change_right(&node, &format!("/vms/{}", self.vmid), LOAN_ROLE, give).await
    }
}
