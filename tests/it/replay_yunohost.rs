//! The simulated YunoHost against the recorded answers of the real one (`yunohost/recorded/yunohost-cli.jsonl`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolades::lab::os::{self, Exec, Machine, Output};
use accolades::lab::world::{Internet, Moment, Surroundings};
use accolades::lab::yunohost::{self, Yunohost, lock};
use serde::Deserialize;

use super::contracts;
use super::recorded_packages::Packages;
use super::replay_yunohost_apps::alike;

/// Sessions that must be answered in full.
const SESSIONS: &[&str] = &[
    "bare-refusals",
    "postinstall-right-and-wrong",
    "postinstall-small-disk",
    "postinstall-no-catalog",
    "postinstall-own-sshd",
    "ssh-access",
    "domains",
    "users",
    "user-import",
    "user-import-25",
    "groups-permissions",
    "settings",
    "lock",
    "arguments-and-output",
    "passwords",
    "sudo-and-roles",
    "relay",
    "ssh-port",
];

/// Steps that are answered as recorded; what is not covered must not become more unseen.
const RIGHT_AT_LEAST: usize = 562;

/// 2026-11-02T08:00:00Z.
pub(crate) const START: Moment = Moment(1_793_606_400_000_000);

#[derive(Deserialize)]
struct Step {
    session: String,
    step: u32,
    argv: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, Option<String>>,
    #[serde(default)]
    stdin: String,
    exit: i32,
    stdout: String,
    stderr: String,
    #[serde(default)]
    background: bool,
    duration_ms: u64,
}

/// A server with its surroundings, as a session finds it.
pub(crate) struct Server {
    pub(crate) machine: Machine,
    pub(crate) internet: Internet,
    now: Moment,
    next_pid: u32,
}

impl Server {
    pub(crate) fn bare() -> Server {
        let machine = Machine {
            hostname: "ynh".to_owned(),
            debian: 12,
            root_bytes: 40 << 30,
            yunohost: Some(Box::new(Yunohost::installed())),
            ..Machine::default()
        };
        let internet = Internet { catalog_reachable: true, ..Internet::default() };
        let mut server = Server { machine, internet, now: START, next_pid: 4000 };
        if let Some(packages) = Packages::of_contracts() {
            server.internet.apps = packages.sources();
            packages.put_folders(&mut server.machine.files);
        }
        server
    }

    pub(crate) fn start(session: &str) -> Server {
        let mut server = Server::bare();
        match session {
            "bare-refusals" | "postinstall-right-and-wrong" | "postinstall-no-catalog" | "postinstall-own-sshd" => {}
            "postinstall-small-disk" => server.machine.root_bytes = 4 << 30,
            _ => {
                let output = server.run(
                    "yunohost tools postinstall --domain alpage.test --username camille \
                    --fullname Camille~Dupont --password Reblochon-2026-Savoie --ignore-dyndns \
                    --i-have-read-terms-of-services",
                );
                assert_eq!(output.exit, 0, "{}", output.stderr);
            }
        }
        server
    }

    /// Runs words separated by blanks; `~` stands for a blank within one.
    pub(crate) fn run(&mut self, words: &str) -> Output {
        let argv = words.split_whitespace().map(|word| word.replace('~', " ")).collect();
        self.exec("root", argv, BTreeMap::new(), String::new())
    }

    pub(crate) fn exec(
        &mut self,
        user: &str,
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        stdin: String,
    ) -> Output {
        let exec = Exec { user: user.to_owned(), argv, env, stdin };
        let servers = Default::default();
        let around = Surroundings { seed: 1, now: self.now, internet: &self.internet, servers: &servers };
        let output = yunohost::run(&mut self.machine, &exec, around);
        self.now = self.now.plus_us(output.duration_us);
        output
    }

