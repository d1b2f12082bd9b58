//! A throw-away PostgreSQL cluster with the bank in it, from the binaries that the system has.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sqlx::postgres::PgPool;
use tempfile::TempDir;
use vauban_bank::{Database, DatabaseUrl, Install, install, seed};
use vauban_net::{Clock as _, SystemClock};

use crate::house::{Ground, canaries, hex};

pub(crate) const KEY: [u8; 32] = [0xc5; 32];
/// A cluster that runs until it is dropped.
pub(crate) struct Cluster {
    pub(crate) administrator: DatabaseUrl,
    pub(crate) urls: BTreeMap<&'static str, DatabaseUrl>,
    _server: vauban_testkit::postgres::Cluster,
}

impl Cluster {
    /// Starts, installs and seeds; `None` (said aloud) where there is no PostgreSQL.
    pub(crate) async fn start() -> Option<Self> {
        let server = vauban_testkit::postgres::Cluster::start().unwrap()?;
        let administrator = DatabaseUrl::new(server.database("bank").unwrap());
        let passwords =
            Install::ROLES.map(|role| (role.to_owned(), format!("{role}-password").into()));
        let secrets = Install {
            context_kid: 1,
            context_key: KEY.into(),
            passwords: passwords.into(),
        };
        // Twice: an installed bank is left as it is.
        install(&administrator, &secrets).await.unwrap();
        let urls = install(&administrator, &secrets).await.unwrap();
        let database = Database::Postgres(administrator.clone());
        seed(&database, &canaries()).await.unwrap();
        Some(Self {
            administrator,
            urls,
            _server: server,
        })
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
