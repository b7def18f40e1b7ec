//! Commands: exit codes, both outputs, input, deadlines, lost connections.

use std::time::Duration;

use accolades::ssh::{Command, SshError, Stdin};
use accolades::util::limits;
use accolades::util::remote::{Retry, Sent};
use secrecy::SecretString;

use super::sshd::Sshd;

fn shell(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

#[tokio::test]
async fn ssh_gives_exit_code_and_both_outputs() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let done = session.run(&shell("echo out; echo err >&2; exit 7")).await.unwrap();
    assert_eq!((done.exit, done.stdout.as_str(), done.stderr.as_str()), (7, "out\n", "err\n"));
    assert_eq!((done.signal, done.truncated), (None, false));
    // The same session serves the next one.
    let done = session.run(&shell("echo $LC_ALL")).await.unwrap();
    assert_eq!((done.exit, done.stdout.as_str()), (0, "C.UTF-8\n"));
}

#[tokio::test]
async fn ssh_arguments_arrive_as_they_were_given() {
    let sshd = Sshd::start();
    let words = ["l'été", "$HOME `id`", "a\nb", "", "*", "A=1"];
    let done = sshd.session().await.run(&Command::new("printf").arg("%s|").args(words)).await.unwrap();
    assert_eq!(done.stdout, "l'été|$HOME `id`|a\nb||*|A=1|");
}

#[tokio::test]
async fn ssh_a_signal_is_not_success() {
    let sshd = Sshd::start();
    let done = sshd.session().await.run(&shell("kill -TERM $$")).await.unwrap();
    assert_eq!((done.exit, done.signal.as_deref()), (143, Some("TERM")));
}

#[tokio::test]
async fn ssh_reads_both_outputs_together() {
    let sshd = Sshd::start();
    let script = r#"i=0; while [ $i -lt 50 ]; do
        head -c 100000 /dev/zero | tr "\0" a; head -c 100000 /dev/zero | tr "\0" b >&2; i=$((i+1)); done"#;
    let done = sshd.session().await.run(&shell(script)).await.unwrap();
    assert_eq!(done.exit, 0);
    assert!(done.stdout.len() == 5_000_000 && done.stdout.bytes().all(|byte| byte == b'a'));
    assert!(done.stderr.len() == 5_000_000 && done.stderr.bytes().all(|byte| byte == b'b'));
    assert!(!done.truncated);
}

#[tokio::test]
async fn ssh_output_is_bounded() {
    let sshd = Sshd::start();
    let size = limits::SSH_OUTPUT_BYTES_MAX + 1;
    let done = sshd.session().await.run(&shell(&format!("head -c {size} /dev/zero; exit 3"))).await.unwrap();
    assert_eq!((done.exit, done.stdout.len(), done.truncated), (3, limits::SSH_OUTPUT_BYTES_MAX, true));
}

#[tokio::test]
async fn ssh_feeds_standard_input() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let command = Command::new("wc").arg("-c").stdin(Stdin::Bytes(bytes.clone()));
    assert_eq!(session.run(&command).await.unwrap().stdout, "3000000\n");
    // One that answers as it reads, and one that reads nothing at all.
    let echoed = session.run(&shell("tr '\\0-\\377' x").stdin(Stdin::Bytes(bytes.clone()))).await.unwrap();
    assert_eq!(echoed.stdout.len(), 3_000_000);
    assert_eq!(session.run(&Command::new("true").stdin(Stdin::Bytes(bytes))).await.unwrap().exit, 0);
    // Without input there is an end of file, not a wait.
    assert_eq!(session.run(&Command::new("cat")).await.unwrap().stdout, "");
}

#[tokio::test]
async fn ssh_a_secret_on_standard_input_is_in_no_process_list() {
    let sshd = Sshd::start();
    let secret = SecretString::from("battery-staple-4711");
    let command = shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; wc -c").stdin(Stdin::Secret(secret));
    let done = sshd.session().await.run(&command).await.unwrap();
    assert!(done.stdout.contains("wc -c"), "the list shows this very command");
    assert!(done.stdout.ends_with("19\n"), "the secret arrived");
    assert!(!done.stdout.contains("battery-staple"));
}

#[tokio::test]
async fn ssh_a_deadline_cuts_the_command_off() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let error = session.run(&shell("sleep 30").deadline(Duration::from_millis(300))).await.unwrap_err();
    assert!(matches!(error, SshError::Timeout { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::After));
    assert!(!session.is_open());
    let error = session.run(&shell("true")).await.unwrap_err();
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Now), "{error}");
}

#[tokio::test]
async fn ssh_a_dropped_command_cuts_the_connection() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let fifo = sshd.path("started");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let command = shell(&format!("echo > {}; sleep 30", fifo.display()));
    let started = tokio::task::spawn_blocking(move || std::fs::read(fifo));
    tokio::select! {
        outcome = session.run(&command) => panic!("it ended by itself: {outcome:?}"),
        read = started => assert_eq!(read.unwrap().unwrap(), b"\n"),
    }
    let error = session.run(&shell("true")).await.unwrap_err();
    assert!(matches!(error, SshError::CutOff { sent: Sent::No, .. }), "{error}");
}

#[tokio::test]
async fn ssh_a_server_killed_in_mid_command_is_no_success() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    // The shell's parent is the daemon's process of this connection.
    let error = session.run(&shell("kill -9 $PPID; sleep 30")).await.unwrap_err();
    assert!(matches!(error, SshError::CutOff { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::Now));
}

#[tokio::test]
async fn ssh_a_refused_command_was_not_sent() {
    let sshd = Sshd::start_with("MaxSessions 0");
    let error = sshd.session().await.run(&shell("true")).await.unwrap_err();
    assert!(matches!(error, SshError::CommandRefused { .. }), "{error}");
    assert_eq!(error.sent(), Sent::No);
}

#[tokio::test]
async fn ssh_a_word_with_a_nul_is_refused_before_it_is_sent() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let error = session.run(&Command::new("echo").arg("a\0b")).await.unwrap_err();
    assert!(matches!(error, SshError::InvalidCommand { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
    assert!(session.is_open());
}

#[tokio::test]
async fn ssh_commands_of_one_session_run_one_after_another() {
    let sshd = Sshd::start();
    let session = sshd.session().await;
    let file = sshd.path("order");
    let append = |word: &str| shell(&format!("test -z \"$(tail -c1 {0})\" && echo {word} >> {0}", file.display()));
    let (first, second) = (append("first"), append("second"));
    let (first, second) = tokio::join!(session.run(&first), session.run(&second));
    assert_eq!((first.unwrap().exit, second.unwrap().exit), (0, 0));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "first\nsecond\n");
}
