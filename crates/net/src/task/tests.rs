use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Finishing, spawn};

#[tokio::test]
async fn a_task_returns_its_value_and_its_panic() {
    assert_eq!(spawn("fine", async { 7 }).await.unwrap(), 7);
    let joined = spawn("broken", async { panic!("on purpose") });
    assert!(joined.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn what_is_begun_is_finished_whether_it_is_awaited_or_left() {
    assert_eq!(Finishing::new("awaited", async { 7 }).await, 7);

    let (go, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (going, done) = (Arc::clone(&go), Arc::clone(&gone));
    let mut left = Box::pin(Finishing::new("left", async move {
        going.notified().await;
        done.notify_one();
    }));
    let short = Duration::from_millis(5);
    timeout(short, left.as_mut()).await.unwrap_err();
    drop(left);
    go.notify_one();
    timeout(Duration::from_secs(20), gone.notified())
        .await
        .expect("the rest was not run");
}

#[tokio::test]
async fn what_panicked_is_not_begun_again() {
    let calls = Arc::new(AtomicBool::new(false));
    let called = Arc::clone(&calls);
    let future = Finishing::new("broken", async move {
        assert!(!called.swap(true, Ordering::Relaxed), "polled again");
        panic!("on purpose")
    });
    let joined = spawn("outer", async move {
        let () = future.await;
    });
    assert!(joined.await.unwrap_err().is_panic());
    assert!(calls.load(Ordering::Relaxed));
}
