//! The README's first command, whole: the demonstration with `--keep`, then a client and a technician at the portal's doors.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A demonstration under way.
struct Demonstration {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    told: Vec<String>,
}

impl Demonstration {
    fn begin(folder: &Path) -> Demonstration {
        let inventory = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_accolades"));
        command.current_dir(folder).arg("--inventory").arg(inventory).args(["demo", "--keep"]);
        // As in a container: nobody is at work by name.
        command.env_clear().env("HOME", folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Demonstration { child, lines, told: Vec::new() }
    }

    /// Reads on until a line begins so: the rest of that line.
    async fn until(&mut self, beginning: &str) -> String {
        while let Some(line) = self.lines.next_line().await.expect("readable") {
            let found = line.strip_prefix(beginning).map(str::to_owned);
            self.told.push(line);
            if let Some(rest) = found {
                return rest;
            }
        }
        panic!("it ended without `{beginning}`:\n{}", self.told.join("\n"));
    }

    /// Asks it to stop, and waits for its end.
    async fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("it is sent").success());
        while self.lines.next_line().await.expect("readable").is_some() {}
        self.child.wait().await.expect("it ends").code()
    }
}

fn names(folder: &Path, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(extension)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_ends_with_the_portal_over_the_world_that_it_made() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let mut demonstration = Demonstration::begin(folder.path());
    let portal = demonstration.until("portal ").await;
    demonstration.until("client: ").await;
    let client = format!("{portal}/entrer/lien/{}", demonstration.until(&format!("{portal}/entrer/lien/")).await);
    demonstration.until("technician: ").await;
    let invited = format!("{portal}{}", demonstration.until(&portal).await);
    demonstration.until("  accolades status").await;

    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client");
    let get = async |url: &str| {
        let answer = browser.get(url).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a page"))
    };
    let (status, page) = get(&client).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("<button"), "a link opens a button, because scanners of mail follow links: {page}");
    let (status, page) = get(&invited).await;
    assert_eq!(status, StatusCode::OK, "{page}");

    let entered = browser.post(&client).header(ORIGIN, &portal).form(&[("vers", "/")]).send().await.expect("an answer");
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    let cookie = entered.headers()[SET_COOKIE].to_str().expect("text").split(';').next().expect("a part").to_owned();
    let mut place = entered.headers()[LOCATION].to_str().expect("text").to_owned();
    let home = loop {
        let answer = browser.get(format!("{portal}{place}")).header(COOKIE, &cookie).send().await.expect("an answer");
        match answer.headers().get(LOCATION) {
            Some(next) => place = next.to_str().expect("text").to_owned(),
            None => break answer.text().await.expect("a page"),
        }
    };
    for question in ["Tout fonctionne-t-il", "Mes données", "Combien d’heures", "Que dois-je"] {
        assert!(home.contains(question), "{question}: {home}");
    }

    let made = folder.path().join("demo");
    let invoices = names(&made.join("invoices"), ".pdf");
    assert_eq!(invoices.len(), names(&made.join("invoices"), ".xml").len());
    assert!(invoices.contains(&"F2026-00001.pdf".to_owned()), "{invoices:?}");
    for instance in ["ilot", "lilas", "valsonne"] {
        assert!(!names(&made.join("drills").join(instance), ".pdf").is_empty(), "{instance} has certificates");
    }
    assert!(!names(&made.join("documents"), ".html").is_empty());
    assert_eq!(demonstration.interrupt().await, Some(0), "asked to stop, it ends well");
}
