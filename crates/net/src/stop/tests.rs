use super::stop_pair;

#[tokio::test]
async fn everybody_sees_the_order() {
    let (stopper, stop) = stop_pair();
    let other = stop.clone();
    assert!(!stop.is_stopped() && !other.is_stopped());
    stopper.stop();
    stopper.stop();
    assert!(stop.is_stopped() && other.is_stopped());
    stop.stopped().await;
    other.stopped().await;
}

#[tokio::test]
async fn an_owner_that_is_gone_has_given_the_order() {
    let (stopper, stop) = stop_pair();
    drop(stopper);
    assert!(stop.is_stopped());
    stop.stopped().await;
}
