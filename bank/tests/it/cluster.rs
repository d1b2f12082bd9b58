//! A throw-away PostgreSQL cluster with the bank in it, from the binaries that the system has.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sqlx::postgres::PgPool;
use tempfile::TempDir;
use vauban_bank::{Database, DatabaseUrl, Install, install, seed};
use vauban_net::{Clock as _, SystemClock};

use crate::house::{Ground, canaries, hex};

pub(crate) const KEY: [u8; 32] = [0xc5; 32];
const CONFIGURATION: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 60
autovacuum = off
";

/// A cluster that runs until it is dropped.
pub(crate) struct Cluster {
    folder: Arc<TempDir>,
    binaries: PathBuf,
    user: Option<(u32, u32)>,
    pub(crate) administrator: DatabaseUrl,
    pub(crate) urls: BTreeMap<&'static str, DatabaseUrl>,
}

impl Cluster {
    /// Starts, installs and seeds; `None` (said aloud) where there is no PostgreSQL.
    pub(crate) async fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            println!("not run: no PostgreSQL under /usr/lib/postgresql");
            return None;
        };
        let folder = Arc::new(TempDir::new().unwrap());
        let user = unprivileged();
        // A server that is not root must be able to reach its folder.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let place = folder.path().join("pg");
        std::fs::create_dir(&place).unwrap();
        if let Some((uid, gid)) = user {
            chown(&place, Some(uid), Some(gid)).unwrap();
        }
        let socket = place.display().to_string().replace('/', "%2F");
        let administrator =
            |database: &str| DatabaseUrl::new(format!("postgres://superuser@{socket}/{database}"));
        let mut cluster = Self {
            administrator: administrator("bank"),
            urls: BTreeMap::new(),
            folder,
            binaries,
            user,
        };
        cluster.boot(&place);
        let pool = PgPool::connect(administrator("postgres").expose())
            .await
            .unwrap();
        sqlx::raw_sql("CREATE DATABASE bank")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        let passwords =
            Install::ROLES.map(|role| (role.to_owned(), format!("{role}-password").into()));
        let secrets = Install {
            context_kid: 1,
            context_key: KEY.into(),
            passwords: passwords.into(),
        };
        // Twice: an installed bank is left as it is.
        install(&cluster.administrator, &secrets).await.unwrap();
        cluster.urls = install(&cluster.administrator, &secrets).await.unwrap();
        seed(
            &Database::Postgres(cluster.administrator.clone()),
            &canaries(),
        )
        .await
        .unwrap();
        Some(cluster)
    }

    fn boot(&self, place: &Path) {
        let data = place.join("data");
        self.run(
            "initdb",
            &[
                "-D",
                text(&data),
                "-U",
                "superuser",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-A",
                "trust",
                "--no-sync",
                "-N",
            ],
        );
        let mut configuration = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
        configuration += CONFIGURATION;
        configuration.extend(["unix_socket_directories = '", text(place), "'\n"]);
        std::fs::write(data.join("postgresql.conf"), configuration).unwrap();
        // Passwords count for everybody but the administrator.
        let access = "local all superuser trust\nlocal all all scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), access).unwrap();
        self.run(
            "pg_ctl",
            &[
                "-D",
                text(&data),
                "-l",
                text(&place.join("log")),
                "-w",
                "-t",
                "30",
                "start",
            ],
        );
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.binaries.join(program));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LC_ALL", "C.UTF-8");
        // The server's own children must not hold the pipes of a test run.
        let log = self.folder.path().join(format!("{program}.log"));
        let file = std::fs::File::create(&log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        let status = command.status().unwrap();
        assert!(
            status.success(),
            "{program}: {}",
            std::fs::read_to_string(&log).unwrap_or_default()
        );
    }

    /// Ground for a service under its own role.
    pub(crate) fn ground(&self, role: &str) -> Ground {
        Ground {
            folder: Arc::new(TempDir::new().unwrap()),
            database: Database::Postgres(self.urls[role].clone()),
            ledger: Database::Postgres(self.administrator.clone()),
            peer_uid: None,
        }
    }

    /// A pool under a role, or the administrator's.
    pub(crate) async fn pool(&self, role: &str) -> PgPool {
        let url = self.urls.get(role).unwrap_or(&self.administrator);
        PgPool::connect(url.expose()).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.path().join("pg/data");
        self.run(
            "pg_ctl",
            &["-D", text(&data), "-m", "immediate", "-w", "stop"],
        );
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

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
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let people = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = people
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("user `postgres`");
    let words: Vec<&str> = line.split(':').collect();
    Some((words[2].parse().unwrap(), words[3].parse().unwrap()))
}

/// What a context says.
#[derive(Clone)]
pub(crate) struct Words {
    pub(crate) kid: &'static str,
    pub(crate) uid: &'static str,
    pub(crate) tenant: &'static str,
    pub(crate) admin: &'static str,
    pub(crate) lives_s: i64,
    pub(crate) role: &'static str,
    pub(crate) key: [u8; 32],
}

/// A good context of a subject.
pub(crate) fn words(uid: &'static str, tenant: &'static str, role: &'static str) -> Words {
    Words {
        kid: "1",
        uid,
        tenant,
        admin: "0",
        lives_s: 25,
        role,
        key: KEY,
    }
}

impl Words {
    /// As a guard would sign it.
    pub(crate) fn sign(&self) -> String {
        let now = i64::try_from(SystemClock.unix_ms() / 1000).unwrap();
        let said = format!(
            "{}.{}.{}.{}.{}",
            self.kid,
            self.uid,
            self.tenant,
            self.admin,
            now + self.lives_s
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).unwrap();
        mac.update(format!("{said}|{}", self.role).as_bytes());
        let mac = hex(&mac.finalize().into_bytes());
        format!("{said}.{mac}")
    }
}
