//! The shell, rule by rule. Commands run over SSH as root on a fresh guest, so the shell is bash.

use crate::os::testing::{Lab, printed};

#[test]
fn quoting_keeps_words_together() {
    assert_eq!(printed(r#"printf '<%s>' a\ b 'c  d' "e  f" "" "\$x""#), "<a b><c  d><e  f><><$x>");
}

#[test]
fn variables_split_only_without_quotes() {
    assert_eq!(printed(r#"x='a  b'; printf '<%s>' $x "$x" ${x} "${y:-none}""#), "<a><b><a  b><a><b><none>");
    assert_eq!(printed("x=1; export y=2; sh -c 'echo \"[$x$y]\"'"), "[2]\n");
    assert_eq!(printed("z=3 sh -c 'echo $z'; echo \"[$z]\""), "3\n[]\n");
}

#[test]
fn positional_arguments_reach_the_script() {
    assert_eq!(printed("sh -c 'printf \"<%s>\" \"$@\" $# \"$0\"' name 'a b' c"), "<a b><c><2><name>");
    assert_eq!(printed("sh -c 'printf \"<%s>\" x \"$@\"'"), "<x>");
    assert_eq!(printed("sh -c 'shift; echo $1' n a b"), "b\n");
}

#[test]
fn substitution_drops_final_newlines_and_runs_apart() {
    assert_eq!(printed("x=$(echo one; echo two; cd /tmp); echo \"$x\"; pwd"), "one\ntwo\n/root\n");
    assert_eq!(printed("x=$(false) || echo failed"), "failed\n");
}

#[test]
fn pipelines_pass_text_and_return_the_last_status() {
    assert_eq!(printed("printf 'b\\na\\n' | sort | head -n 1"), "a\n");
    assert_eq!(printed("false | true; echo $?; ! true; echo $?; true | false; echo $?"), "0\n1\n1\n");
}

#[test]
fn redirections_go_where_they_say() {
    let mut lab = Lab::booted();
    let output = lab.root("{ echo out; ls /missing; } > /tmp/both 2>&1; echo more >> /tmp/both; cat < /tmp/both");
    assert_eq!(output.stdout, "out\nls: cannot access '/missing': No such file or directory\nmore\n");
    assert_eq!(lab.root("ls /missing 2>/dev/null; echo x >/dev/null; echo done").stdout, "done\n");
    assert_eq!(lab.root("echo oops >&2").stderr, "oops\n");
    assert_eq!(lab.root("echo x > /no/folder").stderr, "bash: line 1: /no/folder: No such file or directory\n");
}

#[test]
fn a_redirection_is_private_to_its_owner() {
    let mut lab = Lab::booted();
    lab.root("umask 077; echo secret > /root/key; chmod 755 /root");
    assert_eq!(lab.machine.files.entry("/root/key").map(|entry| entry.mode), Some(0o600));
    assert_eq!(lab.ssh("debian", "cat /root/key", "").stderr, "cat: /root/key: Permission denied\n");
    assert_eq!(lab.ssh("debian", "echo x > /etc/x", "").stderr, "bash: line 1: /etc/x: Permission denied\n");
}

#[test]
fn conditions_and_loops() {
    let script =
        "for x in 1 2 3; do if [ $x -eq 2 ]; then echo two; elif [ $x = 3 ]; then echo three; else echo one; fi; done";
    assert_eq!(printed(script), "one\ntwo\nthree\n");
    assert_eq!(printed("printf 'a b\\nc d\\n' | while read -r x y; do echo \"$y$x\"; done"), "ba\ndc\n");
    assert_eq!(printed("x=; until [ \"$x\" = iii ]; do x=${x}i; done; echo $x"), "iii\n");
    assert_eq!(printed("true && echo yes || echo no; false && echo yes || echo no"), "yes\nno\n");
}

#[test]
fn errexit_stops_but_not_in_conditions() {
    assert_eq!(printed("set -e; false || true; if false; then :; fi; ! true; echo here; false; echo never"), "here\n");
    let output = Lab::booted().root("set -eu; echo $undefined; echo never");
    assert_eq!((output.exit, output.stderr.as_str()), (127, "bash: line 1: undefined: unbound variable\n"));
}

#[test]
fn subshells_keep_their_changes_to_themselves() {
    assert_eq!(printed("x=1; (x=2; cd /tmp; exit 3); echo $? $x; pwd"), "3 1\n/root\n");
    assert_eq!(printed("{ x=2; }; echo $x"), "2\n");
}

#[test]
fn file_name_patterns_match_or_stay() {
    assert_eq!(printed("cd /tmp; touch b.x a.x .x; echo *.x; echo *.y '*.x'"), "a.x b.x\n*.y *.x\n");
}

#[test]
fn unknown_commands_are_worded_by_the_shell() {
    assert_eq!(printed("nope"), "bash: line 1: nope: command not found\n");
    assert_eq!(printed("sh -c nope"), "sh: 1: nope: not found\n");
    assert_eq!(printed("true\nnope"), "bash: line 2: nope: command not found\n");
    let output = Lab::booted().root("perl -e 1");
    assert_eq!((output.exit, output.stderr.as_str()), (127, "lab: perl is not simulated\n"));
}

#[test]
fn what_is_not_simulated_says_so() {
    for (script, feature) in [
        ("case x in x) :;; esac", "case"),
        ("f() { :; }", "functions"),
        ("cat <<END\nEND", "<<"),
        ("echo `date`", "backquotes"),
        ("[[ -n x ]]", "[["),
        ("eval true", "eval"),
        ("ls & true", "& after anything but sleep"),
        ("echo ${x#y}", "this kind of ${…}"),
    ] {
        let output = Lab::booted().root(script);
        let expected = format!("lab: shell feature not simulated: {feature}\n");
        assert_eq!((output.exit, output.stderr.as_str()), (2, expected.as_str()), "{script}");
    }
    assert_eq!(printed("trap 'rm x' EXIT; echo on"), "on\nlab: shell feature not simulated: trap (ignored)\n");
}

#[test]
fn a_sleep_in_the_background_lives_until_it_is_killed() {
    let mut lab = Lab::booted();
    lab.root("sleep 300 & echo $! > /tmp/pid");
    assert_eq!(lab.root("kill -0 $(cat /tmp/pid) && ls -d /proc/$(cat /tmp/pid) | wc -l").stdout, "1\n");
    lab.root("kill $(cat /tmp/pid)");
    assert_eq!(lab.root("kill -0 $(cat /tmp/pid)").exit, 1);
}

#[test]
fn scripts_run_from_files_with_their_rights() {
    let mut lab = Lab::booted();
    lab.ssh("root", "cat > /usr/local/bin/hello", "#!/bin/sh\n# greets\necho \"hello $1\" # done\nexit 3\n");
    let denied = lab.root("/usr/local/bin/hello");
    assert_eq!((denied.exit, denied.stderr.as_str()), (126, "/usr/local/bin/hello: Permission denied\n"));
    let output = lab.root("chmod 755 /usr/local/bin/hello; /usr/local/bin/hello you; echo $?");
    assert_eq!(output.stdout, "hello you\n3\n");
    assert_eq!(lab.root("sh /usr/local/bin/hello me").stdout, "hello me\n");
    assert_eq!(lab.ssh("root", "bash -s -- us", "echo $1").stdout, "us\n");
}

#[test]
fn time_passes_while_commands_work() {
    let mut lab = Lab::booted();
    let output = lab.root("date +%s; sleep 90; (sleep 1m); date +%s");
    let seconds: Vec<i64> = output.stdout.lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(seconds[1] - seconds[0], 150);
    assert_eq!(output.duration_us, 150_000_000);
}