    /// Plays a step; `None` when it needs programs that are not here.
    fn play(&mut self, step: &Step) -> Option<Output> {
        let words: Vec<&str> = step.argv.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["yunohost", ..] if step.background => Some(self.in_background(step)),
            ["yunohost", ..] => {
                let mut env = BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".to_owned())]);
                for (name, value) in &step.env {
                    match value {
                        Some(value) => env.insert(name.clone(), value.clone()),
                        None => env.remove(name),
                    };
                }
                Some(self.exec("root", step.argv.clone(), env, step.stdin.clone()))
            }
            ["runuser", "-u", user, "--", "yunohost", ..] => {
                Some(self.exec(user, step.argv[4..].to_vec(), BTreeMap::new(), String::new()))
            }
            ["@world", "catalog-down"] => {
                self.internet.catalog_reachable = false;
                Some(Output::default())
            }
            ["@world", "catalog-up"] => {
                self.internet.catalog_reachable = true;
                Some(Output::default())
            }
            ["sh", "-c", script] => self.sh(script, &step.stdin).or_else(|| self.through_system(step)),
            _ => self.through_system(step),
        }
    }

    /// Runs other programs on the simulated system. This server is made by hand, without the packages and services of a
    /// real installation: what answers otherwise than recorded has no effect and is counted as not covered.
    fn through_system(&mut self, step: &Step) -> Option<Output> {
        let before = self.machine.clone();
        let env = BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".to_owned())]);
        let exec = Exec { user: "root".to_owned(), argv: step.argv.clone(), env, stdin: step.stdin.clone() };
        let servers = Default::default();
        let around = Surroundings { seed: 1, now: self.now, internet: &self.internet, servers: &servers };
        let output = os::run(&mut self.machine, &exec, around);
        if !matches(step, &output) {
            self.machine = before;
            return None;
        }
        self.now = self.now.plus_us(output.duration_us);
        Some(output)
    }

    /// What takes effect at its end is run at once; the lock is held for as long as it takes.
    fn in_background(&mut self, step: &Step) -> Output {
        let started = self.now;
        let output = self.exec("root", step.argv.clone(), BTreeMap::new(), String::new());
        let until = started.plus_us(step.duration_ms * 1000);
        self.now = started;
        self.next_pid += 1;
        lock::hold(&mut self.machine, self.next_pid, until);
        output
    }

    /// The few shell commands of these sessions that this room can answer.
    fn sh(&mut self, script: &str, stdin: &str) -> Option<Output> {
        let out = |stdout: String| Some(Output { stdout, ..Output::default() });
        if let Some(path) = script.strip_prefix("cat > ") {
            self.machine.files.write(path, stdin);
            return out(String::new());
        }
        if script.starts_with("sleep 300 &") {
            self.machine.files.make_folder("/proc/4242", 0o555, "root");
            self.machine.files.write(lock::PATH, "4242\n");
            return out(String::new());
        }
        if script.starts_with("kill $(cat") {
            self.machine.files.remove("/proc/4242");
            self.machine.files.remove(lock::PATH);
            return out(String::new());
        }
        if let Some((text, path)) = script.split_once(" > ")
            && let Some(text) = text.strip_prefix("echo ").map(|text| format!("{text}\n")).or_else(|| printed(text))
        {
            self.machine.files.write(path, text);
            return out(String::new());
        }
        if let Some(path) = script.strip_prefix("ls ").and_then(|rest| rest.strip_suffix(" 2>&1"))
            && path.starts_with('/')
        {
            let exists = self.machine.files.exists(path);
            let missing = format!("ls: cannot access '{path}': No such file or directory\n");
            return Some(Output {
                exit: if exists { 0 } else { 2 },
                stdout: if exists { format!("{path}\n") } else { missing },
                ..Output::default()
            });
        }
        if script == "ls /home | sort" {
            return out(self.machine.files.list("/home").iter().map(|name| format!("{name}\n")).collect());
        }
        if let Some(user) = script.strip_prefix("id -nG ").filter(|rest| !rest.contains(' ')) {
            let yunohost = self.machine.yunohost.as_ref()?;
            return out(format!("{}\n", yunohost.groups_seen_by_system(user).join(" ")));
        }
        None
    }
}

