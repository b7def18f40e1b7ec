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

/// Bytes of a script that reads many things in a guest at once, counted as they travel: in one SSH packet, of 35,000 bytes at
/// most.
pub const GUEST_READS_SCRIPT_BYTES_MAX: usize = 24 * 1024;

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

/// How often rights on a backup server are looked at before they must show: its cache lasts five seconds.
pub const PBS_RIGHTS_LOOKS_MAX: u32 = 8;

/// Between two such looks.
pub const PBS_RIGHTS_WAIT: Duration = Duration::from_secs(2);

/// How often one action is submitted when the reason of its failure passes by itself.
pub const SUBMIT_ATTEMPTS_MAX: u32 = 5;

/// How long to leave a busy node alone.
pub const BUSY_WAIT: Duration = Duration::from_secs(10);

/// How long a guest may take from its start to its agent's first answer, cloud-init's package installation included.
pub const GUEST_BOOT_TIMEOUT: Duration = Duration::from_secs(1200);

/// How long an instance is reserved for one run; renewed before every action.
pub const LEASE_TIME: Duration = Duration::from_secs(4 * 3600);

/// A run that has been under way for so long has died on a machine that cannot be looked at.
pub const RUN_TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Memory of a restored machine while it is tried: enough for a YunoHost with both applications.
pub const DRILL_MEMORY_MIB: u32 = 4096;

/// Memory that stays available on a node besides.
pub const DRILL_MEMORY_RESERVE_MIB: u64 = 1024;

/// How many new VM ids are tried for a restored machine when somebody else has them on the node.
pub const DRILL_IDS_TRIED_MAX: usize = 8;

/// How long a restored machine may take from its start to its agent's first answer: nothing is installed at that boot.
pub const DRILL_BOOT_TIMEOUT: Duration = Duration::from_secs(1200);

/// How long one look into a restored machine may take: counting the files of a full disk takes minutes.
pub const DRILL_COMMAND_TIMEOUT: Duration = Duration::from_secs(1800);

/// How long a guest may take to shut down before its power is cut.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a restore may take: hundreds of gigabytes over a slow line.
pub const RESTORE_TIMEOUT: Duration = Duration::from_secs(48 * 3600);

/// How long a restore that an earlier run left under way is waited for before its machine is removed: shorter than
/// [`LEASE_TIME`], for the lease is not renewed meanwhile. Then the command says so, and the next one waits again.
pub const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

/// Work of hours is looked at once a minute.
pub const POLL_INTERVAL_LONG_MAX: Duration = Duration::from_secs(60);

/// How long to wait before looking again at something that has been under way for so long: a hundredth of it, so that its
/// end is seen about one per cent late at most, and long work is asked about seldom.
pub fn poll_interval(waited: Duration) -> Duration {
    (waited / 100).clamp(POLL_INTERVAL_MIN, POLL_INTERVAL_LONG_MAX)
}

/// Files in a folder of templates.
pub const PRINT_TEMPLATE_FILES_MAX: usize = 200;

/// Documents in a row that may leave a remembered piece of layout unused before it is forgotten.
pub const PRINTED_BEFORE_FORGOTTEN: usize = 8;

/// The largest file among templates: fonts of large scripts are that big.
pub const PRINT_TEMPLATE_BYTES_MAX: u64 = 24 * 1024 * 1024;

/// How long after its time a backup run may be over: a slow line takes hours.
pub const BACKUP_GRACE: Duration = Duration::from_secs(4 * 3600);

/// How long a pull to a third place may lag behind the run: it comes once a day.
pub const BACKUP_SYNC_GRACE: Duration = Duration::from_secs(26 * 3600);

/// For how long what was seen of backups counts; longer ago is "unknown".
pub const BACKUP_SIGHT_MAX: Duration = Duration::from_secs(24 * 3600);

/// A restore proves local backups for so long: drills are monthly.
pub const BACKUP_PROOF_LOCAL: Duration = Duration::from_secs(35 * 24 * 3600);

/// A restore proves backups elsewhere for so long: drills are quarterly.
pub const BACKUP_PROOF_REMOTE: Duration = Duration::from_secs(100 * 24 * 3600);

