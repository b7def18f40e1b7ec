//! Programs, family by family.

use crate::os::testing::{Lab, printed};

#[test]
fn text_programs() {
    assert_eq!(printed("printf 'a:b:c\\n' | cut -d: -f1,3-; printf 'abcdef\\n' | cut -c2-3"), "a:c\nbc\n");
    assert_eq!(printed("printf '2\\n10\\n2\\n' | sort -n | uniq -c | tr -s ' ' | head -n 1"), " 2 2\n");
    assert_eq!(
        printed("printf 'a\\nb\\nc\\n' | tail -n +2 | tail -1; printf 'a b\\n' | wc -w"),
        "c\n1\n".replace("c\n1", "c\n2")
    );
    assert_eq!(printed("echo hello | tr a-y b-z; echo aXb | tr -d X"), "ifmmp\nab\n");
    assert_eq!(
        printed("printf abc | sha256sum | cut -c1-8; printf abc | base64; echo YWJj | base64 -d"),
        "ba7816bf\nYWJj\nabc"
    );
    assert_eq!(printed("printf 'x=%s %d%%\\n' a 5 b 6"), "x=a 5%\nx=b 6%\n");
}

/// The SHA-256 of `abc`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn a_list_of_sums_that_checks_nothing_fails() {
    let mut lab = Lab::booted();
    lab.root("mkdir -p /srv; printf abc > /srv/a; printf abd > /srv/b");
    let mut check = |list: &str| lab.ssh("root", "cd /srv && sha256sum -c -", list);
    let good = check(&format!("{ABC}  a\n{ABC} */srv/a\n"));
    assert_eq!((good.exit, good.stdout.as_str(), good.stderr.as_str()), (0, "a: OK\n/srv/a: OK\n", ""));
    let wrong = check(&format!("{ABC}  a\n{ABC}  b\n"));
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (1, "a: OK\nb: FAILED\n"));
    assert_eq!(wrong.stderr, "sha256sum: WARNING: 1 computed checksum did NOT match\n");
    let missing = check(&format!("{ABC}  c\n"));
    assert_eq!((missing.exit, missing.stdout.as_str()), (1, "c: FAILED open or read\n"));
    let words = "sha256sum: c: No such file or directory\nsha256sum: WARNING: 1 listed file could not be read\n";
    assert_eq!(missing.stderr, words);
    for nothing in ["", "ba7816bf  a\n"] {
        let output = check(nothing);
        let words = "sha256sum: 'standard input': no properly formatted checksum lines found\n";
        assert_eq!((output.exit, output.stderr.as_str()), (1, words), "{nothing:?}");
    }
    let silent = lab.ssh("root", "cd /srv && sha256sum -c --status -", &format!("{ABC}  a\n"));
    assert_eq!((silent.exit, silent.stdout.as_str()), (0, ""));
}

/// A file is replaced only when it is what it was thought to be, and the new one only when it is whole.
#[test]
fn a_careful_replacement_runs_on_a_node_and_in_a_guest() {
    for mut lab in [Lab::booted(), Lab::node(Vec::new())] {
        lab.root("mkdir -p /srv; printf old > /srv/a; chmod 600 /srv/a");
        let before = lab.root("sha256sum /srv/a | cut -d ' ' -f 1").stdout.trim().to_owned();
        let mut replace = |expected: &str, new: &str| {
            let line = format!(
                "cp -p /srv/a /srv/a.before && cat > /srv/a.new && \
                 echo '{ABC}  /srv/a.new' | sha256sum -c --quiet - && \
                 [ \"$(sha256sum /srv/a | cut -d ' ' -f 1)\" = {expected} ] && \
                 sync /srv/a.new && mv -f /srv/a.new /srv/a && rm -f /srv/a.before"
            );
            lab.ssh("root", &line, new)
        };
        assert_eq!(replace(&before, "abd").exit, 1, "it came damaged");
        assert_eq!(replace("other", "abc").exit, 1, "it is another one by now");
        let output = replace(&before, "abc");
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
        assert_eq!(lab.root("cat /srv/a; ls /srv/a.before /srv/a.new 2>/dev/null").stdout, "abc");
    }
}

