//! Every bound of the program, by name. Durations say what they wait for, counts what they count.

use std::time::Duration;

/// How long a lab's clock may take to answer.
pub const CLOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a writer to the store waits for another one.
pub const STORE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection to the store may take, waiting for a free one included.
pub const STORE_CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections to the store per process.
pub const STORE_CONNECTIONS_MAX: u32 = 8;

/// Observations kept of one matter on one subject.
pub const STORE_OBSERVATIONS_KEPT: i64 = 32;

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

/// How long one command in a guest may take that is not run as a unit: the lock of YunoHost may be waited for in it.
pub const GUEST_COMMAND_TIMEOUT: Duration = Duration::from_secs(YUNOHOST_LOCK_TIMEOUT.as_secs() + 600);

/// How long a unit in a guest may take: a Nextcloud upgrade over a slow line takes hours, an installation never does.
pub const GUEST_UNIT_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

/// How often a lost connection to a guest is opened again while a unit runs inside it.
pub const GUEST_RECONNECTS_MAX: u32 = 5;

/// Between two looks at something that is under way: a hundredth of the time already waited, within these bounds, so that
/// waiting adds about one per cent.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// See [`POLL_INTERVAL_MIN`].
pub const POLL_INTERVAL_MAX: Duration = Duration::from_secs(5);

/// How long a domain may take to answer our test from outside.
pub const REACH_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a task on a node may take: an image is copied onto a slow SSD within minutes.
pub const PVE_TASK_TIMEOUT: Duration = Duration::from_secs(3600);

/// How often one action is submitted when the reason of its failure passes by itself.
pub const SUBMIT_ATTEMPTS_MAX: u32 = 5;

/// How long to leave a busy node alone.
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// How long a guest may take from its start to its agent's first answer, cloud-init's package installation included.
pub const GUEST_BOOT_TIMEOUT: Duration = Duration::from_secs(1200);

/// How long an instance is reserved for one run; renewed before every action.
pub const LEASE_TIME: Duration = Duration::from_secs(4 * 3600);

/// How long to wait before looking again at something that has been under way for so long: a hundredth of it, so that its
/// end is seen about one per cent late at most, and long work is asked about seldom.
pub fn poll_interval(waited: Duration) -> Duration {
    (waited / 100).clamp(POLL_INTERVAL_MIN, POLL_INTERVAL_MAX)
}

/// Files in a folder of templates.
pub const PRINT_TEMPLATE_FILES_MAX: usize = 200;

/// The largest file among templates: fonts of large scripts are that big.
pub const PRINT_TEMPLATE_BYTES_MAX: u64 = 24 * 1024 * 1024;
