//! Who gets in: the guard's user with the guard's whole word, and nobody else.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use vauban_bank::Service;

use crate::house::{Call, Ground, Said, check, told};

const NOBODY: u32 = 65_534;

fn call() -> Call {
    Call::new("listAccounts", "GET /accounts", "1001", "north")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_the_guard_is_needed() {
    let house = Ground::sqlite().await.serve(Service::Accounts).await;
    check(&house, call(), 200, "").await;
    for name in ["decision", "subject", "tenant", "roles", "operation"] {
        let name = format!("vauban-{name}");
        check(&house, call().without(&name), 403, "caller.refused").await;
        check(
            &house,
            call().without(&name).with(&name, "\u{e4}"),
            403,
            "caller.refused",
        )
        .await;
        let (_, value) = call()
            .headers
            .into_iter()
            .find(|(other, _)| *other == name)
            .unwrap();
        check(&house, call().with(&name, &value), 403, "caller.refused").await;
    }
    let other = Call::new("readProfile", "GET /accounts", "1001", "north");
    check(&house, other, 403, "caller.refused").await;

    let reached = house.reached.0.lock().unwrap().clone();
    assert_eq!(
        reached.len(),
        17,
        "the recorder sees each request, refused or not"
    );
    assert_eq!(reached[0], ("listAccounts".to_owned(), "1001".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_with_two_readings_is_refused() {
    let house = Ground::sqlite().await.serve(Service::Accounts).await;
    let smuggled = call()
        .with("content-length", "0")
        .with("transfer-encoding", "chunked");
    check(&house, smuggled, 400, "request.broken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_is_refused_and_the_connection_closed() {
    let mut ground = Ground::sqlite().await;
    if !rustix::process::geteuid().is_root() {
        // Only root can give the socket away: expect a user that nobody here is.
        ground.peer_uid = Some(NOBODY);
        assert!(
            ground
                .refusal(Service::Accounts)
                .await
                .contains("cannot give its socket to user 65534")
        );
        return;
    }
    ground.peer_uid = Some(NOBODY);
    let house = ground.serve(Service::Accounts).await;
    assert_eq!(std::fs::metadata(&house.socket).unwrap().uid(), NOBODY);

    // Root may connect to anything; the socket's credentials tell.
    let said = check(&house, call(), 403, "caller.refused").await;
    assert!(said.head.contains("connection: close"), "{said:?}");
    assert!(
        house.reached.0.lock().unwrap().is_empty(),
        "a stranger's request is not looked at"
    );

    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(house.folder.path(), open).unwrap();
    let as_user = |uid: u32| {
        let (socket, bytes) = (house.socket.clone(), call().bytes());
        tokio::task::spawn_blocking(move || send_as(uid, socket, bytes))
    };
    assert_eq!(as_user(NOBODY).await.unwrap().unwrap().status, 200);
    let other = as_user(NOBODY - 1).await.unwrap();
    assert_eq!(other.unwrap_err(), std::io::ErrorKind::PermissionDenied);
}

/// Sends from a thread that has become another user; the kernel notes the user at the moment of connecting.
fn send_as(uid: u32, socket: PathBuf, bytes: Vec<u8>) -> Result<Said, std::io::ErrorKind> {
    let sending = std::thread::spawn(move || {
        rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(uid)).unwrap();
        let mut stream = UnixStream::connect(socket).map_err(|error| error.kind())?;
        stream.write_all(&bytes).unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        Ok(Said::read(&said))
    });
    sending.join().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_their_owners_alone() {
    let ground = Ground::sqlite().await;
    let house = ground.serve(Service::Payments).await;
    for name in ["bank.db", "bank.db-wal", "bank.db-shm", "payments.sock"] {
        let mode = std::fs::metadata(house.folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let again = ground.setting(Service::Payments, audit(&ground), std::sync::Arc::default());
    let refused = vauban_bank::open(Service::Payments, again).await;
    let refused = told(&refused.map(|_| ()).unwrap_err());
    assert!(refused.contains("another process listens on"), "{refused}");
}

fn audit(ground: &Ground) -> vauban_audit::Log {
    vauban_audit::Log::open(&ground.folder.path().join("audit-2"), "second")
        .unwrap()
        .0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_hold_is_refused_and_left_alone() {
    let ground = Ground::sqlite().await;
    let file = ground.folder.path().join("bank.db");
    let refused = |text: &'static str| {
        let ground = &ground;
        async move {
            let said = ground.refusal(Service::Payments).await;
            assert!(said.contains(text), "{said}");
        }
    };
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused("other users may read").await;
    let whole = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    refused("there is no database at").await;

    let mut damaged = whole.clone();
    damaged[..16].copy_from_slice(b"NOT A DATABASE!!");
    vauban_bank_write(&file, &damaged);
    refused("is damaged or not a database of this bank").await;
    assert_eq!(
        std::fs::read(&file).unwrap(),
        damaged,
        "nothing was overwritten"
    );

    vauban_bank_write(&file, b"");
    refused("is damaged or not a database of this bank").await;
}

fn vauban_bank_write(file: &std::path::Path, bytes: &[u8]) {
    std::fs::write(file, bytes).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
