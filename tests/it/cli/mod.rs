//! Golden sessions: the real binary in a folder of its own, with a SQLite store and no network.

mod accounts;
mod backups;
pub mod clock;
mod golden;
mod key;
mod lab;
mod reference;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// Monday 23 November 2026, nine o'clock in Paris: everybody of the example is there.
pub const NOW_US: i64 = 1_795_420_800_000_000;

/// A technician's folder with the example inventory.
pub struct Desk {
    folder: TempDir,
    clock: String,
}

/// What a command answered.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
        copy(&example, &folder.path().join("inventory"));
        Desk { folder, clock: clock::standing_at(NOW_US) }
    }

    /// A desk whose inventory is accepted.
    pub fn accepted() -> Desk {
        let desk = Desk::new();
        assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
        desk
    }

    /// Lets time pass: every command after this sees that instant.
    pub fn move_to(&mut self, instant: &str) {
        let instant: jiff::Timestamp = instant.parse().expect("an instant");
        self.clock = clock::standing_at(instant.as_microsecond());
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.path(file);
        let text = std::fs::read_to_string(&path).expect("an inventory file");
        assert!(text.contains(old), "`{file}` does not contain `{old}`");
        std::fs::write(path, text.replacen(old, new, 1)).expect("writable");
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accolades"));
        command.current_dir(self.folder.path()).args(arguments).write_stdin(stdin);
        // Only what the test says, nothing of the environment.
        command.env_clear().env("USER", "nadia").env("HOME", self.folder.path()).env("ACCOLADES_CLOCK", &self.clock);
        let output = command.output().expect("the binary runs");
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).expect("text").replace(&self.folder.path().display().to_string(), "DESK")
        };
        Answer {
            code: output.status.code().expect("not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// A session as a technician would see it: commands, what they print, and exit codes other than 0.
    pub fn session(&self, commands: &[&[&str]]) -> String {
        let mut shown = String::new();
        for arguments in commands {
            let answer = self.run(arguments);
            shown.push_str(&format!("$ accolades {}\n{}{}", arguments.join(" "), answer.stderr, answer.stdout));
            if answer.code != 0 {
                shown.push_str(&format!("[exit {}]\n", answer.code));
            }
            shown.push('\n');
        }
        shown
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// Every run of a test sees the same instant, so that sessions can be compared whole.
pub fn assert_session(name: &str, session: &str) {
    insta::assert_snapshot!(name, session);
}
