//! The simulated apps, archives, tools, diagnosis, services and firewall against the recorded answers of the real
//! YunoHost.

use std::collections::BTreeMap;

use accolades::lab::os::{Exec, Machine, Output};
use accolades::lab::world::{Internet, Moment, Surroundings};
use accolades::lab::yunohost::tools::Upgradable;
use accolades::lab::yunohost::{self, Yunohost};
use serde_json::{Value, json};

use super::recorded_packages::{self, Packages};
use super::replay_yunohost::START;

/// Sessions that are played here.
const SESSIONS: &[&str] = &[
    "app-catalog",
    "app-install",
    "app-force-and-forms",
    "app-forms",
    "app-upgrade",
    "app-upgrade-many",
    "backups",
    "tools",
    "services-firewall",
    "diagnosis",
    "logs",
];

struct Server<'a> {
    machine: Machine,
    internet: Internet,
    now: Moment,
    packages: &'a Packages,
    versions: BTreeMap<String, String>,
}

impl<'a> Server<'a> {
    fn start(packages: &'a Packages, session: &str) -> Server<'a> {
        let internet = Internet { catalog_reachable: true, apps: packages.sources(), ..Internet::default() };
        let machine = Machine {
            hostname: "ynh".to_owned(),
            debian: 12,
            root_bytes: 40 << 30,
            yunohost: Some(Box::new(Yunohost::installed())),
            ..Machine::default()
        };
        let versions = packages.first_versions();
        let mut server = Server { machine, internet, now: START, packages, versions };
        packages.put_folders(&mut server.machine.files);
        let postinstall = "yunohost tools postinstall --domain alpage.test --username camille --fullname Camille~Dupont \
             --password Reblochon-2026-Savoie --ignore-dyndns --i-have-read-terms-of-services";
        let argv = postinstall.split_whitespace().map(|word| word.replace('~', " ")).collect();
        assert_eq!(server.exec(argv, BTreeMap::new()).exit, 0, "the post-installation");
        if session == "tools" {
            let ynh = server.machine.yunohost.as_mut().expect("YunoHost");
            ynh.tools.upgradable.push(Upgradable {
                name: "acco-demo".to_owned(),
                category: "misc utils and libs".to_owned(),
                current: "1.0".to_owned(),
                new: "1.1".to_owned(),
                source: "file:/srv/apt ./".to_owned(),
                size_bytes: 656,
            });
            for file in ["yarn.list", "extra_php_version.list"] {
                server.machine.files.remove(&format!("/etc/apt/sources.list.d/{file}"));
            }
        }
        server
    }

    fn exec(&mut self, argv: Vec<String>, mut env: BTreeMap<String, String>) -> Output {
        env.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        let exec = Exec { user: "root".to_owned(), argv, env, stdin: String::new() };
        let servers = Default::default();
        let around = Surroundings { seed: 1, now: self.now, internet: &self.internet, servers: &servers };
        let output = yunohost::run(&mut self.machine, &exec, around);
        self.now = self.now.plus_us(output.duration_us);
        output
    }

    /// Plays a step; `None` when it needs programs of the operating system.
    fn play(&mut self, step: &Value) -> Option<Output> {
        let argv: Vec<String> = serde_json::from_value(step["argv"].clone()).expect("words");
        match argv[0].as_str() {
            "yunohost" => {
                let env = step["env"].as_object().into_iter().flatten();
                let env = env.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
                Some(self.exec(argv, env))
            }
            "@world" => {
                for change in &argv[2..] {
                    let (id, version) = change.split_once('=').expect("id=version");
                    if version == "gone" {
                        self.versions.remove(id);
                    } else {
                        self.versions.insert(id.to_owned(), version.to_owned());
                    }
                }
                self.internet.apps.catalog = self.packages.catalog(&self.versions);
                Some(Output::default())
            }
            _ => self.shell(&argv[2]),
        }
    }

    /// The shell commands of these sessions that change files which later answers depend on.
    fn shell(&mut self, script: &str) -> Option<Output> {
        let files = &mut self.machine.files;
        match script {
            "mkdir -p /srv/copie /srv/pleine; touch /srv/pleine/x" => {
                files.make_folder("/srv/copie", 0o755, "root");
                files.write("/srv/pleine/x", "");
            }
            "rm /etc/nginx/conf.d/zz.conf" => {
                files.remove("/etc/nginx/conf.d/zz.conf");
            }
            _ if script.starts_with("head -c 300 /dev/urandom > ") => {
                files.write(&script["head -c 300 /dev/urandom > ".len()..], "\u{1}\u{2}");
            }
            _ if script.starts_with("printf \"#!/bin/bash") => files.write("/root/h.sh", "#!/bin/bash\nexit 3\n"),
            _ if script.starts_with("echo ") && script.contains('>') && !script.contains('|') => {
                for one in script.split("; ") {
                    let (text, path) = one.strip_prefix("echo ")?.split_once('>')?;
                    let text = format!("{}\n", text.trim().trim_matches('"'));
                    match path.strip_prefix('>') {
                        Some(path) => files.append(path.trim(), &text),
                        None => files.write(path.trim(), text),
                    }
                }
            }
            _ => return None,
        }
        Some(Output::default())
    }
}

/// The lines of an answer that can be compared: the extract of a log after a failed script is as long as its trace.
fn lines(text: &str) -> Vec<String> {
    let extract = |line: &&str| line.starts_with("INFO DEBUG - ") || line.starts_with("INFO INFO - ");
    text.trim_end().lines().filter(|line| !extract(line)).map(str::to_owned).collect()
}

/// Whether two lines say the same; `<...>` in the recorded one stands for anything.
fn same_line(wanted: &str, found: &str) -> bool {
    let json =
        |text: &str| serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || value.is_array());
    // A number whose place is held in quotes.
    if wanted.starts_with("\"<") && wanted.ends_with(">\"") && !found.starts_with('{') {
        return true;
    }
    match (json(wanted), json(found)) {
        (Some(wanted), Some(found)) => same_value(&wanted, &found),
        _ => same_text(wanted, found),
    }
}

