use std::future::poll_fn;
use std::time::Duration;

use super::*;

async fn check(deadline: &mut Deadline, expected: bool) {
    let passed = poll_fn(|cx| Poll::Ready(deadline.poll_passed(cx))).await;
    assert_eq!(passed, expected);
}

/// Until the deadline wakes us.
async fn passed(deadline: &mut Deadline) {
    let woken = poll_fn(|cx| {
        if deadline.poll_passed(cx) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    tokio::time::timeout(Duration::from_secs(20), woken)
        .await
        .expect("it never passes");
}

#[tokio::test]
async fn it_follows_its_last_setting_in_both_directions() {
    let start = Instant::now();
    let mut deadline = Deadline::default();
    check(&mut deadline, false).await;
    deadline.set(start + Duration::from_hours(1));
    check(&mut deadline, false).await;
    // Earlier.
    deadline.set(start + Duration::from_millis(10));
    passed(&mut deadline).await;
    check(&mut deadline, true).await;
    // Later, although the timer has already rung.
    deadline.set(Instant::now() + Duration::from_millis(30));
    check(&mut deadline, false).await;
    passed(&mut deadline).await;
    assert!(start.elapsed() >= Duration::from_millis(40));
    deadline.clear();
    check(&mut deadline, false).await;
}
