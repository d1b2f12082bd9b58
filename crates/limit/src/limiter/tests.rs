use proptest::prelude::*;

use super::*;

/// The oracle: a token bucket that walks through time millisecond by millisecond, counting in ticks. Slow and plain.
struct SlowBucket {
    quota: Quota,
    level: u128,
    at_ms: u64,
}

impl SlowBucket {
    fn new(quota: Quota, now_ms: u64) -> Self {
        Self {
            quota,
            level: Self::capacity(quota),
            at_ms: now_ms,
        }
    }

    fn capacity(quota: Quota) -> u128 {
        u128::from(quota.burst) * u128::from(quota.seconds) * 1000
    }

    fn wait_until(&mut self, now_ms: u64) {
        while self.at_ms < now_ms {
            self.level =
                (self.level + u128::from(self.quota.requests)).min(Self::capacity(self.quota));
            self.at_ms += 1;
        }
    }

    fn spend(&mut self, cost: u32, now_ms: u64) -> bool {
        self.wait_until(now_ms);
        let price = u128::from(cost) * u128::from(self.quota.seconds) * 1000;
        let fits = self.level >= price;
        if fits {
            self.level -= price;
        }
        fits
    }

    fn remaining(&self) -> u32 {
        u32::try_from(self.level / (u128::from(self.quota.seconds) * 1000)).unwrap()
    }
}

fn quota(requests: u32, seconds: u32, burst: u32) -> Quota {
    Quota {
        requests,
        seconds,
        burst,
    }
}

