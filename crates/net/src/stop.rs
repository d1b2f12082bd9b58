//! The order to stop: given once, seen by everybody who holds a [`Stop`].

use tokio::sync::watch;

/// Gives the order. Dropping it gives the order too, so that nothing outlives its owner.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Waits for the order.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A pair: whoever holds the first stops whoever holds the second.
pub fn stop_pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Gives the order; more than once is the same as once.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the order has been given.
    pub async fn stopped(&self) {
        let mut receiver = self.0.clone();
        // An error means that the stopper is gone, which is an order to stop.
        drop(receiver.wait_for(|stopped| *stopped).await);
    }

    /// Whether the order has been given.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

#[cfg(test)]
mod tests;
