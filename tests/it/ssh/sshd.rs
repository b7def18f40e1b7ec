//! A real sshd on the loopback, run as the present user with keys made for the test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use accolades::ssh::{Address, HostKey, Identity, JumpHost, Login, Route, Session};
use accolades::util::redact::Redactor;
use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// Ports tried before giving up: another test may take the one that was free a moment ago.
const PORT_TRIES: u32 = 20;

pub struct Sshd {
    pub folder: TempDir,
    pub port: u16,
    pub user: String,
    child: Child,
}

impl Sshd {
    pub fn start() -> Sshd {
        Sshd::start_with("")
    }

    /// Starts with further lines of configuration.
    pub fn start_with(configuration: &str) -> Sshd {
        assert!(
            Path::new(SSHD).exists(),
            "{SSHD} is missing: these tests need Debian's SSH server (`apt-get install openssh-server`)"
        );
        let folder = tempfile::tempdir().unwrap();
        for name in ["host", "client", "stranger"] {
            make_key(&folder.path().join(name));
        }
        fs::copy(folder.path().join("client.pub"), folder.path().join("authorized_keys")).unwrap();
        let user = output("id", &["-un"]);
        if user == "root" {
            // The daemon insists on it when it runs as root; its service unit makes it otherwise.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let (child, port) = (0..PORT_TRIES)
            .find_map(|_| launch(folder.path(), configuration))
            .expect("sshd listens on one of the ports tried");
        Sshd { folder, port, user, child }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn host_key(&self) -> HostKey {
        fs::read_to_string(self.path("host.pub")).unwrap().parse().unwrap()
    }

    pub fn login(&self) -> Login {
        Login {
            address: Address { host: "127.0.0.1".to_owned(), port: self.port },
            route: Route::Direct,
            user: self.user.clone(),
            identity: Identity::KeyFile(self.path("client")),
            host_key: self.host_key(),
        }
    }

    pub fn jump_host(&self, route: Route) -> Arc<JumpHost> {
        Arc::new(JumpHost::new(Login { route, ..self.login() }, redactor()))
    }

    pub async fn session(&self) -> Session {
        Session::open(self.login(), redactor()).await.unwrap()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It has ended already when the test asked it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::default())
}

pub fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Starts it and waits until it says that it listens; `None` when the port was taken.
fn launch(folder: &Path, configuration: &str) -> Option<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = folder.join("sshd_config");
    let text = format!(
        "ListenAddress 127.0.0.1\n\
         HostKey {folder}/host\n\
         AuthorizedKeysFile {folder}/authorized_keys\n\
         PidFile none\n\
         StrictModes no\n\
         UsePAM no\n\
         PasswordAuthentication no\n\
         PermitRootLogin yes\n\
         MaxStartups 100\n\
         {configuration}\n",
        folder = folder.display()
    );
    fs::write(&file, text).unwrap();
    let mut child = Command::new(SSHD)
        .args(["-D", "-e", "-p", &port.to_string(), "-f"])
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let listens = lines.any(|line| line.starts_with("Server listening"));
    if !listens {
        child.wait().unwrap();
        return None;
    }
    // What it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some((child, port))
}