fn printed(command: &str) -> Option<String> {
    match command {
        ":" => Some(String::new()),
        _ => Some(command.strip_prefix("printf ")?.trim_matches('\'').replace("\\n", "\n")),
    }
}

/// Makes recorded and simulated text comparable: placeholders for what differs between runs, order taken out of what
/// has none in the real program.
fn normalised(text: &str) -> String {
    let mut lines: Vec<String> = text.trim_end().lines().map(normalised_line).collect();
    // The order of e-mail aliases is no order.
    let is_alias = |line: &String| line.starts_with("INFO The email alias '");
    if lines.iter().any(is_alias) {
        let mut aliases: Vec<String> = lines.iter().filter(|line| is_alias(line)).cloned().collect();
        aliases.sort();
        let mut sorted = aliases.into_iter();
        for line in lines.iter_mut().filter(|line| is_alias(line)) {
            if let Some(next) = sorted.next() {
                *line = next;
            }
        }
    }
    // Lists of people in the form for people.
    let is_item = |line: &String| line.trim_start().starts_with("- ") && line.starts_with("      ");
    let mut at = 0;
    while at < lines.len() {
        let end = (at..lines.len()).find(|index| !is_item(&lines[*index])).unwrap_or(lines.len());
        lines[at..end].sort();
        at = end.max(at + 1);
    }
    lines.join("\n")
}

fn normalised_line(line: &str) -> String {
    if let Ok(mut value) = serde_json::from_str::<serde_json::Value>(line) {
        unorder(&mut value);
        return mask(&value.to_string());
    }
    mask(line)
}

/// Sorts the lists and keys whose order changes between runs of the real program.
fn unorder(value: &mut serde_json::Value) {
    let Some(fields) = value.as_object_mut() else {
        if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(unorder);
        }
        return;
    };
    for (name, value) in fields.iter_mut() {
        unorder(value);
        if matches!(name.as_str(), "last_apt_update" | "last_apps_catalog_update" | "timestamp" | "diff") {
            *value = serde_json::Value::Null;
        }
        let people = matches!(name.as_str(), "members" | "mail-aliases" | "allowed" | "permissions");
        if let Some(items) = value.as_array_mut().filter(|_| people) {
            items.sort_by_key(ToString::to_string);
        }
    }
    if fields.values().all(|value| value.get("url").is_some() || value.is_string() && !fields.contains_key("value")) {
        fields.sort_keys();
    }
}

/// Log names, public keys, addresses in memory, milliseconds.
fn mask(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("20") {
        let candidate: String = rest[at..].chars().take(15).collect();
        text.push_str(&rest[..at]);
        let is_stamp = candidate.len() == 15
            && candidate.chars().enumerate().all(|(i, c)| if i == 8 { c == '-' } else { c.is_ascii_digit() });
        if is_stamp {
            text.push_str("<stamp>");
            rest = &rest[at + 15..];
        } else {
            text.push_str("20");
            rest = &rest[at + 2..];
        }
    }
    text.push_str(rest);
    for (start, end, name) in
        [("k=rsa; p=", '\\', "<dkim>"), ("k=rsa; p=", '"', "<dkim>"), ("object at 0x", '>', "<address>")]
    {
        let mut from = 0;
        while let Some(at) = text[from..].find(start).map(|at| from + at + start.len()) {
            let length = text[at..].find(end).unwrap_or(0);
            text.replace_range(at..at + length, name);
            from = at + name.len();
        }
    }
    let timed = text.split_once(' ').filter(|(first, rest)| {
        (first.bytes().all(|b| b.is_ascii_digit()) || *first == "<ms>")
            && !first.is_empty()
            && (rest.contains("DEBUG") || rest.contains("SUCCESS"))
    });
    if let Some((_, rest)) = timed {
        text = format!("<ms> {}", rest.trim_start());
        if text.contains("DEBUG action executed in") {
            text = "<ms> DEBUG action executed in <s>s".to_owned();
        }
        if text.contains("DEBUG loading python module") {
            text = text.split(" took ").next().unwrap_or_default().to_owned();
        }
    }
    text
}

