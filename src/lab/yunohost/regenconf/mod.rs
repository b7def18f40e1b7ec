//! Configuration files that YunoHost writes: what it would write, what it wrote, and what somebody changed since.
//!
//! `tools regen-conf` shows this; adding a domain or changing a setting runs it for some categories.

mod generated;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Yunohost;
use super::reply::Line;
use super::state::fingerprint;
use super::words::Speech;
use crate::os::{Files, Machine};

pub use generated::{CATEGORIES, SSHD_CONFIG, files_of};

/// What was written last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegenConf {
    /// Fingerprint of each managed file as YunoHost wrote it, by path.
    pub written: BTreeMap<String, String>,
    /// Files that wait because somebody changed them, by category.
    pub pending: Vec<(String, Vec<String>)>,
}

/// How to regenerate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Overwrites what was changed by hand.
    pub force: bool,
    /// Changes nothing.
    pub dry_run: bool,
}

/// What regenerating did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Regenerated {
    /// What was said.
    pub lines: Vec<Line>,
    /// What `tools regen-conf` returns: `{category: {applied: {path: {status}}, pending: {...}}}`.
    pub result: Map<String, Value>,
}

/// What becomes of one file.
enum Fate {
    UpToDate,
    Applied(&'static str),
    Pending(&'static str),
}

/// The port that the SSH server's configuration names: the firewall reads it there, not in the settings.
pub fn sshd_port(files: &Files) -> String {
    let text = files.read(SSHD_CONFIG).unwrap_or_default();
    let port = text.lines().find_map(|line| line.strip_prefix("Port ")).unwrap_or("22");
    port.trim().to_owned()
}

/// Regenerates these categories (all when none is named).
pub fn regenerate(machine: &mut Machine, names: &[&str], options: Options, speech: Speech) -> Regenerated {
    let mut done = Regenerated::default();
    let Machine { files, yunohost: Some(yunohost), .. } = machine else { return done };
    for category in CATEGORIES.iter().filter(|category| names.is_empty() || names.contains(category)) {
        let force = options.force && !spared(category, names, files, yunohost, &mut done.lines, speech);
        let mut regeneration =
            Regeneration { category, files, yunohost, options: Options { force, ..options }, speech, done: &mut done };
        regeneration.run();
    }
    done
}

/// SSH changed by hand is spared even by force unless it is named.
fn spared(
    category: &str,
    names: &[&str],
    files: &Files,
    yunohost: &Yunohost,
    lines: &mut Vec<Line>,
    speech: Speech,
) -> bool {
    let written = yunohost.regenconf.written.get(SSHD_CONFIG);
    let changed = files.read(SSHD_CONFIG).map(fingerprint).as_ref() != written;
    let spared = category == "ssh" && names.is_empty() && written.is_some() && changed;
    if spared {
        lines.push(Line::Warning(speech.say("regenconf_name_ssh", &[])));
    }
    spared
}

struct Regeneration<'a> {
    category: &'a str,
    files: &'a mut Files,
    yunohost: &'a mut Yunohost,
    options: Options,
    speech: Speech,
    done: &'a mut Regenerated,
}

impl Regeneration<'_> {
    fn run(&mut self) {
        let (mut applied, mut pending) = (Map::new(), Map::new());
        for (path, content) in generated::files_of(self.category, self.yunohost) {
            match self.settle(&path, content) {
                Fate::UpToDate => {}
                Fate::Applied(status) => {
                    applied.insert(path, json!({ "status": status }));
                }
                Fate::Pending(status) => {
                    pending.insert(path, json!({ "status": status }));
                }
            }
        }
        self.yunohost.regenconf.pending.retain(|(category, _)| category != self.category);
        if !pending.is_empty() {
            let paths = pending.keys().cloned().collect();
            self.yunohost.regenconf.pending.push((self.category.to_owned(), paths));
        }
        if applied.is_empty() && pending.is_empty() {
            return;
        }
        if pending.is_empty() {
            let key = if self.options.dry_run { "regenconf_would_be_updated" } else { "regenconf_updated" };
            self.done.lines.push(Line::Success(self.speech.say(key, &[("category", self.category)])));
        }
        let entry = json!({ "applied": applied, "pending": pending });
        self.done.result.insert(self.category.to_owned(), entry);
    }

    /// Decides about one file and does it. `None` as content: YunoHost wants the file away.
    fn settle(&mut self, path: &str, content: Option<String>) -> Fate {
        let written = self.yunohost.regenconf.written.get(path).cloned();
        let present = self.files.read(path).map(fingerprint);
        let Some(content) = content else {
            return match (written, present) {
                (None, _) => Fate::UpToDate,
                (Some(_), None) => {
                    self.forget(path);
                    Fate::Applied("removed")
                }
                (Some(_), Some(_)) if self.options.force => {
                    self.forget(path);
                    if !self.options.dry_run {
                        self.files.remove(path);
                    }
                    Fate::Applied("force-removed")
                }
                // Recorded for every file that ought to go: it counts as changed by hand.
                (Some(_), Some(_)) => self.refuse(path),
            };
        };
        let wanted = fingerprint(&content);
        let volatile = generated::is_volatile(path);
        match (written, present) {
            (Some(written), Some(present)) if present == wanted && !volatile => {
                if written != wanted && !self.options.dry_run {
                    self.yunohost.regenconf.written.insert(path.to_owned(), wanted);
                }
                Fate::UpToDate
            }
            (Some(written), Some(present)) if present == written => self.write(path, content, "updated"),
            (Some(_), Some(_)) if self.options.force => self.write(path, content, "force-updated"),
            (Some(_), Some(_)) => self.refuse(path),
            (Some(_), None) if self.options.force => self.write(path, content, "force-created"),
            (Some(_), None) => {
                let text = self.speech.say("regenconf_removed_by_hand", &[("path", path)]);
                self.done.lines.push(Line::Info(text));
                Fate::Pending("removed")
            }
            (None, present) => {
                if present.is_some() || generated::is_packaged(path) {
                    let names = [("path", path), ("category", self.category)];
                    self.done.lines.push(Line::Info(self.speech.say("regenconf_now_managed", &names)));
                }
                self.write(path, content, "created")
            }
        }
    }

    fn write(&mut self, path: &str, content: String, status: &'static str) -> Fate {
        if !self.options.dry_run {
            self.yunohost.regenconf.written.insert(path.to_owned(), fingerprint(&content));
            let (mode, owner) = generated::protection(path);
            self.files.create(path, mode, owner, content);
        }
        Fate::Applied(status)
    }

    fn forget(&mut self, path: &str) {
        if !self.options.dry_run {
            self.yunohost.regenconf.written.remove(path);
        }
    }

    fn refuse(&mut self, path: &str) -> Fate {
        let text = self.speech.say("regenconf_changed_by_hand", &[("path", path)]);
        self.done.lines.push(Line::Warning(text));
        Fate::Pending("modified")
    }
}
