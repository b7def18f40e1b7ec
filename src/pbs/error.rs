//! What a backup server's refusal means (sheet Proxmox, sections 15 and 16).

use crate::transport::Fingerprint;
use crate::util::remote::{Retry, Sent};

/// A failure of the adapter. `call` names method, path and server; texts that quote the server have passed the redactor.
#[derive(Debug, thiserror::Error)]
pub enum PbsError {
    /// No connection.
    #[error(
        "backup server `{server}` does not answer at `{address}`\n\nis it on, and is the network between it and us up?"
    )]
    Unreachable {
        /// The server.
        server: String,
        /// Where we tried.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It shows another certificate than the pinned one: nothing was sent to it.
    #[error(
        "backup server `{server}` shows another certificate than expected\nexpected {expected}\ngot      {got}\n\ncompare with `proxmox-backup-manager cert info` on the server itself: after a renewal put the new fingerprint into the inventory, otherwise somebody stands between it and us"
    )]
    Untrusted {
        /// The server.
        server: String,
        /// The pin.
        expected: Fingerprint,
        /// What it showed.
        got: Fingerprint,
    },
    /// The account is not accepted. The server does not say whether it expired, was deleted, or has a wrong secret.
    #[error(
        "backup server `{server}` does not accept `{account}`: {message}\n\nit has expired, was deleted, or the stored secret is an old one"
    )]
    Unauthorised {
        /// The server.
        server: String,
        /// User or token.
        account: String,
        /// The server's words.
        message: String,
    },
    /// The account may not do this. A grant takes up to five seconds to be seen.
    #[error("{call}: {message}\n\ngrant the privilege that it names, to the token and to its user")]
    Forbidden {
        /// The call.
        call: String,
        /// The server's words.
        message: String,
    },
    /// The server refused: bad parameters, things that do not exist, things that do.
    #[error("{call}: {message} (status {status})")]
    Refused {
        /// The call.
        call: String,
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
        /// Whether the call may change something.
        writes: bool,
    },
    /// The server does not know this path or method.
    #[error("{call}: {message}\n\nis it a Proxmox Backup Server of at least version 4?")]
    NotImplemented {
        /// The call.
        call: String,
        /// The server's words.
        message: String,
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
    /// The answer is not what Proxmox Backup Server sends.
    #[error("{call}: unexpected answer: {why}\n\nis that address a Proxmox Backup Server of a version that we know?")]
    Malformed {
        /// The call.
        call: String,
        /// What is wrong with it.
        why: String,
        /// Whether the call may change something.
        writes: bool,
    },
}

impl PbsError {
    /// Whether the server may have acted. Parameters are checked before anything is done; deleting is not: it stops at a
    /// protected snapshot after having removed others.
    pub fn sent(&self) -> Sent {
        let maybe = match self {
            PbsError::LostAnswer { writes, .. } | PbsError::Malformed { writes, .. } => *writes,
            PbsError::Refused { writes, message, .. } => {
                *writes
                    && !(message.starts_with("parameter verification failed")
                        || self.already_exists()
                        || self.is_absent())
            }
            _ => false,
        };
        if maybe { Sent::Maybe } else { Sent::No }
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self {
            PbsError::LostAnswer { .. } => Retry::Now,
            PbsError::Unreachable { .. } => Retry::After,
            PbsError::Refused { .. } if self.is_changed_meanwhile() || self.is_busy() => Retry::After,
            _ => Retry::Never,
        }
    }

    /// What was to be created is there already.
    pub fn already_exists(&self) -> bool {
        self.says("already exists")
    }

    /// What was named is not there.
    pub fn is_absent(&self) -> bool {
        ["no such ", "does not exist", "ENOENT"].iter().any(|words| self.says(words))
    }

    /// A configuration was changed by somebody else since its digest was read.
    pub fn is_changed_meanwhile(&self) -> bool {
        self.says("detected modified configuration")
    }

    /// A lock was not to be had: it passes by itself.
    pub fn is_busy(&self) -> bool {
        self.says("unable to acquire lock") || self.says("locked by another operation")
    }

    fn says(&self, words: &str) -> bool {
        matches!(self, PbsError::Refused { message, .. } if message.contains(words))
    }

    /// Sorts a refusal into its class. 401 is also what a user hears who may not give a group away.
    pub(super) fn refused(
        call: String,
        server: &str,
        account: &str,
        status: u16,
        message: String,
        writes: bool,
    ) -> PbsError {
        let is_login = message == "authentication failed" || message == "permission check failed.";
        match status {
            401 if is_login || message.is_empty() => {
                PbsError::Unauthorised { server: server.to_owned(), account: account.to_owned(), message }
            }
            403 => PbsError::Forbidden { call, message },
            404 if message.starts_with("Path '") => PbsError::NotImplemented { call, message },
            _ => PbsError::Refused { call, status, message, writes },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, message: &str) -> PbsError {
        PbsError::refused("POST /x on `grange`".to_owned(), "grange", "root@pam", status, message.to_owned(), true)
    }

    #[test]
    fn words_of_the_server_are_recognised() {
        type Sign = fn(&PbsError) -> bool;
        let table: [(&str, Sign, Sent, Retry); 7] = [
            ("user 'a@pbs' already exists.", PbsError::already_exists, Sent::No, Retry::Never),
            (
                "parameter verification failed - 'name': datastore 'coop' already exists.",
                PbsError::already_exists,
                Sent::No,
                Retry::Never,
            ),
            ("no such datastore 'none'", PbsError::is_absent, Sent::No, Retry::Never),
            ("token 'a' of user 'b@pbs' does not exist.", PbsError::is_absent, Sent::No, Retry::Never),
            ("ENOENT: No such file or directory", PbsError::is_absent, Sent::No, Retry::Never),
            (
                "detected modified configuration - file changed by other user? Try again.",
                PbsError::is_changed_meanwhile,
                Sent::Maybe,
                Retry::After,
            ),
            ("group only partially deleted due to protected snapshots", |_| true, Sent::Maybe, Retry::Never),
        ];
        for (words, sign, sent, retry) in table {
            let error = refused(400, words);
            assert!(sign(&error), "{words}");
            assert_eq!((error.sent(), error.retry()), (sent, retry), "{words}");
            assert!(error.to_string().contains(words));
        }
    }

    #[test]
    fn statuses_are_sorted_into_classes() {
        assert!(matches!(refused(401, "authentication failed"), PbsError::Unauthorised { .. }));
        assert!(matches!(refused(401, "permission check failed."), PbsError::Unauthorised { .. }));
        let owner = "backup1@pbs!vm101 does not have permission to change owner of backup group 'vm/101' to x@pbs";
        assert!(matches!(refused(401, owner), PbsError::Refused { status: 401, .. }));
        assert!(matches!(refused(403, "permission check failed"), PbsError::Forbidden { .. }));
        assert!(matches!(refused(404, "Path '/api2/json/x' not found."), PbsError::NotImplemented { .. }));
        assert!(refused(404, "no such datastore 'x'").is_absent());
    }
}