#[test]
fn grep_selects_counts_and_tells() {
    let mut lab = Lab::booted();
    lab.ssh("root", "cat > /tmp/f", "one\nTwo 22\n(three)\n");
    assert_eq!(lab.root("grep -E '^[A-Z]|three' /tmp/f").stdout, "Two 22\n(three)\n");
    assert_eq!(lab.root("grep -c o /tmp/f; grep '(' /tmp/f; grep -oE '[0-9]+' /tmp/f").stdout, "2\n(three)\n22\n");
    assert_eq!(
        lab.root("grep -q one /tmp/f; echo $?; grep -q nine /tmp/f; echo $?; grep x /nope; echo $?").stdout,
        "0\n1\n2\n"
    );
    assert_eq!(
        lab.root("grep -rl Two /tmp; grep -v o /tmp/f; grep -i two /tmp/f; grep '\\(one\\|nine\\)' /tmp/f").stdout,
        "/tmp/f\nTwo 22\n(three)\nTwo 22\none\n".replacen("Two 22\n", "", 1)
    );
}

#[test]
fn sed_substitutes_and_selects() {
    assert_eq!(
        printed("printf 'a1\\nb2\\nc3\\n' | sed -n 2p; printf 'a/b\\n' | sed 's/\\//-/g; s/a/[&]/'"),
        "b2\n[a]-b\n"
    );
    assert_eq!(
        printed("printf 'key=old\\n' > /tmp/f; sed -i 's/^\\(key\\)=.*/\\1=$new/' /tmp/f; cat /tmp/f"),
        "key=$new\n"
    );
    assert_eq!(
        printed(
            "printf 'a\\nb\\nc\\n' | sed '/b/d'; printf 'a\\nb\\nc\\n' | sed -n '/a/,/b/p' | sed -E 's/(a|b)/<\\1>/'"
        ),
        "a\nc\n<a>\n<b>\n"
    );
    assert_eq!(printed("echo x | sed y/x/z/"), "lab: sed: script not simulated: y/x/z/\n");
}

#[test]
fn file_programs_keep_modes_and_owners() {
    let mut lab = Lab::booted();
    lab.root("mkdir -p -m 700 /srv/a/b; umask 027; echo x > /srv/a/f; cp /srv/a/f /srv/g; mv /srv/g /srv/a/b; chown debian /srv/a/b/g");
    assert_eq!(
        lab.root("stat -c '%a %U %n' /srv/a/b /srv/a/f /srv/a/b/g").stdout,
        "700 root /srv/a/b\n640 root /srv/a/f\n640 debian /srv/a/b/g\n"
    );
    assert_eq!(
        lab.root("ls -l /srv/a/f | cut -c1-10; chmod u+x,o= /srv/a/f; stat -c %A /srv/a/f").stdout,
        "-rw-r-----\n-rwxr-----\n"
    );
    assert_eq!(lab.root("rm /srv/a").stderr, "rm: cannot remove '/srv/a': Is a directory\n");
    assert_eq!(lab.root("rm -rf /srv/a /srv/nothing; ls -d /srv/a").exit, 2);
    assert_eq!(lab.root("mkdir /x/y").stderr, "mkdir: cannot create directory ‘/x/y’: No such file or directory\n");
    assert_eq!(lab.ssh("debian", "rm /etc/hostname; touch /root/x; ls /root", "").stderr.lines().count(), 3);
}

#[test]
fn accounts_are_found_where_nsswitch_looks() {
    let mut lab = Lab::booted();
    assert_eq!(
        lab.root("getent passwd debian | cut -d: -f6,7; getent passwd ghost; echo $?").stdout,
        "/home/debian:/bin/bash\n2\n"
    );
    assert_eq!(lab.root("id -u; id -u debian; id ghost").stdout, "0\n1000\n");
    assert_eq!(lab.root("getent group sudo | cut -d: -f1,4").stdout, "sudo:debian\n");
    assert_eq!(
        lab.ssh("debian", "whoami; echo $HOME $USER; pwd", "").stdout,
        "debian\n/home/debian debian\n/home/debian\n"
    );
}

