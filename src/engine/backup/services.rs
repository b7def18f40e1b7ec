//! One look at what runs in a guest: the report that it writes by itself, read through its agent. One request, which runs
//! nothing.

use jiff::Timestamp;

use super::met::met;
use crate::domain::ids::VmId;
use crate::domain::services::{self, Power, Report, ServicesSeen, Silence};
use crate::engine::site::SiteLink;
use crate::engine::{Engine, EngineError};
use crate::health::matter;
use crate::health::services::promised;
use crate::plan::desired::Subject;
use crate::pve::{PveError, VmState};
use crate::store::NewLook;

impl Engine {
    /// Looks at what runs on an instance: a row for each of its clients, which names nothing of the others.
    ///
    /// # Errors
    /// When the node does not answer any more.
    pub(super) async fn look_at_services(
        &self,
        link: &SiteLink,
        at: Timestamp,
        subject: &Subject<'_>,
        state: Option<&VmState>,
    ) -> Result<Vec<NewLook>, EngineError> {
        let (power, told) = match state {
            None => (Power::Missing, None),
            Some(state) if !state.is_running() => (Power::Off, None),
            Some(_) => (Power::On, Some(self.read_report(link, subject.instance.vmid).await?)),
        };
        let mut looks = Vec::new();
        for client in subject.clients() {
            let seen = match &told {
                None => ServicesSeen::of_machine(power, None),
                Some(Err(silence)) => ServicesSeen::of_machine(power, Some(silence.clone())),
                Some(Ok(report)) => ServicesSeen::of_report(report, promised(client)),
            };
            looks.push(matter::look_for(&client.id, subject, matter::SERVICES, at, Ok(seen))?);
        }
        Ok(looks)
    }

    async fn read_report(&self, link: &SiteLink, vmid: VmId) -> Result<Result<Report, Silence>, EngineError> {
        Ok(match link.pve.agent_read_file(vmid, services::PATH).await {
            Ok(text) => services::parse(&text).map_err(Silence::Unreadable),
            Err(error @ PveError::Unreachable { .. }) => return Err(error.into()),
            Err(error) if error.is_agent_silent() => Err(Silence::Agent),
            Err(error) if error.is_absent_file() => Err(Silence::NoReport),
            Err(error) => Err(Silence::Refused(self.redactor.clean(&met(&error.into()).words))),
        })
    }
}