/// A verification counts for so long: servers read again after thirty days, at their next weekly turn.
pub const BACKUP_VERIFIED_MAX: Duration = Duration::from_secs(45 * 24 * 3600);

/// A task that begins this close to a run is that run.
pub const BACKUP_TASK_NEAR_RUN: Duration = Duration::from_secs(900);

/// The clock of a node or server may differ from ours by this.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Less room than so many hundredths of a storage for backups is little.
pub const BACKUP_ROOM_MIN_PERCENT: u64 = 10;

/// A read of a whole disk over the line that takes longer than this is told as a warning.
pub const BACKUP_FULL_READ_MAX: Duration = Duration::from_secs(8 * 3600);

/// How far back tasks of backups are looked at.
pub const BACKUP_LOOK_BACK: Duration = Duration::from_secs(8 * 24 * 3600);

/// Runs of one schedule that are looked at.
pub const BACKUP_RUNS_MAX: usize = 1000;

/// Backup tasks of a node that are read at once.
pub const BACKUP_TASKS_MAX: u32 = 200;

/// Logs of failed backup tasks that are read per instance and look, the latest first.
pub const BACKUP_TASK_LOGS_MAX: usize = 2;

/// Lines of such a log that are read.
pub const BACKUP_TASK_LOG_LINES_MAX: u64 = 300;

/// Lines of such a log that are kept as reasons, and the longest of them in characters.
pub const BACKUP_TASK_REASONS_MAX: usize = 5;
/// See [`BACKUP_TASK_REASONS_MAX`].
pub const BACKUP_TASK_REASON_LENGTH_MAX: usize = 300;

/// How old a guest's last marker may be before it is read again: it is written once a night.
pub const MARKER_READ_INTERVAL: Duration = Duration::from_secs(20 * 3600);

/// A guest whose last marker is older than this writes none any more.
pub const MARKER_AGE_MAX: Duration = Duration::from_secs(50 * 3600);

/// What was seen of an instance's services counts for so long: four rounds of looks.
pub const SERVICES_SIGHT_MAX: Duration = Duration::from_secs(3600);

/// A guest's report on its services may be so old when it is read: it writes one every ten minutes.
pub const SERVICES_REPORT_AGE_MAX: Duration = Duration::from_secs(1800);

/// That a site answered counts for so long: four rounds of looks.
pub const SITE_SIGHT_MAX: Duration = Duration::from_secs(3600);

/// A comparison of an instance with the inventory counts for so long: there is one each morning, which may take its time.
pub const COMPARISON_AGE_MAX: Duration = Duration::from_secs(30 * 3600);

/// Time between two rounds of looks at all sites.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(900);

/// Sites that are looked at at once: looking is light.
pub const SWEEP_SITES_AT_ONCE_MAX: usize = 256;

/// How long a site may take for its first answer, connecting included; one that is off swallows what it is sent.
pub const SWEEP_FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(8);

/// How long looking at one site may take.
pub const SWEEP_SITE_TIMEOUT: Duration = Duration::from_secs(120);

/// A site that does not answer is left alone for twice as long each time, but never longer than this.
pub const SWEEP_REST_MAX: Duration = Duration::from_secs(6 * 3600);

/// When so many sites are asked and none answers, our own network is the likely cause.
pub const SWEEP_OWN_NETWORK_SITES_MIN: usize = 2;

/// How long one backup may take: the first one of a large disk over a slow line takes days.
pub const BACKUP_TIMEOUT: Duration = Duration::from_secs(72 * 3600);

/// How long a backup waits for another one on the same node, and for a lock on the machine.
pub const BACKUP_TURN_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

/// Between two looks at the log of a backup that is under way.
pub const BACKUP_PROGRESS_INTERVAL: Duration = Duration::from_secs(30);

/// Namespaces of one backup server that are listed at once.
pub const PBS_LISTINGS_AT_ONCE: usize = 4;

/// Between two looks at what is due; an order wakes the scheduler of its own process at once.
pub const JOB_TICK: Duration = Duration::from_secs(5);

/// How long a process has a job to itself before another one may believe it dead. Holders renew it in time.
pub const JOB_CLAIM_TIME: Duration = Duration::from_secs(600);