proptest! {
    #[test]
    fn it_decides_as_the_slow_bucket_does(
        requests in 1_u32..20, seconds in 1_u32..5, burst in 1_u32..12,
        start in 0_u64..1_000_000,
        steps in proptest::collection::vec((0_u64..700, 0_u32..4), 1..120),
    ) {
        let quota = quota(requests, seconds, burst);
        let limiter = Limiter::new(quota, 16);
        let mut oracle = SlowBucket::new(quota, start);
        let mut now = start;
        for (wait, cost) in steps {
            now += wait;
            let expected = oracle.spend(cost, now);
            match limiter.spend("k", cost, now) {
                Spent::Allowed { remaining } => {
                    prop_assert!(expected, "allowed at {now}, the oracle refuses");
                    prop_assert_eq!(remaining, oracle.remaining());
                }
                Spent::Refused { retry_after_ms } => {
                    prop_assert!(!expected, "refused at {now}, the oracle allows");
                    if retry_after_ms == u64::MAX {
                        prop_assert!(cost > burst);
                        continue;
                    }
                    // One millisecond earlier would still be refused, then it is allowed: exact on both sides.
                    let probe = |wait: u64| {
                        let mut later = SlowBucket { quota, level: oracle.level, at_ms: oracle.at_ms };
                        later.spend(cost, now + wait)
                    };
                    prop_assert!(!probe(retry_after_ms - 1));
                    prop_assert!(probe(retry_after_ms));
                }
            }
        }
    }

    #[test]
    fn no_window_of_any_length_lets_more_through_than_is_written(
        requests in 1_u32..20, seconds in 1_u32..5, burst in 1_u32..12,
        waits in proptest::collection::vec(0_u64..200, 1..200),
    ) {
        let limiter = Limiter::new(quota(requests, seconds, burst), 16);
        let mut allowed_at = Vec::new();
        let mut now = 0;
        for wait in waits {
            now += wait;
            if matches!(limiter.spend("k", 1, now), Spent::Allowed { .. }) {
                allowed_at.push(now);
            }
        }
        for (i, from) in allowed_at.iter().enumerate() {
            for (j, to) in allowed_at.iter().enumerate().skip(i) {
                let count = (j - i + 1) as u64;
                let most = u64::from(burst) + (to - from) * u64::from(requests) / (u64::from(seconds) * 1000);
                prop_assert!(count <= most, "{count} in {} ms, {most} are written", to - from);
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_a_forgotten_key_never_owed(
        keys_max in 1_usize..40,
        asks in proptest::collection::vec((0_u8..200, 0_u64..400), 1..400),
    ) {
        let quota = quota(3, 1, 2);
        let limiter = Limiter::new(quota, keys_max);
        let unbounded = Limiter::new(quota, 1_000_000);
        let mut now = 0;
        for (key, wait) in asks {
            now += wait;
            let key = key.to_string();
            let bounded = limiter.spend(&key, 1, now);
            prop_assert!(limiter.keys() <= keys_max.div_ceil(SHARDS) * SHARDS);
            if let Spent::Allowed { .. } = bounded {
                prop_assert_eq!(bounded, unbounded.spend(&key, 1, now), "a bounded table never allows more");
            }
        }
    }
}

#[test]
fn a_quota_allows_exactly_what_is_written() {
    let cases = [
        // (quota, requests at once that pass, milliseconds until the next one)
        (quota(1, 1, 1), 1, 1000),
        (quota(200, 1, 400), 400, 5),
        (quota(3, 1, 3), 3, 334),
        (quota(7, 60, 2), 2, 8572),
        (quota(u32::MAX, 1, 5), 5, 1),
        (quota(1, u32::MAX, 1), 1, 4_294_967_295_000),
    ];
    for (quota, at_once, next_after_ms) in cases {
        let limiter = Limiter::new(quota, 16);
        for at in 0..at_once {
            assert_eq!(
                limiter.spend("k", 1, 77),
                Spent::Allowed {
                    remaining: at_once - at - 1
                },
                "{quota:?} request {at}"
            );
        }
        assert_eq!(
            limiter.spend("k", 1, 77),
            Spent::Refused {
                retry_after_ms: next_after_ms
            },
            "{quota:?}"
        );
        assert!(
            matches!(
                limiter.spend("k", 1, 76 + next_after_ms),
                Spent::Refused { retry_after_ms: 1 }
            ),
            "{quota:?} one millisecond early"
        );
        assert!(
            matches!(
                limiter.spend("k", 1, 77 + next_after_ms),
                Spent::Allowed { .. }
            ),
            "{quota:?} after the wait"
        );
    }
}

#[test]
fn a_refused_attempt_costs_nothing() {
    let limiter = Limiter::new(quota(1, 1, 1), 16);
    limiter.spend("k", 1, 0);
    for now in 1..1000 {
        assert_eq!(
            limiter.spend("k", 1, now),
            Spent::Refused {
                retry_after_ms: 1000 - now
            }
        );
    }
    assert_eq!(limiter.spend("k", 1, 1000), Spent::Allowed { remaining: 0 });
}

#[test]
fn keys_do_not_share_a_budget() {
    let limiter = Limiter::new(quota(1, 1, 1), 1024);
    for key in 0..64 {
        assert_eq!(
            limiter.spend(&key.to_string(), 1, 0),
            Spent::Allowed { remaining: 0 },
            "key {key}"
        );
    }
}

#[test]
fn what_can_never_pass_says_so() {
    for (quota, cost) in [
        (quota(0, 1, 1), 1),
        (quota(1, 0, 1), 1),
        (quota(1, 1, 0), 1),
        (quota(5, 1, 3), 4),
    ] {
        assert_eq!(
            Limiter::new(quota, 16).spend("k", cost, 0),
            Spent::Refused {
                retry_after_ms: u64::MAX
            },
            "{quota:?}"
        );
    }
}

#[test]
fn a_clock_that_runs_backwards_gives_nothing() {
    let limiter = Limiter::new(quota(1, 1, 1), 16);
    assert_eq!(
        limiter.spend("k", 1, 10_000),
        Spent::Allowed { remaining: 0 }
    );
    assert_eq!(
        limiter.spend("k", 1, 0),
        Spent::Refused {
            retry_after_ms: 11_000
        }
    );
}

/// A full table refuses strangers instead of forgetting debtors, and takes them again once a debtor has paid.
#[test]
fn a_flood_of_keys_buys_nobody_a_fresh_budget() {
    let limiter = Limiter::new(quota(1, 1, 1), 16);
    let mut admitted = Vec::new();
    for key in 0..1000 {
        if matches!(limiter.spend(&key.to_string(), 1, 0), Spent::Allowed { .. }) {
            admitted.push(key.to_string());
        }
    }
    assert!(
        admitted.len() <= 16,
        "{} keys in a table of 16",
        admitted.len()
    );
    for key in &admitted {
        assert_eq!(
            limiter.spend(key, 1, 999),
            Spent::Refused { retry_after_ms: 1 },
            "debtor {key} was forgotten"
        );
    }
    assert_eq!(
        limiter.spend("stranger", 1, 1000),
        Spent::Allowed { remaining: 0 }
    );
}

#[test]
fn threads_together_get_no_more_than_one() {
    let limiter = Limiter::new(quota(1, 1000, 500), 16);
    let spend = || {
        (0..200)
            .filter(|_| matches!(limiter.spend("k", 1, 5), Spent::Allowed { .. }))
            .count()
    };
    let allowed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(spend)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(allowed, 500);
}