fn same_text(wanted: &str, found: &str) -> bool {
    let mut pattern = String::from("^");
    let mut rest = wanted;
    while let Some((before, after)) = rest.split_once('<') {
        pattern.push_str(&regex::escape(before));
        match after.split_once('>').filter(|(name, _)| !name.contains(['"', '\'', '/', ':'])) {
            Some((_, after)) => {
                pattern.push_str(".*");
                rest = after;
            }
            None => {
                pattern.push('<');
                rest = after;
            }
        }
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    regex::Regex::new(&pattern).is_ok_and(|expression| expression.is_match(found))
}

/// Names whose values are random, of the recorder's machine, or (`diff`) of files that are not simulated word by word.
const OF_THE_MACHINE: &[&str] =
    &["diff", "mail_pwd", "virt", "debian_version", "available_percent", "free_percent", "free", "total", "available"];

fn same_value(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|(name, value)| {
                    let held = |other: &&String| !wanted.contains_key(*other) && same_text(name, other);
                    let known = || found.keys().find(held).and_then(|other| found.get(other));
                    let other = found.get(name).or_else(known);
                    other.is_some_and(|other| OF_THE_MACHINE.contains(&name.as_str()) || same_value(value, other))
                })
        }
        (Value::Array(wanted), Value::Array(found)) => {
            // Lists of groups and users have no order in the real program.
            let mut left: Vec<&Value> = found.iter().collect();
            wanted.len() == found.len()
                && wanted.iter().all(|value| {
                    let at = left.iter().position(|other| same_value(value, other));
                    at.map(|at| left.remove(at)).is_some()
                })
        }
        (Value::String(wanted), Value::String(found)) => same_text(wanted, found),
        (Value::String(wanted), _) if wanted.starts_with('<') && wanted.ends_with('>') => true,
        // A figure of the recorder's machine.
        (Value::Number(wanted), Value::Number(found)) => wanted == found || wanted.as_i64() == Some(7984),
        (wanted, found) => wanted == found,
    }
}

fn difference(title: &str, wanted: &str, found: &str) -> String {
    let (wanted, found) = (lines(wanted), lines(found));
    let mut text = String::new();
    for at in 0..wanted.len().max(found.len()) {
        let (one, other) = (wanted.get(at), found.get(at));
        if one.zip(other).is_some_and(|(one, other)| same_line(one, other)) {
            continue;
        }
        text.push_str(&format!("  {title} {at}\n"));
        for (sign, line) in [('-', one), ('+', other)] {
            text.extend(line.map(|line| format!("    {sign} {line}\n")));
        }
    }
    text
}

/// Whether a recorded text and an answer say the same.
pub fn alike(wanted: &str, found: &str) -> bool {
    difference("", wanted, found).is_empty()
}

#[test]
fn replay_yunohost_apps_as_recorded() {
    let Some(all) = recorded_packages::recording() else { return };
    let packages = Packages::of_contracts().expect("the recording was just read");
    let steps = &all[1..];
    let (mut right, mut uncovered, mut wrong) = (0, 0, Vec::new());
    for session in SESSIONS {
        let mut server = Server::start(&packages, session);
        for step in steps.iter().filter(|step| step["session"] == *session) {
            let Some(output) = server.play(step).filter(|output| !output.stderr.contains("not simulated in the lab"))
            else {
                uncovered += 1;
                continue;
            };
            let mut text = difference("stdout", step["stdout"].as_str().unwrap_or_default(), &output.stdout);
            text.push_str(&difference("stderr", step["stderr"].as_str().unwrap_or_default(), &output.stderr));
            if step["exit"] != json!(output.exit) {
                text.push_str(&format!("  exit {} / {}\n", step["exit"], output.exit));
            }
            if text.is_empty() {
                right += 1;
            } else {
                wrong.push(format!("{session}/{} {}\n{text}", step["step"], step["argv"]));
            }
        }
    }
    println!("{right} right, {uncovered} not covered, {} wrong", wrong.len());
    let shown: usize = std::env::var("REPLAY_SHOWN").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let first: Vec<&str> = wrong.iter().take(shown).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} steps differ ({right} right), the first:\n{}", wrong.len(), first.join("\n"));
}
