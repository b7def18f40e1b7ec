//! What a node's refusal means (sheet Proxmox, sections 1, 12 and 13).

use std::collections::BTreeMap;
use std::error::Error;

use crate::ssh::SshError;
use crate::transport::Fingerprint;
use crate::util::remote::{Retry, Sent};

/// A failure of the Proxmox adapter. `call` names method, path and node; texts that quote the node have passed the
/// redactor.
#[derive(Debug, thiserror::Error)]
pub enum PveError {
    /// No connection.
    #[error("node `{node}` does not answer at `{address}`\n\nis it on, and is the network between it and us up?")]
    Unreachable {
        /// The node.
        node: String,
        /// Where we tried.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The node shows another certificate than the pinned one: nothing was sent to it.
    #[error(
        "node `{node}` shows another certificate than expected\nexpected {expected}\ngot      {got}\n\ncompare with `pvenode cert info` on the node itself: after a renewal put the new fingerprint into the inventory, otherwise somebody stands between it and us"
    )]
    Untrusted {
        /// The node.
        node: String,
        /// The pin.
        expected: Fingerprint,
        /// What it showed.
        got: Fingerprint,
    },
    /// The token is not accepted. Proxmox does not say whether it expired, was deleted, or has a wrong secret.
    #[error(
        "node `{node}` does not accept the API token `{token}`: {message}\n\nit has expired, was deleted or its user is disabled, or the stored secret is an old one: `accolades site prepare` makes a new one"
    )]
    Unauthorised {
        /// The node.
        node: String,
        /// The token's id.
        token: String,
        /// The node's words.
        message: String,
    },
    /// The token may not do this.
    #[error("{call}: {message}\n\ngrant the privilege that it names, to the token and to its user")]
    Forbidden {
        /// The call.
        call: String,
        /// The node's words.
        message: String,
        /// The object, for example `/vms/1042`, when the node names it.
        path: Option<String>,
        /// The missing privileges as the node writes them, for example `VM.Audit`.
        privilege: Option<String>,
    },
    /// Parameters were refused, all at once.
    #[error("{call}: {}", list_parameters(.message, .errors))]
    Parameters {
        /// The call.
        call: String,
        /// The node's words.
        message: String,
        /// What is wrong with each parameter.
        errors: BTreeMap<String, String>,
    },
    /// The node refused for a reason of its own.
    #[error("{call}: {message} (status {status})")]
    Refused {
        /// The call.
        call: String,
        /// HTTP status.
        status: u16,
        /// The node's words.
        message: String,
        /// Whether the call may change something.
        writes: bool,
    },
    /// The node's own proxy gave up on the worker behind it (595 to 599): the work may go on.
    #[error(
        "{call}: the node's proxy gave up waiting: {message} (status {status})\n\nlook at the state before repeating it"
    )]
    ProxyGaveUp {
        /// The call.
        call: String,
        /// 595 to 599.
        status: u16,
        /// The node's words.
        message: String,
        /// Whether the call may change something.
        writes: bool,
    },
    /// The request left, no whole answer came back.
    #[error("{call}: the answer was lost\n\nlook at the state before repeating it")]
    LostAnswer {
        /// The call.
        call: String,
        /// Why.
        #[source]
        source: reqwest::Error,
        /// Whether the call may change something.
        writes: bool,
    },
    /// The node does not know this path or method.
    #[error("{call}: {message}\n\nis the node's Proxmox VE at least version 9?")]
    NotImplemented {
        /// The call.
        call: String,
        /// The node's words.
        message: String,
    },
    /// The answer is not what Proxmox sends.
    #[error("{call}: unexpected answer: {why}\n\nis that address a Proxmox VE node of a version that we know?")]
    Malformed {
        /// The call.
        call: String,
        /// What is wrong with it.
        why: String,
        /// Whether the call may change something.
        writes: bool,
    },
}

fn list_parameters(message: &str, errors: &BTreeMap<String, String>) -> String {
    let lines: String = errors.iter().map(|(name, text)| format!("\n  `{name}`: {}", text.trim_end())).collect();
    format!("{message}{lines}")
}

