//! The firewall of a VM (sheet Proxmox, section 11). It works only with the data centre's firewall on and `firewall=1`
//! on the network card.

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// Options of a VM's firewall.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FirewallOptions {
    /// It is on.
    #[serde(default, deserialize_with = "wire::flag")]
    pub enable: bool,
    /// What happens to what no rule names on its way in: `ACCEPT`, `REJECT` or `DROP` (also when absent).
    pub policy_in: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FirewallRule {
    /// `in` or `out`.
    #[serde(rename = "type")]
    pub direction: String,
    /// `ACCEPT`, `REJECT` or `DROP`.
    pub action: String,
    /// Protocol: `tcp`, `udp`, ...
    pub proto: Option<String>,
    /// Destination port or ports.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub dport: Option<String>,
    /// Source address.
    pub source: Option<String>,
    /// By which we know it again: rules have no id.
    pub comment: Option<String>,
    /// It counts; a rule that says nothing of it is inert.
    #[serde(default, deserialize_with = "wire::flag")]
    pub enable: bool,
}

impl Client {
    /// The firewall options of a VM.
    ///
    /// # Errors
    /// As every call.
    pub async fn firewall_options(&self, vmid: VmId) -> Result<FirewallOptions, PveError> {
        self.get(&self.vm_path(vmid, "/firewall/options"), Form::new()).await
    }

    /// Sets them.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_firewall_options(&self, vmid: VmId, options: &FirewallOptions) -> Result<(), PveError> {
        let form = Form::new().with_flag("enable", options.enable).with_some("policy_in", options.policy_in.as_ref());
        self.put::<Value>(&self.vm_path(vmid, "/firewall/options"), form).await.map(drop)
    }

    /// The rules of a VM, in the order in which they count.
    ///
    /// # Errors
    /// As every call.
    pub async fn firewall_rules(&self, vmid: VmId) -> Result<Vec<FirewallRule>, PveError> {
        self.get(&self.vm_path(vmid, "/firewall/rules"), Form::new()).await
    }

    /// Puts a rule in front of the others. Twice makes two: read before repeating, and add in reverse order.
    ///
    /// # Errors
    /// As every call.
    pub async fn add_firewall_rule(&self, vmid: VmId, rule: &FirewallRule) -> Result<(), PveError> {
        let form = Form::new()
            .with("type", &rule.direction)
            .with("action", &rule.action)
            .with_some("proto", rule.proto.as_ref())
            .with_some("dport", rule.dport.as_ref())
            .with_some("source", rule.source.as_ref())
            .with_some("comment", rule.comment.as_ref())
            .with_flag("enable", rule.enable);
        self.post::<Value>(&self.vm_path(vmid, "/firewall/rules"), form).await.map(drop)
    }

    /// Removes the rule at a position, counted from 0.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_firewall_rule(&self, vmid: VmId, position: usize) -> Result<(), PveError> {
        let path = self.vm_path(vmid, &format!("/firewall/rules/{position}"));
        self.delete::<Value>(&path, Form::new()).await.map(drop)
    }
}
