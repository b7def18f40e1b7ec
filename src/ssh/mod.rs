//! The SSH adapter: commands in guests and on nodes, and the tunnels of jump hosts.
//!
//! - `command`: what is run, quoted for a POSIX shell, secrets masked wherever it is shown;
//! - `host_key`: the key that a server must have; there is no trust on first use;
//! - `session`: one connection, one dedicated thread, one command at a time;
//! - `jump`: one connection to a jump host that carries many TCP connections.
//!
//! `connect`, `wire`, `exec` and `forward` are the parts that talk to libssh2. The connection is set up with blocking
//! calls; afterwards everything is non-blocking, in rounds: try everything once, and when nothing moved, wait for the
//! socket. That way standard output and error are read together, and a deadline or a dropped future takes effect at
//! once. No command ever gets a terminal.

mod command;
mod connect;
mod error;
mod exec;
mod forward;
mod host_key;
mod jump;
mod session;
mod wire;

pub use command::{Arg, Command, Finished, Stdin, quote};
pub use connect::{Address, Identity, Login, Route};
pub use error::SshError;
pub use host_key::{HostKey, HostKeyError};
pub use jump::JumpHost;
pub use session::Session;