/// Between two renewals of a claim, on the wall's clock.
pub const JOB_CLAIM_RENEWAL: Duration = Duration::from_secs(60);

/// How often one job is tried for the same moment; the next moment begins anew.
pub const JOB_ATTEMPTS_MAX: u32 = 5;

/// After a first failure a job is tried again after this, then after twice as long each time.
pub const JOB_RETRY_FIRST: Duration = Duration::from_secs(60);

/// A failed job is never tried again later than after this.
pub const JOB_RETRY_LONGEST: Duration = Duration::from_secs(3600);

/// How long work that is under way gets to end when the program is asked to stop; what takes longer is left resumable.
pub const JOB_STOP_PATIENCE: Duration = Duration::from_secs(90);

/// How long ended attempts at jobs are remembered.
pub const JOB_HISTORY: Duration = Duration::from_secs(90 * 24 * 3600);

/// Hour of the day, where the co-operative is, at which restore tests begin: after work, before the nightly backups.
pub const JOB_DRILLS_HOUR: i8 = 22;

/// Restore tests that could not begin in the evening do not begin later than this: nobody's node is busy by day.
pub const JOB_DRILLS_LATE_MAX: Duration = Duration::from_secs(6 * 3600);

/// Between two deliveries of mails that wait: who asks for a link to log in waits for it.
pub const JOB_MAIL_INTERVAL: Duration = Duration::from_secs(5);

/// Hour of the day at which letters leave that nobody has to think of.
pub const JOB_LETTERS_HOUR: i8 = 8;

/// Letters that could not leave by the end of the day's work wait for the next morning.
pub const JOB_LETTERS_LATE_MAX: Duration = Duration::from_secs(10 * 3600);

/// Nobody is reminded by itself when the last file of the bank is older than this.
pub const BANK_FRESH: Duration = Duration::from_secs(4 * 24 * 3600);

/// Hour of the day at which all instances are compared with the inventory: the nights' backups are over, nobody works yet.
pub const JOB_COMPARE_HOUR: i8 = 6;

/// Hour of the day at which the store is tidied up.
pub const JOB_TIDY_HOUR: i8 = 5;

/// How long a reader of metrics may take for its request.
pub const METRICS_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest mail, encoded: what most mail servers take.
pub const MAIL_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Mails that one emptying of the outbox sends.
pub const MAIL_BATCH_MAX: usize = 500;

/// For how long a sender has a mail for itself: longer than a server may take for all steps of one.
pub const MAIL_CLAIM_TIME: Duration = Duration::from_secs(3600);

/// How often sending a mail is tried before a person is asked: with the waits below, about two days.
pub const MAIL_ATTEMPTS_MAX: i64 = 12;

/// How long a mail waits after its first attempt; four times as long after each further one.
pub const MAIL_RETRY_MIN: Duration = Duration::from_secs(60);

/// The longest such wait.
pub const MAIL_RETRY_MAX: Duration = Duration::from_secs(6 * 3600);

/// Connecting to a mail server, greeting and encryption included.
pub const MAIL_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// One reply of a mail server.
pub const MAIL_REPLY_TIMEOUT: Duration = Duration::from_secs(120);

/// Sending a whole message to a mail server over a slow line.
pub const MAIL_MESSAGE_TIMEOUT: Duration = Duration::from_secs(900);

/// The reply to the end of a message: RFC 5321 wants ten minutes, because giving up sooner makes doubles.
pub const MAIL_ACCEPT_TIMEOUT: Duration = Duration::from_secs(600);

/// Lines of one reply of a mail server, and bytes of each.
pub const MAIL_REPLY_LINES_MAX: usize = 64;
/// See [`MAIL_REPLY_LINES_MAX`].
pub const MAIL_REPLY_LINE_BYTES_MAX: u64 = 2048;

/// Characters that are kept of what a mail server said.
pub const MAIL_ANSWER_LENGTH_MAX: usize = 300;
/// The largest form that the portal reads.
pub const PORTAL_BODY_BYTES_MAX: usize = 32 * 1024;

/// Fields of a form that the portal reads.
pub const PORTAL_FIELDS_MAX: usize = 64;

/// The longest path with its query that the portal answers.
pub const PORTAL_PATH_LENGTH_MAX: usize = 2048;

