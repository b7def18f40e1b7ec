//! The steps of a swap: how each is looked at, and how it is taken.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::swap::{Step, Swap, first_line};
use crate::engine::EngineError;
use crate::engine::drill::is_card;
use crate::engine::observe::subject_name;
use crate::plan::decide::{DRILL_POOL, TAG, mark};
use crate::pve::AgentInterface;
use crate::store::HostKeyPin;

impl Swap<'_> {
    /// The configuration of the machine that is replaced, as long as it is that one.
    async fn old_config(&self) -> Result<BTreeMap<String, String>, EngineError> {
        let config = self.work.config(self.old()).await?.unwrap_or_default();
        let (mine, replaced) = (mark(self.instance()), self.replaced());
        match first_line(&config) {
            Some(line) if line == mine || line == replaced => Ok(config),
            _ => Err(EngineError::Conflict(format!(
                "vm {} is not the machine that was to be replaced any more; it is left untouched",
                self.old()
            ))),
        }
    }

    /// Whether a step is taken already.
    pub(super) async fn look(&self, step: Step) -> Result<bool, EngineError> {
        let (work, new) = (self.work, self.row.new.vmid);
        match step {
            Step::OldStopped => {
                self.old_config().await?;
                work.is_stopped(self.old()).await
            }
            Step::OldMarked => {
                let config = self.old_config().await?;
                let unplugged = config.iter().filter(|(name, _)| is_card(name)).all(|(_, value)| is_unplugged(value));
                let no_autostart = config.get("onboot").is_none_or(|value| value == "0");
                Ok(first_line(&config) == Some(self.replaced().as_str()) && unplugged && no_autostart)
            }
            Step::OldPool => work.is_in_pool(self.old(), DRILL_POOL).await,
            Step::NewOptions => {
                let config = work.config(new).await?.unwrap_or_default();
                let is_set = |(name, value): (&String, &String)| config.get(name).is_some_and(|have| same(have, value));
                let options = self.final_options();
                Ok(first_line(&config) == Some(mark(self.instance()).as_str())
                    && options.iter().filter(|(name, _)| *name != "description").all(is_set))
            }
            Step::NewStarted => Ok(work.engine.patiently(|| work.link.pve.vm_state(new)).await?.is_running()),
            Step::NewAnswers => {
                let Ok(interfaces) = work.link.pve.agent_interfaces(new).await else { return Ok(false) };
                let wanted = IpAddr::from(self.address());
                Ok(interfaces.iter().flat_map(AgentInterface::addresses).any(|address| address == wanted))
            }
            Step::NewKey => {
                let have = work.course(self.row).own_host_key(new).await?;
                let pinned = work.engine.store.host_key(&subject_name(&work.subject)).await?;
                Ok(have.is_some() && pinned.map(|pin| pin.key) == have)
            }
            Step::NewAsleep => work.course(self.row).is_cloud_init_asleep(new).await,
            Step::NewPool => work.is_in_pool(new, &work.client_pool().await?).await,
            Step::OldDestroyed => Ok(work.config(self.old()).await?.is_none()),
        }
    }

    /// Takes a step.
    pub(super) async fn act(&self, step: Step) -> Result<(), EngineError> {
        let (work, new) = (self.work, self.row.new.vmid);
        match step {
            Step::OldStopped => work.engine.shut_down(work.link, self.old()).await,
            Step::OldMarked => self.mark_old().await,
            Step::OldPool => work.move_to_pool(self.old(), DRILL_POOL).await,
            Step::NewOptions => {
                // Never both on the wire: the old one is down and unplugged by now.
                if !work.is_stopped(new).await? {
                    work.engine.shut_down(work.link, new).await?;
                }
                work.set(new, &self.final_options()).await
            }
            Step::NewStarted | Step::NewAnswers => work.course(self.row).boot_for_work(new).await,
            Step::NewKey => self.pin_new_key().await,
            Step::NewAsleep => work.course(self.row).let_cloud_init(new, false).await,
            Step::NewPool => work.move_to_pool(new, &work.client_pool().await?).await,
            Step::OldDestroyed => self.destroy_old().await,
        }
    }

    /// The machine made a new key at its first boot here. It is read from inside, as at every first meeting.
    async fn pin_new_key(&self) -> Result<(), EngineError> {
        let (work, new) = (self.work, self.row.new.vmid);
        let key = work.course(self.row).own_host_key(new).await?;
        let key = key.ok_or_else(|| EngineError::Unknown(format!("vm {new} has no host key yet")))?;
        let pin = HostKeyPin {
            subject: subject_name(&work.subject),
            key,
            source: "guest agent".to_owned(),
            at_us: work.engine.now_us().await?,
        };
        Ok(work.engine.store.replace_host_key(&pin).await?)
    }

    /// So that nothing starts it again or sees its address twice, and no plan takes it for the instance's.
    async fn mark_old(&self) -> Result<(), EngineError> {
        let config = self.old_config().await?;
        let instance = self.instance();
        let mut options: BTreeMap<String, String> = config
            .iter()
            .filter(|(name, value)| is_card(name) && !is_unplugged(value))
            .map(|(name, value)| (name.clone(), format!("{value},link_down=1")))
            .collect();
        let text = |value: &str| value.to_owned();
        options.extend([
            (text("onboot"), text("0")),
            (text("name"), format!("replaced-{instance}")),
            (text("description"), format!("{}\nkept until `accolades restore discard {instance}`", self.replaced())),
        ]);
        self.work.set(self.old(), &options).await
    }

    /// What makes it the instance's machine: the live one's cards, the inventory's memory, our mark.
    fn final_options(&self) -> BTreeMap<String, String> {
        let instance = self.work.subject.instance;
        let text = |value: &str| value.to_owned();
        let mut options: BTreeMap<String, String> =
            self.detail.cards.iter().map(|(name, value)| (name.clone(), plugged(value))).collect();
        options.extend([
            (text("name"), text(instance.id.as_str())),
            (
                text("description"),
                format!("{}\nmanaged by accolades: change the inventory, not this machine", mark(&instance.id)),
            ),
            (text("tags"), text(TAG)),
            (text("memory"), instance.memory_mib.to_string()),
            (text("cores"), instance.cores.to_string()),
            (text("onboot"), text("1")),
            (text("protection"), text("1")),
        ]);
        if let Some(there) = &self.detail.elsewhere {
            let node = &self.work.site.node;
            options.extend([
                (text("ipconfig0"), format!("ip={},gw={}", there.address4, node.gateway4)),
                (text("nameserver"), node.nameservers.join(" ")),
            ]);
        }
        options
    }

    /// Two proofs: our record names it as the replaced one, and it says so itself, with the id of that restore.
    async fn destroy_old(&self) -> Result<(), EngineError> {
        let (work, old) = (self.work, self.old());
        let config = work.config(old).await?.unwrap_or_default();
        let is_live = old == work.subject.instance.vmid;
        if first_line(&config) != Some(self.replaced().as_str()) || is_live {
            let why = if is_live { "the inventory still names it" } else { "it is not described as replaced" };
            return Err(EngineError::Conflict(format!("vm {old} is left untouched: {why}")));
        }
        if !work.is_stopped(old).await? {
            return Err(EngineError::Conflict(format!("vm {old} runs: somebody uses it; it is left untouched")));
        }
        work.set(old, &BTreeMap::from([("protection".to_owned(), "0".to_owned())])).await?;
        let upid = work.link.pve.destroy_vm(old).await?;
        work.engine.follow_to_the_end(work.link, &upid).await
    }
}

fn is_unplugged(card: &str) -> bool {
    card.split(',').any(|part| part == "link_down=1")
}

fn plugged(card: &str) -> String {
    card.split(',').filter(|part| !part.starts_with("link_down=")).collect::<Vec<_>>().join(",")
}

/// Whether an option reads back as it was set: the parts of a property string may come in another order.
fn same(have: &str, want: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split([',', ';']).map(str::to_lowercase).collect();
        parts.sort_unstable();
        parts
    };
    parts(have) == parts(want)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_plugged_in_again_with_its_own_address() {
        let card = "virtio=BC:24:11:00:03:E9,bridge=vmbr0,link_down=1,firewall=1";
        assert!(is_unplugged(card));
        assert_eq!(plugged(card), "virtio=BC:24:11:00:03:E9,bridge=vmbr0,firewall=1");
        assert!(same("bridge=vmbr0,virtio=bc:24:11:00:03:e9", "virtio=BC:24:11:00:03:E9,bridge=vmbr0"));
        assert!(!same("virtio=BC:24:11:00:03:E9,bridge=vmbr0,link_down=1", "virtio=BC:24:11:00:03:E9,bridge=vmbr0"));
    }
}
