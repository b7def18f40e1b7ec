//! Transient units: work that goes on when the session is gone.

use crate::os::testing::Lab;

const START: &str = "mkdir -p /var/lib/accolades && systemd-run --unit=work --no-block -p Type=exec \
    -p StandardOutput=file:/var/lib/accolades/out -p StandardError=file:/var/lib/accolades/err --setenv=NAME=you \
    sh -c 'echo hello $NAME; echo hm >&2; sleep 100; exit 4'";

fn state(lab: &mut Lab, unit: &str) -> String {
    lab.root(&format!("systemctl show -p LoadState,ActiveState,SubState,Result,ExecMainStatus {unit}"))
        .stdout
        .replace('\n', " ")
}

#[test]
fn a_unit_runs_on_and_its_result_can_be_read_later() {
    let mut lab = Lab::booted();
    let output = lab.root(&START.replace("-p Type=exec ", ""));
    assert_eq!((output.exit, output.stderr.as_str()), (0, "Running as unit: work.service\n"));
    assert!(output.duration_us < 1_000_000, "it does not wait");
    let running = "ExecMainStatus=0 Result=success LoadState=loaded ActiveState=active SubState=running ";
    assert_eq!(state(&mut lab, "work"), running);
    assert_eq!(lab.root("cat /var/lib/accolades/out").stdout, "");
    lab.pass_seconds(99);
    assert_eq!(state(&mut lab, "work"), running);
    lab.pass_seconds(2);
    let failed = "ExecMainStatus=4 Result=exit-code LoadState=loaded ActiveState=failed SubState=failed ";
    assert_eq!(state(&mut lab, "work"), failed);
    assert_eq!(lab.root("cat /var/lib/accolades/out /var/lib/accolades/err").stdout, "hello you\nhm\n");
    assert_eq!(lab.root("systemctl is-active work; echo $?; systemctl is-failed work").stdout, "failed\n3\nfailed\n");
}

#[test]
fn a_name_is_taken_until_it_is_forgotten() {
    let mut lab = Lab::booted();
    lab.root(START);
    assert!(lab.root(START).stderr.contains("Unit work.service was already loaded"));
    lab.pass_seconds(200);
    assert_eq!(lab.root(START).exit, 1, "a failed unit stays");
    assert_eq!(lab.root("systemctl reset-failed work").exit, 0);
    assert_eq!(lab.root(START).exit, 0);
    assert_eq!(lab.root("systemctl reset-failed nothing").exit, 1);
}

#[test]
fn collected_and_successful_units_are_forgotten() {
    let mut lab = Lab::booted();
    lab.root("systemd-run --unit=good --no-block true; systemd-run --unit=bad --collect --no-block false");
    lab.root("systemd-run --unit=kept -p RemainAfterExit=yes --no-block true");
    lab.pass_seconds(1);
    let gone = "ExecMainStatus=0 Result=success LoadState=not-found ActiveState=inactive SubState=dead ";
    assert_eq!(state(&mut lab, "good"), gone);
    assert_eq!(state(&mut lab, "bad"), gone);
    assert!(state(&mut lab, "kept").contains("ActiveState=active SubState=exited"));
}

#[test]
fn waiting_runs_to_the_end_and_returns_its_status() {
    let mut lab = Lab::booted();
    let output = lab.root("systemd-run --wait --pipe --quiet sh -c 'sleep 30; echo out; exit 3'");
    assert_eq!((output.exit, output.stdout.as_str(), output.duration_us), (3, "out\n", 30_000_000));
}

#[test]
fn a_reboot_kills_a_unit_half_way() {
    let mut lab = Lab::booted();
    lab.root("systemd-run --unit=steps --no-block sh -c 'echo 1 > /srv/one; sleep 50; echo 2 > /srv/two; sleep 50; echo 3 > /srv/three'");
    lab.pass_seconds(70);
    lab.root("reboot");
    lab.pass_seconds(60);
    assert_eq!(lab.root("ls /srv").stdout, "one\ntwo\n");
    assert!(state(&mut lab, "steps").contains("LoadState=not-found"));
    lab.pass_seconds(600);
    assert_eq!(lab.root("ls /srv").stdout, "one\ntwo\n", "it never comes back");
}

#[test]
fn a_killed_installer_leaves_an_honest_half() {
    let mut lab = Lab::booted();
    lab.root("curl -fsSL https://install.yunohost.org/bookworm -o /root/install");
    lab.root("systemd-run --unit=install --no-block bash /root/install -a");
    lab.pass_seconds(100);
    assert!(lab.machine.yunohost.is_none(), "it is still at work");
    lab.root("systemctl stop install");
    lab.pass_seconds(300);
    assert!(lab.machine.yunohost.is_none() && lab.machine.packages.interrupted);
    assert!(lab.root("apt-get -y install jq").stderr.contains("dpkg was interrupted"));
    assert!(state(&mut lab, "install").contains("Result=signal"));
}

#[test]
fn a_timeout_cuts_a_command_short() {
    let mut lab = Lab::booted();
    let output = lab.root(
        "timeout 10 sh -c 'echo 1 > /srv/one; sleep 60; echo 2 > /srv/two'; echo $?; date +%s > /dev/null; ls /srv",
    );
    assert_eq!(output.stdout, "124\none\n");
    assert_eq!(output.duration_us, 10_000_000);
    assert_eq!(lab.root("timeout 10 sleep 3; echo $?").stdout, "0\n");
}

#[test]
fn services_start_stop_and_come_back() {
    let mut lab = Lab::booted();
    assert_eq!(lab.root("systemctl is-enabled ssh; systemctl is-enabled nothing").stdout, "enabled\n");
    assert_eq!(
        lab.root("systemctl start nothing").stderr,
        "Failed to start nothing.service: Unit nothing.service not found.\n"
    );
    assert_eq!(
        lab.root("systemctl disable --now cron; systemctl is-active cron; systemctl is-system-running").stdout,
        "inactive\nrunning\n"
    );
    assert_eq!(lab.ssh("debian", "systemctl stop ssh", "").exit, 1);
}

#[test]
fn background_yunohost_holds_the_lock() {
    let mut lab = Lab::with_yunohost();
    lab.root("systemd-run --unit=y --no-block sh -c 'sleep 60; yunohost tools versions'");
    assert_eq!(lab.root("cat /var/run/moulinette_yunohost.lock").exit, 0);
    lab.pass_seconds(120);
    assert_eq!(lab.root("cat /var/run/moulinette_yunohost.lock").exit, 1);
}