#[test]
fn tests_compare_words_numbers_and_files() {
    assert_eq!(
        printed("[ 3 -gt 2 -a a = a ] && test -d /etc && [ ! -e /nope ] && [ -s /etc/hostname ] && echo yes"),
        "yes\n"
    );
    assert_eq!(printed("[ 1 -eq 1"), "[: missing ]\n");
    assert_eq!(printed("test 1 -nt 2"), "lab: test: not simulated: 1 -nt 2\n");
}

#[test]
fn packages_are_installed_from_lists_that_were_downloaded() {
    let mut lab = Lab::booted();
    lab.machine.packages.lists = false;
    assert_eq!(lab.root("apt-get -y install jq").stderr, "E: Unable to locate package jq\n");
    assert_eq!(
        lab.root("apt-get update && apt-get -y install jq && dpkg-query -W -f '${Package} ${Version}\\n' jq").exit,
        0
    );
    assert_eq!(lab.root("dpkg-query -W ghost").stderr, "dpkg-query: no packages found matching ghost\n");
    assert_eq!(lab.root("apt-get -y install ghost").stderr, "lab: apt-get: package ghost is not simulated\n");
    assert_eq!(lab.ssh("debian", "apt-get update", "").exit, 100);
}

#[test]
fn curl_reports_status_and_failures_in_its_own_codes() {
    let mut lab = Lab::booted();
    let output = lab.root("curl -fsSL https://install.yunohost.org/nothing");
    assert_eq!((output.exit, output.stderr.as_str()), (22, "curl: (22) The requested URL returned error: 404\n"));
    assert_eq!(lab.root("curl -s -o /dev/null -w '%{http_code}' https://install.yunohost.org/nothing").stdout, "404");
    let output = lab.root("curl -sS https://nowhere.example/");
    assert_eq!((output.exit, output.stderr.as_str()), (6, "curl: (6) Could not resolve host: nowhere.example\n"));
    assert_eq!(lab.root("curl -s http://127.0.0.1/; echo $?").stdout, "7\n");
    assert!(lab.root("wget -qO- https://install.yunohost.org/bookworm").stdout.starts_with("#!/bin/bash"));
    assert_eq!(
        lab.root("curl -s --http3 https://install.yunohost.org/bookworm").stderr,
        "lab: curl: option --http3 is not simulated\n"
    );
}

#[test]
fn ping_needs_a_name_and_an_uplink() {
    let mut lab = Lab::booted();
    assert_eq!(
        lab.root("ping -c 1 yunohost.org > /dev/null; echo $?; ping -c 1 nowhere.example 2>/dev/null; echo $?").stdout,
        "0\n2\n"
    );
    lab.machine.has_uplink = false;
    assert_eq!(lab.root("ping -c 1 -W 1 203.0.113.9 > /dev/null; echo $?").stdout, "1\n");
}

#[test]
fn the_environment_is_that_of_the_account() {
    assert_eq!(
        printed("env A=1 sh -c 'echo $A'; env -i sh -c 'echo [$B]'; env nope"),
        "1\n[]\nenv: ‘nope’: No such file or directory\n"
    );
    assert_eq!(
        printed("export X=1; sudo -n sh -c 'echo [$X]'; sudo -n Y=2 sh -c 'echo $Y'; date -u -d @0 +%Y-%m-%d"),
        "[]\n2\n1970-01-01\n"
    );
}

#[test]
fn the_digest_tells_what_was_decided_and_not_what_happened() {
    let (mut one, mut other) = (Lab::booted(), Lab::booted());
    other.pass_seconds(5000);
    other.root("echo noise > /var/log/x; echo noise > /tmp/x; sleep 3");
    assert_eq!(one.machine.digest_view(), other.machine.digest_view());
    one.root("mkdir -p /var/lib/accolades; echo decided > /var/lib/accolades/x");
    assert_ne!(one.machine.digest_view(), other.machine.digest_view());
}