#[derive(Default)]
struct Score {
    right: usize,
    uncovered: Vec<String>,
    wrong: Vec<String>,
}

fn play_session(session: &str, steps: &[&Step], score: &mut Score) {
    let mut server = Server::start(session);
    let mut absent: Vec<&str> = Vec::new();
    for step in steps {
        let name = format!("{session}/{} {}", step.step, step.argv.join(" "));
        // What speaks of an app that could not be installed, or a port that could not be opened, cannot be compared.
        if absent.iter().any(|what| [&step.stdout, &step.stderr, &name].iter().any(|text| text.contains(what))) {
            score.uncovered.push(name);
            continue;
        }
        let Some(output) = server.play(step) else {
            score.uncovered.push(name);
            continue;
        };
        // The recorder's own packages are not in the lab's catalogue.
        let strange = output.stderr == "ERROR Unknown app\n" && step.stderr != output.stderr;
        if strange || output.stderr.contains("not simulated in the lab") {
            if let [_, category, verb, what, ..] = step.argv.as_slice()
                && matches!((category.as_str(), verb.as_str()), ("app", "install") | ("firewall", "open"))
            {
                absent.push(what);
            }
            score.uncovered.push(name);
            continue;
        }
        if matches(step, &output) {
            score.right += 1;
        } else {
            let found = (output.exit, normalised(&output.stdout), normalised(&output.stderr));
            let wanted = (step.exit, normalised(&step.stdout), normalised(&step.stderr));
            score.wrong.push(format!("{name}\n{}", difference(&wanted, &found)));
        }
    }
}

/// Whether an answer is the recorded one, but for what differs between runs of the real program.
fn matches(step: &Step, output: &Output) -> bool {
    let same = |recorded: &str, found: &str| normalised(recorded) == normalised(found) || alike(recorded, found);
    step.exit == output.exit && same(&step.stdout, &output.stdout) && same(&step.stderr, &output.stderr)
}

fn difference(wanted: &(i32, String, String), found: &(i32, String, String)) -> String {
    let mut text = format!("  exit {} / {}\n", wanted.0, found.0);
    for (title, wanted, found) in [("stdout", &wanted.1, &found.1), ("stderr", &wanted.2, &found.2)] {
        if wanted == found {
            continue;
        }
        let _ = writeln!(text, "  {title}:");
        let (wanted, found): (Vec<&str>, Vec<&str>) = (wanted.lines().collect(), found.lines().collect());
        for at in 0..wanted.len().max(found.len()) {
            match (wanted.get(at), found.get(at)) {
                (one, other) if one == other => {}
                (one, other) => {
                    let _ = one.map(|line| writeln!(text, "    - {line}"));
                    let _ = other.map(|line| writeln!(text, "    + {line}"));
                }
            }
        }
    }
    text
}

#[test]
fn replay_yunohost_answers_as_recorded() {
    let Some(contracts) = contracts::folder() else { return };
    let text = std::fs::read_to_string(contracts.join("yunohost/recorded/yunohost-cli.jsonl")).expect("readable");
    let steps: Vec<Step> =
        text.lines().skip(1).map(|line| serde_json::from_str(line).expect("one step per line")).collect();
    let mut score = Score::default();
    for session in SESSIONS {
        let steps: Vec<&Step> = steps.iter().filter(|step| step.session == *session).collect();
        play_session(session, &steps, &mut score);
    }
    println!("{} right, {} not covered, {} wrong", score.right, score.uncovered.len(), score.wrong.len());
    score.uncovered.iter().for_each(|name| println!("not covered: {name}"));
    let shown: usize = std::env::var("REPLAY_SHOWN").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let first: Vec<&str> = score.wrong.iter().take(shown).map(String::as_str).collect();
    assert!(score.right >= RIGHT_AT_LEAST, "fewer steps are covered than there were: {}", score.right);
    assert!(score.wrong.is_empty(), "{} steps differ, the first:\n{}", score.wrong.len(), first.join("\n"));
}