/// How long the portal may take for one answer; printing an invoice anew is the longest.
pub const PORTAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long answers that are under way may still take when the portal stops.
pub const PORTAL_STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Characters of a free text that a client may send.
pub const PORTAL_TEXT_LENGTH_MAX: usize = 4000;

/// Rows of a list on one page of the portal.
pub const PORTAL_PAGE_ROWS: usize = 50;

/// How long a link of a login mail opens the portal, and the code beside it.
pub const PORTAL_LINK_TIME: Duration = Duration::from_secs(15 * 60);

/// How often a code may be tried.
pub const PORTAL_CODE_TRIES_MAX: i64 = 5;

/// How long an invitation of somebody of the co-operative is valid.
pub const PORTAL_INVITATION_TIME: Duration = Duration::from_secs(72 * 3600);

/// How long a second factor may take.
pub const PORTAL_FACTOR_TIME: Duration = Duration::from_secs(5 * 60);

/// A client's session ends when it was not used for so long, and at the latest after the second time.
pub const PORTAL_CLIENT_IDLE: Duration = Duration::from_secs(7 * 24 * 3600);
/// See [`PORTAL_CLIENT_IDLE`].
pub const PORTAL_CLIENT_SESSION: Duration = Duration::from_secs(30 * 24 * 3600);

/// The same for the co-operative's people.
pub const PORTAL_STAFF_IDLE: Duration = Duration::from_secs(3600);
/// See [`PORTAL_STAFF_IDLE`].
pub const PORTAL_STAFF_SESSION: Duration = Duration::from_secs(10 * 3600);

/// That a session was used is written down at most so often.
pub const PORTAL_SEEN_INTERVAL: Duration = Duration::from_secs(60);

/// A first screen is shown again at most for so long: what it says of "minutes ago" stays true.
pub const PORTAL_PAGE_AGE_MAX: Duration = Duration::from_secs(60);

/// First screens that are kept, of some 16 kB each.
pub const PORTAL_PAGES_KEPT_MAX: usize = 500;

/// Ended sessions, links and counted attempts are forgotten after this.
pub const PORTAL_FORGET_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);

/// The window in which attempts to enter are counted.
pub const PORTAL_ATTEMPTS_WINDOW: Duration = Duration::from_secs(3600);

/// Login mails per address of a contact within the window.
pub const PORTAL_MAILS_PER_CONTACT_MAX: i64 = 5;

/// Attempts of one kind from one network address within the window.
pub const PORTAL_ATTEMPTS_PER_ADDRESS_MAX: i64 = 60;

/// Attempts at one staff account, or at one second factor, within the window.
pub const PORTAL_ATTEMPTS_PER_ACCOUNT_MAX: i64 = 10;

/// Requests that one client may leave in the portal within the window.
pub const PORTAL_REQUESTS_PER_CLIENT_MAX: i64 = 30;

/// Passwords hashed at once: each takes tens of megabytes for a while.
pub const PORTAL_HASHING_AT_ONCE: usize = 2;

/// Characters of a password at least, and at most.
pub const PORTAL_PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// Recovery codes that are given out at once.
pub const PORTAL_RECOVERY_CODES: usize = 10;

/// Connecting to an e-invoicing platform.
pub const PLATFORM_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// One request to a platform, an invoice's upload over a slow line included.
pub const PLATFORM_REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// The largest answer that is read from a platform.
pub const PLATFORM_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes that are read of a platform's refusal, and characters that are kept of them.
pub const PLATFORM_REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// See [`PLATFORM_REFUSAL_BYTES_MAX`].
pub const PLATFORM_WORDS_LENGTH_MAX: usize = 500;

/// Results of one page of a platform's list: the most that XP Z12-013 allows.
pub const PLATFORM_PAGE: u32 = 100;

/// Pages that are read of one list.
pub const PLATFORM_PAGES_MAX: usize = 1000;

/// Statuses are asked for from a little before the last one that came.
pub const PLATFORM_OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// How often handing a file over is tried before a person is asked.
pub const PLATFORM_ATTEMPTS_MAX: i64 = 50;

/// How long one request to the co-operative's own Dolibarr may take: it computes a document's PDF when it makes it final.
pub const DOLIBARR_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
