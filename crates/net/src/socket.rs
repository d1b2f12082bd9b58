//! Listening sockets: bound here, or inherited from whoever started us.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

/// Connections that the kernel holds for us while we are busy.
const BACKLOG: i32 = 1024;

/// A listening socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix stream socket.
    Unix(UnixListener),
}

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be had.
    #[error("cannot listen on `{address}`")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The path cannot be had.
    #[error("cannot listen on `{path}`")]
    Unix {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process listens there.
    #[error("another process listens on `{0}`")]
    Live(PathBuf),
    /// Something that is not a socket stands there.
    #[error("`{0}` exists and is not a socket")]
    NotSocket(PathBuf),
}

impl Socket {
    /// Listens on a TCP address; port 0 asks the system for a free one.
    pub async fn bind_tcp(address: SocketAddr) -> Result<Self, BindError> {
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self::Tcp(listener)),
            Err(source) => Err(BindError::Tcp { address, source }),
        }
    }

    /// Listens on a Unix socket that only this user may connect to. A socket that a dead process left is replaced; a live
    /// one, and a file of another kind, is refused.
    pub fn bind_unix(path: &Path) -> Result<Self, BindError> {
        clear(path)?;
        let bound = || {
            let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
            socket.bind(&socket2::SockAddr::unix(path)?)?;
            // Nobody can connect before `listen`, so the mode is never too wide for anybody.
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            UnixListener::from_std(socket.into())
        };
        match bound() {
            Ok(listener) => Ok(Self::Unix(listener)),
            Err(source) => Err(BindError::Unix {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The sockets that the parent handed over (`LISTEN_FDS`, `LISTEN_FDNAMES`), by name. A descriptor without a name, or
    /// one that is not a listening socket, is left out; whoever misses it then refuses to start.
    pub fn inherited() -> BTreeMap<String, Self> {
        let Some(names) =
            std::env::var_os("LISTEN_FDNAMES").and_then(|names| names.into_string().ok())
        else {
            return BTreeMap::new();
        };
        let mut handed = ListenFd::from_env();
        let pairs = names.split(':').enumerate().take(handed.len());
        pairs
            .filter_map(|(index, name)| Some((name.to_owned(), take(&mut handed, index)?)))
            .collect()
    }

    /// The TCP address; none for a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }
}

fn clear(path: &Path) -> Result<(), BindError> {
    let unix = |source| BindError::Unix {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unix(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotSocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(BindError::Live(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(unix)
        }
        Err(error) => Err(unix(error)),
    }
}

fn take(handed: &mut ListenFd, index: usize) -> Option<Socket> {
    if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
        listener.set_nonblocking(true).ok()?;
        return TcpListener::from_std(listener).ok().map(Socket::Tcp);
    }
    let listener = handed.take_unix_listener(index).ok()??;
    listener.set_nonblocking(true).ok()?;
    UnixListener::from_std(listener).ok().map(Socket::Unix)
}
