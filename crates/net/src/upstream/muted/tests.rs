use super::*;
use std::sync::atomic::AtomicUsize;

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Task {
    wakes: Arc<Counter>,
    muted: Arc<Muted>,
}

impl Task {
    fn new() -> Self {
        Self {
            wakes: Arc::default(),
            muted: Arc::default(),
        }
    }

    fn poll<T>(&self, look: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.muted.poll(&Context::from_waker(&waker), look)
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_wake_while_looking_is_another_look_and_no_wake() {
    let task = Task::new();
    let mut looks = 0;
    let seen = task.poll(|cx| {
        looks += 1;
        if looks < 3 {
            cx.waker().wake_by_ref();
        }
        Poll::<()>::Pending
    });
    assert!(seen.is_pending());
    assert_eq!((looks, task.wakes()), (3, 0));
}

#[test]
fn a_wake_while_nobody_looks_goes_on_to_the_last_task() {
    let task = Task::new();
    let mut kept = None;
    assert!(
        task.poll(|cx| {
            kept = Some(cx.waker().clone());
            Poll::<()>::Pending
        })
        .is_pending()
    );
    let kept = kept.unwrap();
    kept.wake_by_ref();
    kept.wake_by_ref();
    assert_eq!(task.wakes(), 2);
}

#[test]
fn who_never_rests_is_polled_again_later() {
    let task = Task::new();
    let seen = task.poll(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    assert!(seen.is_pending());
    assert_eq!(task.wakes(), 1);
}

#[test]
fn what_is_ready_ends_the_look() {
    let task = Task::new();
    let seen = task.poll(|cx| {
        cx.waker().wake_by_ref();
        Poll::Ready(7)
    });
    assert_eq!(seen, Poll::Ready(7));
    assert_eq!(task.wakes(), 0);
}

/// Another thread sets a flag and wakes, at any moment of the look; the flag is never left unseen.
#[test]
fn no_wake_is_lost_between_threads() {
    for _ in 0..2_000 {
        let task = Task::new();
        let flag = Arc::new(AtomicUsize::new(0));
        let mut waker = None;
        assert!(
            task.poll(|cx| {
                waker = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .is_pending()
        );
        let (waker, raised) = (waker.unwrap(), Arc::clone(&flag));
        let other = std::thread::spawn(move || {
            raised.store(1, Ordering::SeqCst);
            waker.wake();
        });
        let look = || {
            task.poll(|_| match flag.load(Ordering::SeqCst) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            })
        };
        let first = look();
        other.join().unwrap();
        if first.is_pending() {
            assert!(task.wakes() > 0, "the wake was lost");
            assert!(look().is_ready());
        }
    }
}
