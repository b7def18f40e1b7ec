//! What can stop the engine, and the class that decides the exit code.

use crate::inventory::model::UnreadableModel;
use crate::pbs::PbsError;
use crate::pve::{PveError, WaitError};
use crate::ssh::SshError;
use crate::store::StoreError;
use crate::store::secrets::VaultError;
use crate::util::clock::ClockError;
use crate::yunohost::playbook::template::TemplateError;

/// Why an operation stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The Proxmox API.
    #[error(transparent)]
    Pve(#[from] PveError),
    /// The API of a backup server.
    #[error(transparent)]
    Pbs(#[from] PbsError),
    /// Following a task of Proxmox.
    #[error(transparent)]
    Wait(#[from] Box<WaitError>),
    /// SSH.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// Our own store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own secrets.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The accepted inventory.
    #[error(transparent)]
    Inventory(#[from] UnreadableModel),
    /// A playbook that names something that does not exist.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A secret that a person has to set.
    #[error("the secret `{0}` is not set\n\nset it with `accolades secret set {0}` (it is read from standard input)")]
    MissingSecret(String),
    /// A site without our tokens.
    #[error("the site `{0}` is not prepared yet\n\nrun `accolades site prepare {0}`")]
    NotPrepared(String),
    /// Nothing is known, so nothing is changed.
    #[error("nothing is known: {0}\n\nthe same command goes on once it answers")]
    Unknown(String),
    /// Something that only a person can decide.
    #[error("{0}")]
    Conflict(String),
    /// An action did not do what it should.
    #[error("{title}: {problem}\n\n{next}")]
    Failed {
        /// The action.
        title: String,
        /// What was seen.
        problem: String,
        /// What to do next.
        next: String,
    },
    /// Somebody else is at work on it.
    #[error("`{subject}` is being worked on by {holder}\n\nwait for its end, then run the command again")]
    Busy {
        /// The subject.
        subject: String,
        /// Who.
        holder: String,
    },
    /// An answer that makes no sense.
    #[error("{0}")]
    Unexpected(String),
}

/// What an error means for the person at the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The run stopped; the same command goes on with it.
    Stopped,
    /// Something has to be configured first.
    Configuration,
    /// A person has to decide.
    Conflict,
    /// Nobody answered.
    Unreachable,
}

impl EngineError {
    /// The class of the error.
    pub fn class(&self) -> Class {
        match self {
            EngineError::Pve(error) if error.refused_on_the_way().is_some() => Class::Configuration,
            EngineError::Pve(PveError::Unreachable { .. })
            | EngineError::Ssh(SshError::Unreachable { .. } | SshError::BeyondJump { .. }) => Class::Unreachable,
            EngineError::Unknown(_) | EngineError::Pbs(PbsError::Unreachable { .. }) => Class::Unreachable,
            // The same command meets the same refusal until a fingerprint, a host key or a token is put right.
            EngineError::Pve(PveError::Untrusted { .. } | PveError::Unauthorised { .. })
            | EngineError::Pbs(PbsError::Untrusted { .. } | PbsError::Unauthorised { .. })
            | EngineError::Ssh(SshError::HostKeyMismatch { .. }) => Class::Configuration,
            EngineError::MissingSecret(_)
            | EngineError::Template(_)
            | EngineError::Inventory(_)
            | EngineError::NotPrepared(_) => Class::Configuration,
            EngineError::Conflict(_) | EngineError::Busy { .. } => Class::Conflict,
            _ => Class::Stopped,
        }
    }

    /// Whether it is about one site alone: a node that refuses us stops no other. Our own store, clock, secrets and playbooks
    /// are everybody's.
    pub fn is_of_one_site(&self) -> bool {
        !matches!(
            self,
            EngineError::Store(_)
                | EngineError::Vault(_)
                | EngineError::Clock(_)
                | EngineError::Inventory(_)
                | EngineError::Template(_)
                | EngineError::MissingSecret(_)
        )
    }
}

impl From<WaitError> for EngineError {
    fn from(error: WaitError) -> EngineError {
        EngineError::Wait(Box::new(error))
    }
}