impl PveError {
    /// Whether the node may have acted. Reading changes nothing, whatever becomes of the answer.
    pub fn sent(&self) -> Sent {
        let maybe = match self {
            PveError::ProxyGaveUp { writes, .. }
            | PveError::LostAnswer { writes, .. }
            | PveError::Malformed { writes, .. } => *writes,
            // A refusal in known words came before any change; of another one nobody knows.
            PveError::Refused { writes, .. } => {
                *writes && !(self.is_absent_vm() || self.already_exists() || self.is_locked() || self.is_busy())
            }
            // Options are applied one by one to a running machine (section 5c).
            PveError::Parameters { errors, .. } => errors.values().any(|text| text.contains("hotplug problem")),
            _ => false,
        };
        if maybe { Sent::Maybe } else { Sent::No }
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self {
            PveError::LostAnswer { .. } => Retry::Now,
            PveError::Unreachable { .. } => self.jump_failure().map_or(Retry::After, SshError::retry),
            PveError::ProxyGaveUp { .. } => Retry::After,
            PveError::Refused { .. } if self.is_locked() || self.is_busy() || self.is_agent_silent() => Retry::After,
            _ => Retry::Never,
        }
    }

    /// The failure of the jump host on the way, when it was that.
    pub fn jump_failure(&self) -> Option<&SshError> {
        let mut cause: Option<&(dyn Error + 'static)> = self.source();
        while let Some(error) = cause {
            if let Some(failure) = error.downcast_ref::<SshError>() {
                return Some(failure);
            }
            cause = error.source();
        }
        None
    }

    /// Why nobody lets us through to the node, when that is it: the jump host is another one or does not take our key, or
    /// there is no such key. Whether the node is on, nobody knows then.
    pub fn refused_on_the_way(&self) -> Option<&SshError> {
        self.jump_failure().filter(|failure| {
            matches!(
                failure,
                SshError::HostKeyMismatch { .. } | SshError::Identity { .. } | SshError::AuthenticationRefused { .. }
            )
        })
    }

    /// There is no such VM on this node (its configuration file is missing; Proxmox answers 500, not 404).
    pub fn is_absent_vm(&self) -> bool {
        self.says("Configuration file '") && self.says("/qemu-server/") && self.says("does not exist")
    }

    /// There is no such storage on this node.
    pub fn is_absent_storage(&self) -> bool {
        self.says("No such storage") || (self.says("storage '") && self.says("' does not exist"))
    }

    /// There is no such pool.
    pub fn is_absent_pool(&self) -> bool {
        self.says("pool '") && self.says("' does not exist")
    }

    /// The node does not know this task (any more).
    pub fn is_absent_task(&self) -> bool {
        self.says("no such task")
    }

    /// What was to be created is there already. It may be somebody else's: look at its mark (section 12).
    pub fn already_exists(&self) -> bool {
        self.says("already exists") || self.says("already defined") || self.says("already a pool member")
    }

    /// The VM carries a `lock`: the task that set it must end first.
    pub fn is_locked(&self) -> bool {
        self.says("VM is locked (")
    }

    /// A lock file, the cluster file system or a worker was not to be had in time: it passes by itself.
    pub fn is_busy(&self) -> bool {
        const SIGNS: [&str; 6] = [
            "can't lock file",
            "got no worker upid",
            "no quorum",
            "cfs-lock",
            "got lock request timeout",
            "qmp command",
        ];
        SIGNS.iter().any(|sign| self.says(sign))
    }

    /// The guest agent does not answer (yet).
    pub fn is_agent_silent(&self) -> bool {
        self.says("QEMU guest agent is not running")
    }

    /// The guest agent has no such file to read.
    pub fn is_absent_file(&self) -> bool {
        self.says("No such file or directory")
    }

    /// The configuration was changed by somebody else since its digest was read.
    pub fn is_changed_meanwhile(&self) -> bool {
        self.says("checksum mismatch")
    }

    /// The node's own words contain this, in its message or about a parameter.
    fn says(&self, words: &str) -> bool {
        match self {
            PveError::Refused { message, .. } => message.contains(words),
            PveError::Parameters { message, errors, .. } => {
                message.contains(words) || errors.values().any(|text| text.contains(words))
            }
            _ => false,
        }
    }
}

/// What came back with a status of 400 or above.
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// `message` of the body, or the reason phrase.
    pub(super) message: String,
    /// `errors` of the body.
    pub(super) errors: BTreeMap<String, String>,
}

impl Refusal {
    /// Sorts it into its class.
    pub(super) fn into_error(self, call: String, node: &str, token: &str, writes: bool) -> PveError {
        let Refusal { status, message, errors } = self;
        match status {
            401 => PveError::Unauthorised { node: node.to_owned(), token: token.to_owned(), message },
            403 => {
                let (path, privilege) = missing_privilege(&message);
                PveError::Forbidden { call, message, path, privilege }
            }
            400 => PveError::Parameters { call, message, errors },
            501 => PveError::NotImplemented { call, message },
            595..=599 => PveError::ProxyGaveUp { call, status, message, writes },
            _ => PveError::Refused { call, status, message, writes },
        }
    }
}

