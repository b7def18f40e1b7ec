//! A technician at the keyboard: the real binary in a folder of its own, on a lab in this process.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use accolades::inventory;
use accolades::lab::net::serve::Served;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::rehearsal::{publish_dns, serve_inventory, small_files, write_private};

/// Serial number of the backup disk in [`small_files`].
pub const DISK_SERIAL: &str = "ST2000LM0-0000002";

/// Password of the administrator of the backup server in [`small_files`].
pub const SERVER_PASSWORD: &str = accolades::demo::world::ROOT_PASSWORD;

/// The technician's folder, and the world that the program works on.
pub struct Technician {
    pub served: Served,
    folder: TempDir,
}

/// What a command said.
pub struct Said {
    pub status: ExitStatus,
    /// Standard output, then standard error.
    pub text: String,
}

impl Technician {
    /// With the small inventory, records published, nothing accepted.
    pub async fn new(seed: u64) -> Technician {
        let (served, files) = serve_inventory(&small_files(), seed, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in &files {
            let path = folder.path().join("inventory").join(path);
            std::fs::create_dir_all(path.parent().expect("inside of the inventory")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        write_private(&folder.path().join("identity"), served.endpoints.technician_key.as_bytes());
        let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        publish_dns(&served.lab, &inventory);
        Technician { served, folder }
    }

    /// A file of the technician's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The URL of the store.
    pub fn store(&self) -> String {
        format!("sqlite:{}", self.path("accolades.sqlite").display())
    }

    /// Makes the backup server ready; `more` goes behind each command.
    pub async fn prepare_server(&self, more: &[&str]) {
        self.must(&[&["secret", "set", "backup-server/grange/admin"], more].concat(), SERVER_PASSWORD).await;
        self.must(&[&["backup-server", "prepare", "grange"], more].concat(), "").await;
    }

    /// Gives a command, without waiting for its end.
    pub async fn start(&self, arguments: &[&str], stdin: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accolades"));
        command.current_dir(self.folder.path()).args(arguments).args(["--yes", "--identity", "identity"]);
        // Only what the test says, nothing of the environment.
        command.env_clear().env("USER", "nadia").env("HOME", self.folder.path());
        command.env("ACCOLADES_CLOCK", &self.served.endpoints.clock);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary runs");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(stdin.as_bytes()).await.expect("it reads its input");
        child
    }

    /// Gives a command and hears it out.
    pub async fn run(&self, arguments: &[&str], stdin: &str) -> Said {
        said(self.start(arguments, stdin).await).await
    }

    /// A command that has to go well.
    pub async fn must(&self, arguments: &[&str], stdin: &str) -> String {
        let said = self.run(arguments, stdin).await;
        assert!(said.status.success(), "{arguments:?} ended with {}\n{}", said.status, said.text);
        said.text
    }
}

/// Hears a command out.
pub async fn said(child: Child) -> Said {
    let output = child.wait_with_output().await.expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Said { status: output.status, text }
}

/// The files that a store consists of, without its key.
pub fn store_files(technician: &Technician) -> Vec<PathBuf> {
    let is_store = |path: &Path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        name.starts_with("accolades.sqlite") && !name.ends_with(".key")
    };
    let entries = std::fs::read_dir(technician.path(".")).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| is_store(path)).collect()
}
