//! Every bound of the program, by name. Durations say what they wait for, counts what they count.

use std::time::Duration;

/// How long a lab's clock may take to answer.
pub const CLOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Connecting to a Proxmox node, TLS handshake included.
pub const PVE_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One Proxmox request: a little above the 30 s after which its own proxy gives up (sheet Proxmox, section 1).
pub const PVE_REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

/// The largest answer that is read from a Proxmox node.
pub const PVE_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests under way at once to one node.
pub const PVE_REQUESTS_PER_NODE_MAX: usize = 5;

/// How long an idle connection to a Proxmox node is kept: below the 5 s after which its server closes it.
pub const PVE_IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// Shortest and longest pause between two looks at a task.
pub const PVE_TASK_POLL_MIN: Duration = Duration::from_millis(500);
/// See [`PVE_TASK_POLL_MIN`].
pub const PVE_TASK_POLL_MAX: Duration = Duration::from_secs(5);

/// Looks at a task that may fail one after another before its waiting is given up (the task goes on).
pub const PVE_TASK_LOOKS_FAILED_MAX: u32 = 5;

/// Last lines of a failed task's log that are shown.
pub const PVE_TASK_LOG_LINES_SHOWN: u64 = 20;

/// Opening an SSH connection, key exchange and authentication included.
pub const SSH_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Bytes of standard output or error that are kept of one command.
pub const SSH_OUTPUT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long a command may take that names no deadline of its own.
pub const SSH_COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// Commands that wait for their turn on one session.
pub const SSH_COMMANDS_WAITING_MAX: usize = 8;

/// Time between two signs of life on an SSH connection.
pub const SSH_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// An SSH server that says nothing for so long, although asked, is gone.
pub const SSH_SILENCE_MAX: Duration = Duration::from_secs(60);

/// TCP connections that one jump host carries at once.
pub const SSH_FORWARDS_MAX: usize = 64;

/// How long a tunnel waits for the connection that it was opened for.
pub const SSH_FORWARD_CLAIM_TIMEOUT: Duration = Duration::from_secs(10);

/// Sessions open at once to one guest.
pub const SSH_SESSIONS_PER_GUEST_MAX: usize = 2;

/// How long a YunoHost command waits for the lock that cron or a technician may hold (sheet YunoHost, "Lock").
pub const YUNOHOST_LOCK_TIMEOUT: Duration = Duration::from_secs(900);
