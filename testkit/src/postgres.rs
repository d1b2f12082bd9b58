//! A throw-away PostgreSQL cluster, from the binaries that Debian's package installs.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Reachable through a Unix socket only; durability is off, because a test's cluster dies with it.
const CONFIGURATION: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 60
autovacuum = off
";

/// Passwords count for everybody but the administrator.
const ACCESS: &str = "local all superuser trust\nlocal all all scram-sha-256\n";

/// A cluster that runs until it is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// Starts one; `None` (said aloud) where PostgreSQL is not installed.
    ///
    /// # Errors
    ///
    /// What the server's own programs say when it cannot start.
    #[expect(clippy::print_stdout, reason = "a suite that does not run says so")]
    pub fn start() -> Result<Option<Self>, String> {
        let Some(binaries) = binaries() else {
            println!("not run: package postgresql is missing");
            return Ok(None);
        };
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let cluster = Self {
            folder,
            binaries,
            user: unprivileged()?,
        };
        cluster.boot().map(|()| Some(cluster))
    }

    /// Makes an empty database and returns the administrator's URL for it.
    ///
    /// # Errors
    ///
    /// What `createdb` says.
    pub fn database(&self, name: &str) -> Result<String, String> {
        let place = self.place();
        self.run("createdb", &["-h", &text(&place), "-U", "superuser", name])?;
        let socket = text(&place).replace('/', "%2F");
        Ok(format!("postgres://superuser@{socket}/{name}"))
    }

    /// Kills the server as a crash would: connections break off, and nobody is there to accept another.
    ///
    /// # Errors
    ///
    /// What `pg_ctl` says.
    pub fn crash(&self) -> Result<(), String> {
        let data = text(&self.place().join("data"));
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"])
    }

    /// Starts the server again, which recovers first.
    ///
    /// # Errors
    ///
    /// What `pg_ctl` says.
    pub fn resume(&self) -> Result<(), String> {
        let place = self.place();
        let (data, log) = (text(&place.join("data")), text(&place.join("log")));
        self.run(
            "pg_ctl",
            &["-D", &data, "-l", &log, "-w", "-t", "60", "start"],
        )
    }

    /// Runs a statement as the administrator.
    ///
    /// # Errors
    ///
    /// What `psql` says.
    pub fn execute(&self, name: &str, statement: &str) -> Result<(), String> {
        let place = text(&self.place());
        let stop = "ON_ERROR_STOP=1";
        self.run(
            "psql",
            &[
                "-X",
                "-v",
                stop,
                "-h",
                &place,
                "-U",
                "superuser",
                "-c",
                statement,
                name,
            ],
        )
    }

    /// Everything in a database, as whoever steals it would have it: all tables with all rows, as text.
    ///
    /// # Errors
    ///
    /// What `pg_dump` says.
    pub fn dump(&self, name: &str) -> Result<Vec<u8>, String> {
        let file = self.place().join(format!("{name}.sql"));
        let (place, file) = (text(&self.place()), text(&file));
        self.run(
            "pg_dump",
            &["-h", &place, "-U", "superuser", "-f", &file, name],
        )?;
        std::fs::read(&file).map_err(|error| error.to_string())
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("pg")
    }

    fn boot(&self) -> Result<(), String> {
        let said = |error: std::io::Error| error.to_string();
        // A server that is not root must be able to reach its folder.
        std::fs::set_permissions(self.folder.path(), std::fs::Permissions::from_mode(0o755))
            .map_err(said)?;
        let place = self.place();
        std::fs::create_dir(&place).map_err(said)?;
        if let Some((uid, gid)) = self.user {
            chown(&place, Some(uid), Some(gid)).map_err(said)?;
        }
        let data = place.join("data");
        let flags = "-U superuser -E UTF8 --locale=C.UTF-8 -A trust --no-sync -N";
        let mut words = vec!["-D".to_owned(), text(&data)];
        words.extend(flags.split(' ').map(str::to_owned));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.run("initdb", &words)?;
        let file = data.join("postgresql.conf");
        let mut configuration = std::fs::read_to_string(&file).map_err(said)?;
        configuration += CONFIGURATION;
        configuration.extend(["unix_socket_directories = '", &text(&place), "'\n"]);
        std::fs::write(&file, configuration).map_err(said)?;
        std::fs::write(data.join("pg_hba.conf"), ACCESS).map_err(said)?;
        self.resume()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let said = |error: std::io::Error| format!("{program}: {error}");
        let log = self.folder.path().join(format!("{program}.log"));
        // The server's own children must not hold the pipes of a test run.
        let file = std::fs::File::create(&log).map_err(said)?;
        let mut command = Command::new(self.binaries.join(program));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .stdout(file.try_clone().map_err(said)?)
            .stderr(file);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        if command.status().map_err(said)?.success() {
            return Ok(());
        }
        let words = std::fs::read_to_string(&log).map_err(said)?;
        Err(format!("{program}: {words}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.crash());
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The newest version's programs.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(number)?;
    let found = newest.join("bin");
    found.join("initdb").exists().then_some(found)
}

/// PostgreSQL refuses to run as root: then as `postgres`.
fn unprivileged() -> Result<Option<(u32, u32)>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let people = std::fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let line = people.lines().find(|line| line.starts_with("postgres:"));
    let words: Vec<&str> = line.unwrap_or_default().split(':').collect();
    match words.as_slice() {
        [_, _, uid, gid, ..] => match (uid.parse(), gid.parse()) {
            (Ok(uid), Ok(gid)) => Ok(Some((uid, gid))),
            _ => Err("the user `postgres` has no number".to_owned()),
        },
        _ => Err("there is no user `postgres`".to_owned()),
    }
}
