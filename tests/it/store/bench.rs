//! Where the suite runs: files in a folder, or a PostgreSQL cluster of its own, started for the test and ended with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use accolades::store::{Engine, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// The cluster's password: the suite looks for it where it must not be.
pub const PASSWORD: &str = "canary-8d1f";

/// A role that must give the password; the others need none, because checking it takes most of a connection's time.
pub const CHECKED_ROLE: &str = "checked";

const RIGHTS: &str = "local all checked scram-sha-256\nlocal all all trust\n";

/// An engine with room for one store per case.
pub struct Bench {
    folder: TempDir,
    cluster: Option<Cluster>,
    stores: AtomicU32,
}

impl Bench {
    /// Stores in files.
    pub fn sqlite() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap(), cluster: None, stores: AtomicU32::new(0) }
    }

    /// Stores in schemas of a new cluster.
    pub fn postgres() -> Bench {
        let bench = Bench::sqlite();
        let cluster = Cluster::start(bench.folder.path());
        Bench { cluster: Some(cluster), ..bench }
    }

    /// Which engine it has.
    pub fn engine(&self) -> Engine {
        if self.cluster.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// A folder for what does not belong into the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of a new, empty store.
    pub async fn url(&self) -> String {
        let number = self.stores.fetch_add(1, Ordering::Relaxed);
        let Some(cluster) = &self.cluster else {
            return format!("sqlite:{}", self.folder.path().join(format!("store{number}.sqlite")).display());
        };
        // A schema each: a database each takes ten times as long.
        let schema = format!("store{number}");
        execute(&cluster.url(), &format!("CREATE SCHEMA {schema}")).await.unwrap();
        format!("{}&options[search_path]={schema}", cluster.url())
    }

    /// A new, empty store.
    pub async fn store(&self) -> Store {
        Store::open(&self.url().await).await.unwrap()
    }
}

/// Runs SQL behind the store's back.
pub async fn execute(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if url.starts_with("postgres:") {
        let mut connection = PgConnection::connect(url).await?;
        sql.execute(&mut connection).await?;
        connection.close().await
    } else {
        let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await?;
        sql.execute(&mut connection).await?;
        connection.close().await
    }
}

/// Reads one column of texts behind the store's back.
pub async fn texts(url: &str, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(sql.to_owned());
    if url.starts_with("postgres:") {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
    }
}

/// A PostgreSQL server that listens on a socket in the bench's folder only.
struct Cluster {
    server: Child,
    sockets: PathBuf,
}

impl Cluster {
    fn start(folder: &Path) -> Cluster {
        let programs = programs();
        let owner = owner(folder);
        let as_owner = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.uid(owner.0).gid(owner.1).current_dir(folder);
            command
        };
        // The server's user must reach its data and its socket.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let (data, sockets) = (folder.join("data"), folder.join("sockets"));
        fs::create_dir(&sockets).unwrap();
        chown(&sockets, Some(owner.0), Some(owner.1)).unwrap();
        fs::create_dir(&data).unwrap();
        chown(&data, Some(owner.0), Some(owner.1)).unwrap();

        // French rules of sorting, so that an order that depends on them shows.
        let made = as_owner("initdb")
            .args(["--username=accolades", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--locale-provider=icu", "--icu-locale=fr", "--no-sync"])
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        fs::write(data.join("pg_hba.conf"), RIGHTS).unwrap();

        // Without `fsync` the suite takes half the time, and no case cuts the power.
        let mut server = as_owner("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&sockets)
            .args(["-c", "listen_addresses=", "-c", "lc_messages=C", "-c", "shared_buffers=16MB", "-c", "fsync=off"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
        let log: Vec<String> =
            lines.by_ref().take_while(|line| !line.contains("ready to accept connections")).collect();
        let cluster = Cluster { server, sockets };
        assert!(cluster.sockets.join(".s.PGSQL.5432").exists(), "postgres did not start: {log:#?}");
        // Read on, so that the server never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        cluster
    }

    fn url(&self) -> String {
        format!("postgres://accolades:{PASSWORD}@localhost/postgres?host={}", self.sockets.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT: the server ends at once and takes its children along.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// The newest installed server's programs, where Debian puts them.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .max()
        .expect("no PostgreSQL server under /usr/lib/postgresql: apt-get install postgresql")
}

/// Who runs the server: it refuses root, then the account that Debian's package makes does.
fn owner(folder: &Path) -> (u32, u32) {
    let ours = fs::metadata(folder).unwrap();
    if ours.uid() != 0 {
        return (ours.uid(), ours.gid());
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let account = accounts.lines().find(|line| line.starts_with("postgres:")).expect("Debian's account `postgres`");
    let field = |place: usize| account.split(':').nth(place).unwrap().parse().unwrap();
    (field(2), field(3))
}