/// Reads `Permission check failed (/vms/105, VM.Audit)`.
fn missing_privilege(message: &str) -> (Option<String>, Option<String>) {
    let inside = message.split_once("Permission check failed (").and_then(|(_, rest)| rest.rsplit_once(')'));
    match inside.and_then(|(inside, _)| inside.split_once(", ")) {
        Some((path, privilege)) if path.starts_with('/') => (Some(path.to_owned()), Some(privilege.to_owned())),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, message: &str) -> PveError {
        let refusal = Refusal { status, message: message.to_owned(), errors: BTreeMap::new() };
        refusal.into_error("POST /x on `pve1`".to_owned(), "pve1", "coop@pve!app", true)
    }

    #[test]
    fn words_of_the_node_are_recognised() {
        type Sign = fn(&PveError) -> bool;
        let table: [(&str, Sign, Sent, Retry); 11] = [
            (
                "Configuration file 'nodes/n/qemu-server/101.conf' does not exist",
                PveError::is_absent_vm,
                Sent::No,
                Retry::Never,
            ),
            (
                "unable to create VM 101 - VM 101 already exists on node 'x'",
                PveError::already_exists,
                Sent::No,
                Retry::Never,
            ),
            ("unable to create VM 101: config file already exists", PveError::already_exists, Sent::No, Retry::Never),
            ("storage ID 'hdd' already defined", PveError::already_exists, Sent::No, Retry::Never),
            ("VM 101 is already a pool member", PveError::already_exists, Sent::No, Retry::Never),
            ("VM is locked (backup)", PveError::is_locked, Sent::No, Retry::After),
            (
                "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
                PveError::is_busy,
                Sent::No,
                Retry::After,
            ),
            ("got no worker upid - start worker failed", PveError::is_busy, Sent::No, Retry::After),
            ("cluster not ready - no quorum?", PveError::is_busy, Sent::No, Retry::After),
            ("cfs-lock 'file-user_cfg' error: got lock request timeout", PveError::is_busy, Sent::No, Retry::After),
            (
                "checksum mismatch (file change by other user?)",
                PveError::is_changed_meanwhile,
                Sent::Maybe,
                Retry::Never,
            ),
        ];
        for (words, sign, sent, retry) in table {
            let error = refused(500, words);
            assert!(sign(&error), "{words}");
            assert_eq!((error.sent(), error.retry()), (sent, retry), "{words}");
            assert!(error.to_string().contains(words));
        }
    }

    #[test]
    fn statuses_are_sorted_into_classes() {
        assert!(matches!(refused(401, "No ticket"), PveError::Unauthorised { .. }));
        assert!(matches!(refused(501, "Method 'GET /x' not implemented"), PveError::NotImplemented { .. }));
        for status in [595, 596, 597, 599] {
            let error = refused(status, "Connection timed out");
            assert!(matches!(error, PveError::ProxyGaveUp { .. }));
            assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::After));
        }
        assert_eq!(refused(500, "anything else").sent(), Sent::Maybe);
    }

    #[test]
    fn a_missing_privilege_is_named() {
        let PveError::Forbidden { path, privilege, .. } =
            refused(403, "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)")
        else {
            panic!("403 is forbidden")
        };
        assert_eq!(path.as_deref(), Some("/sdn/zones/localnetwork/vmbr0"));
        assert_eq!(privilege.as_deref(), Some("SDN.Use"));
        for vague in ["Permission check failed", "Permission check failed (URI '/x' not available with API token)"] {
            assert!(matches!(refused(403, vague), PveError::Forbidden { path: None, privilege: None, .. }), "{vague}");
        }
    }

    #[test]
    fn refused_parameters_are_listed() {
        let errors = BTreeMap::from([
            ("memory".to_owned(), "type check ('integer') failed\n".to_owned()),
            ("net0".to_owned(), "invalid format - format error\nnet0.bogus: not defined\n".to_owned()),
        ]);
        let refusal = Refusal { status: 400, message: "Parameter verification failed.".to_owned(), errors };
        let error = refusal.into_error("POST /nodes/pve1/qemu on `pve1`".to_owned(), "pve1", "t", true);
        assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
        let text = error.to_string();
        assert!(text.contains("`memory`: type check") && text.contains("net0.bogus"), "{text}");
    }

    #[test]
    fn options_applied_before_a_hotplug_problem_count() {
        let errors = BTreeMap::from([("memory".to_owned(), "hotplug problem - no slots".to_owned())]);
        let error = PveError::Parameters { call: String::new(), message: String::new(), errors };
        assert_eq!(error.sent(), Sent::Maybe);
    }
}
