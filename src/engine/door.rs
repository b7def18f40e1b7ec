//! The way into a guest: a session as the technicians' account, or as root while YunoHost has not yet taken over.

use secrecy::{ExposeSecret, SecretString};

use super::{Engine, EngineError};
use crate::ssh::{Address, Command, Finished, HostKey, Login, Route, Session, SshError, Stdin};
use crate::yunohost::playbook::{Fact, ReadCommand};

/// An open session in a guest that can act as root.
pub struct Door {
    session: Session,
    account: Account,
}

/// As whom we came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Root, before YunoHost's own rules apply.
    Root,
    /// The technicians' account, root by sudo.
    Admin,
}

/// Where a guest is and who it is.
#[derive(Debug, Clone)]
pub struct GuestAddress {
    /// Its address and SSH port.
    pub address: Address,
    /// How it is reached.
    pub route: Route,
    /// Its pinned host key.
    pub host_key: HostKey,
    /// The technicians' account.
    pub admin: String,
    /// Where the world finds it, when that is known.
    pub public4: Option<std::net::Ipv4Addr>,
}

impl Engine {
    /// Opens a guest: as the technicians' account if it lets that in, otherwise as root.
    ///
    /// # Errors
    /// When neither is let in, or nobody answers.
    pub async fn open_door(&self, guest: &GuestAddress) -> Result<Door, EngineError> {
        match self.open_door_as(guest, Account::Admin).await {
            Ok(door) => Ok(door),
            Err(EngineError::Ssh(SshError::AuthenticationRefused { .. })) => {
                self.open_door_as(guest, Account::Root).await
            }
            Err(other) => Err(other),
        }
    }

    /// Opens a guest as one of the two accounts.
    ///
    /// # Errors
    /// When it is not let in, or nobody answers.
    pub async fn open_door_as(&self, guest: &GuestAddress, account: Account) -> Result<Door, EngineError> {
        let user = match account {
            Account::Root => "root".to_owned(),
            Account::Admin => guest.admin.clone(),
        };
        let login = Login {
            address: guest.address.clone(),
            route: guest.route.clone(),
            user,
            identity: self.identity.clone(),
            host_key: guest.host_key.clone(),
        };
        let session = Session::open(login, self.redactor.clone()).await?;
        Ok(Door { session, account })
    }
}

impl Door {
    /// As whom we came in.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Whether the session still stands, as far as is known.
    pub fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// Runs a program as root.
    ///
    /// # Errors
    /// When the connection fails; any exit status is an answer.
    pub async fn run(&self, argv: &[&str], stdin: Option<Stdin>) -> Result<Finished, SshError> {
        let words = argv.iter().map(|&word| word.to_owned());
        let mut command = match self.account {
            Account::Root => {
                let mut words = words;
                Command::new(words.next().unwrap_or_default()).args(words)
            }
            Account::Admin => Command::new("sudo").args(["-n".to_owned(), "--".to_owned()]).args(words),
        };
        if let Some(stdin) = stdin {
            command = command.stdin(stdin);
        }
        self.session.run(&command.deadline(crate::util::limits::GUEST_COMMAND_TIMEOUT)).await
    }

    /// Runs a reading command.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn read(&self, command: &ReadCommand) -> Result<Fact, SshError> {
        let argv: Vec<&str> = command.0.iter().map(String::as_str).collect();
        let finished = self.run(&argv, None).await?;
        Ok(Fact { exit: finished.exit, stdout: finished.stdout })
    }

    /// Runs a shell script as root, secrets in `s1`, `s2`, ... coming over standard input.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn script(&self, commands: &str, secrets: &[SecretString]) -> Result<Finished, SshError> {
        let reads: String = (1..=secrets.len()).map(|at| format!("IFS= read -r s{at} && ")).collect();
        let stdin = (!secrets.is_empty()).then(|| {
            let lines: String = secrets.iter().map(|secret| format!("{}\n", secret.expose_secret())).collect();
            Stdin::Secret(SecretString::from(lines))
        });
        self.run(&["sh", "-c", &format!("{reads}{commands}")], stdin).await
    }

    /// Writes a file that only root can read, making its folder.
    ///
    /// # Errors
    /// When the connection fails, or the guest cannot write.
    pub async fn write_private(&self, path: &str, content: Stdin) -> Result<(), EngineError> {
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        let script = "umask 077 && mkdir -p \"$1\" && cat > \"$2\"";
        let finished = self.run(&["sh", "-c", script, "sh", folder, path], Some(content)).await?;
        if finished.is_zero() {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("writing `{path}` in the guest"),
            problem: finished.stderr,
            next: "see whether its disk is full, then run the command again".to_owned(),
        })
    }
}
