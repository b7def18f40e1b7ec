//! The restored machines that are not over, and which of them is meant.

use crate::domain::ids::{InstanceId, SiteId};
use crate::engine::{Engine, EngineError};
use crate::plan::desired::Subject;
use crate::store::{Purpose, Restore, RestoreState, Scope};

impl Engine {
    /// The restored machines of an instance that are not over: one at each site at most.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_restores(&self, instance: &InstanceId) -> Result<Vec<Restore>, EngineError> {
        let mut open = self.store.open_restores(&Scope::Staff).await?;
        open.retain(|row| row.new.purpose == Purpose::Restore && row.new.instance == *instance);
        Ok(open)
    }

    /// The one at this site, if there is one. What waits elsewhere, at a site that burnt perhaps, is left alone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_restore(&self, instance: &InstanceId, site: &SiteId) -> Result<Option<Restore>, EngineError> {
        Ok(self.open_restores(instance).await?.into_iter().find(|row| row.new.site == *site))
    }

    /// The open restore of an instance, when it is in one of these states. Where no site is named, it must be the only one.
    pub(super) async fn waiting_restore(
        &self,
        subject: &Subject<'_>,
        at: Option<&SiteId>,
        states: &[RestoreState],
    ) -> Result<Restore, EngineError> {
        let instance = &subject.instance.id;
        let mut open = self.open_restores(instance).await?;
        open.retain(|row| at.is_none_or(|site| row.new.site == *site));
        let (mut fitting, others): (Vec<Restore>, Vec<Restore>) =
            open.into_iter().partition(|row| states.contains(&row.state));
        let Some(row) = fitting.pop() else {
            return Err(EngineError::Conflict(match others.first() {
                None => format!("no restored machine of `{instance}` waits for anything"),
                Some(row) => format!(
                    "the restored machine of `{instance}` (vm {} at `{}`) is {}\n\nsee `accolades restore list`",
                    row.new.vmid,
                    row.new.site,
                    row.state.as_str()
                ),
            }));
        };
        if fitting.is_empty() {
            return Ok(row);
        }
        let sites: Vec<String> = fitting.iter().chain([&row]).map(|row| format!("`{}`", row.new.site)).collect();
        Err(EngineError::Conflict(format!(
            "restored machines of `{instance}` wait at {}\n\nsay which one is meant: add `--on SITE`",
            sites.join(" and ")
        )))
    }
}
