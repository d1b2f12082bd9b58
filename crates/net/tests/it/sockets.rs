//! Binding.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use command_fds::{CommandFdExt, FdMapping};
use tokio::net::UnixStream;
use vauban_net::{Acceptor, BindError, Socket};

use crate::support::{Client, LIMITS, connect, soon, start_on};

#[tokio::test]
async fn a_unix_socket_is_private_and_knows_its_peer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sock");
    let server = start_on(Socket::bind_unix(&path).unwrap(), Acceptor::Plain, LIMITS);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut client = Client(UnixStream::connect(&path).await.unwrap());
    client.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await, (200, "GET /a 0".to_owned()));
    let peers = server.recorder.peers.lock().unwrap().clone();
    assert_eq!(peers[0].uid, Some(fs::metadata(&path).unwrap().uid()));
    assert_eq!(peers[0].address, None);
}

#[tokio::test]
async fn a_dead_socket_is_replaced_a_live_one_and_a_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sock");
    let live = Socket::bind_unix(&path).unwrap();
    let error = Socket::bind_unix(&path).unwrap_err();
    assert!(matches!(error, BindError::Live(_)));
    assert_eq!(
        error.to_string(),
        format!("another process listens on `{}`", path.display())
    );
    drop(live);
    assert!(path.exists());
    drop(Socket::bind_unix(&path).unwrap());

    let file = dir.path().join("file");
    fs::write(&file, "precious").unwrap();
    let error = Socket::bind_unix(&file).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` exists and is not a socket", file.display())
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

    let nowhere = dir.path().join("missing/a.sock");
    assert!(matches!(
        Socket::bind_unix(&nowhere),
        Err(BindError::Unix { .. })
    ));
}

#[tokio::test]
async fn a_taken_address_is_refused() {
    let first = crate::support::tcp().await;
    let address = first.local_addr().unwrap();
    let error = Socket::bind_tcp(address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on `{address}`"));
}

/// Set for the process that [`inherited_sockets_are_found_by_name`] starts.
const CHILD: &str = "VAUBAN_NET_TEST_CHILD";

/// This test starts itself again as a process that inherits three descriptors: two sockets, and a file that is none.
#[tokio::test]
async fn inherited_sockets_are_found_by_name() {
    if std::env::var_os(CHILD).is_some() {
        return serve_one_on_each_inherited().await;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.sock");
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let file = fs::File::create(dir.path().join("file")).unwrap();
    let handed: [OwnedFd; 3] = [tcp.into(), file.into(), unix.into()];
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let pairs = handed.into_iter().zip(3..);
    command
        .fd_mappings(
            pairs
                .map(|(parent_fd, child_fd)| FdMapping {
                    parent_fd,
                    child_fd,
                })
                .collect(),
        )
        .unwrap();
    command.args(["--exact", "sockets::inherited_sockets_are_found_by_name"]);
    command
        .env(CHILD, "1")
        .env("LISTEN_FDS", "3")
        .env("LISTEN_FDNAMES", "public:file:admin")
        .env_remove("LISTEN_PID");
    let child = soon(tokio::process::Command::from(command).output());
    let asked = async {
        let mut public = connect(address).await;
        public
            .write("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
            .await;
        assert_eq!(public.answer().await.1, "GET /public 0");
        let mut admin = Client(UnixStream::connect(&path).await.unwrap());
        admin.write("GET /admin HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(admin.answer().await.1, "GET /admin 0");
    };
    let (output, ()) = tokio::join!(child, asked);
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

async fn serve_one_on_each_inherited() {
    let mut inherited = Socket::inherited();
    assert_eq!(inherited.keys().collect::<Vec<_>>(), ["admin", "public"]);
    for name in ["public", "admin"] {
        let server = start_on(inherited.remove(name).unwrap(), Acceptor::Plain, LIMITS);
        soon(server.recorder.arrived.notified()).await;
        server.stopper.stop();
        soon(server.ended).await.unwrap().unwrap();
    }
}
