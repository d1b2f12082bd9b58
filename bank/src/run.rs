//! One service, from its setting to its last answer.

use std::sync::Arc;
use std::time::Duration;

use vauban_http::HeadLimits;
use vauban_net::{Acceptor, BindError, ServeError, ServerLimits, Socket, Stop};

use crate::front::Front;
use crate::selftest::{self, SelfTestError};
use crate::service::Service;
use crate::setting::{Database, Setting};
use crate::store::{Store, StoreError};

/// One guard keeps a handful of connections; anything beyond waits in the kernel.
const CONNECTIONS_MAX: usize = 256;

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The rows cannot be had.
    #[error("service `{service}` cannot open its database")]
    Store {
        /// The service.
        service: &'static str,
        /// Why.
        source: StoreError,
    },
    /// The database would not hold what is said about it.
    #[error("service `{service}` refuses its database")]
    SelfTest {
        /// The service.
        service: &'static str,
        /// Why.
        source: SelfTestError,
    },
    /// The socket cannot be had.
    #[error("service `{service}` cannot listen")]
    Bind {
        /// The service.
        service: &'static str,
        /// Why.
        source: BindError,
    },
    /// The socket cannot be given to the guard's user.
    #[error(
        "service `{service}` cannot give its socket to user {uid}\nhint: run it as root, or the guard as the same user"
    )]
    Give {
        /// The service.
        service: &'static str,
        /// The guard's user.
        uid: u32,
        /// Why.
        source: std::io::Error,
    },
    /// Serving failed.
    #[error("service `{service}` cannot serve")]
    Serve {
        /// The service.
        service: &'static str,
        /// Why.
        source: ServeError,
    },
}

/// A service that has its database and its socket, so that a guard finds it from now on.
#[derive(Debug)]
pub struct Open {
    service: Service,
    front: Front,
    socket: Socket,
}

/// Opens the database, judges it, and listens.
pub async fn open(service: Service, setting: Setting) -> Result<Open, RunError> {
    let name = service.name();
    let store = if service.database_role().is_some() {
        Some(open_store(service, &setting.database).await?)
    } else {
        None
    };
    let own = rustix::process::geteuid().as_raw();
    let peer_uid = setting.peer_uid.unwrap_or(own);
    let socket = Socket::bind_unix(&setting.socket).map_err(|source| RunError::Bind {
        service: name,
        source,
    })?;
    if peer_uid != own {
        // The mode stays 0600: from now on the guard's user is the one who may connect.
        std::os::unix::fs::chown(&setting.socket, Some(peer_uid), None).map_err(|source| {
            RunError::Give {
                service: name,
                uid: peer_uid,
                source,
            }
        })?;
    }
    let front = Front {
        service,
        store,
        peer_uid,
        audit: setting.audit,
        clock: setting.clock,
        recorder: setting.recorder,
    };
    Ok(Open {
        service,
        front,
        socket,
    })
}

async fn open_store(service: Service, database: &Database) -> Result<Store, RunError> {
    let name = service.name();
    let opened = Store::open(service, database).await;
    let store = opened.map_err(|source| RunError::Store {
        service: name,
        source,
    })?;
    if let Store::Postgres(postgres) = &store {
        let judged = selftest::examine(postgres.pool()).await;
        judged.map_err(|source| RunError::SelfTest {
            service: name,
            source,
        })?;
    }
    Ok(store)
}

impl Open {
    /// Serves until told to stop and drained.
    pub async fn serve(self, stop: Stop) -> Result<(), RunError> {
        let service = self.service.name();
        let limits = ServerLimits {
            head: HeadLimits {
                head_bytes_max: 16_384,
                headers_max: 64,
                target_bytes_max: 8192,
            },
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(10),
            connections_max: CONNECTIONS_MAX,
            drain_time: Duration::from_secs(5),
        };
        let front = Arc::new(self.front);
        let served = vauban_net::serve(
            self.socket,
            Acceptor::Plain,
            limits,
            Arc::clone(&front),
            stop,
        );
        let served = served.await;
        if let Some(store) = &front.store {
            store.close().await;
        }
        served.map_err(|source| RunError::Serve { service, source })
    }
}

/// Runs one service until told to stop.
pub async fn run(service: Service, setting: Setting, stop: Stop) -> Result<(), RunError> {
    open(service, setting).await?.serve(stop).await
}
