use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Busy, Turns};

#[tokio::test]
async fn two_at_once_one_waits_and_the_fourth_is_sent_away() {
    let turns = Turns::new(2, 1);
    let first = turns.take().await.unwrap();
    let second = turns.take().await.unwrap();
    let mut third = pin!(turns.take());
    let mut context = Context::from_waker(Waker::noop());
    assert!(third.as_mut().poll(&mut context).is_pending());
    assert_eq!(turns.take().await.unwrap_err(), Busy);
    drop(first);
    let Poll::Ready(Ok(third)) = third.as_mut().poll(&mut context) else {
        panic!("the turn did not come up")
    };
    drop((second, third));
    assert!(turns.take().await.is_ok());
}

#[tokio::test]
async fn who_leaves_the_queue_frees_a_place() {
    let turns = Turns::new(1, 1);
    let _turn = turns.take().await.unwrap();
    {
        let mut waiting = pin!(turns.take());
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert_eq!(turns.take().await.unwrap_err(), Busy);
    }
    let mut again = pin!(turns.take());
    assert!(
        again
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
}
