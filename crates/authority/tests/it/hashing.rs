use std::sync::{Arc, Condvar, Mutex, PoisonError};

use vauban_authority::{Argon2id, HashError, HashPassword};

use crate::world::{PASSWORD, Tokens, World};

/// Holds every hash until it is let go.
#[derive(Debug)]
struct Held {
    inner: Argon2id,
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Held {
    fn wait(&self, until: impl Fn(&(usize, bool)) -> bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.changed
                .wait_while(state, |state| !until(state))
                .unwrap(),
        );
    }

    fn change(&self, change: impl Fn(&mut (usize, bool))) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }
}

impl HashPassword for Held {
    fn hash(&self, password: &str) -> Result<String, HashError> {
        self.inner.hash(password)
    }

    fn verify(&self, password: &str, stored: &str) -> Result<bool, HashError> {
        self.change(|(entered, _)| *entered += 1);
        self.wait(|(_, open)| *open);
        self.inner.verify(password, stored)
    }

    fn dummy(&self) -> &str {
        self.inner.dummy()
    }

    fn outdated(&self, stored: &str) -> bool {
        self.inner.outdated(stored)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_busy_at_once_and_those_inside_are_served() {
    let inner = Argon2id::with(64, 2).unwrap();
    let held = Arc::new(Held {
        inner,
        state: Mutex::default(),
        changed: Condvar::new(),
    });
    let part: Arc<dyn HashPassword> = Arc::<Held>::clone(&held);
    let world = Arc::new(World::start_with(|parts| parts.hasher = part).await);
    // One hashes and one waits; of three logins at least one is sent away, and it is while none has been served.
    let mut logins = tokio::task::JoinSet::new();
    for username in ["alice", "bob", "alice"] {
        let world = Arc::clone(&world);
        logins.spawn(async move { world.login(username, PASSWORD).await });
    }
    let busy = logins.join_next().await.unwrap().unwrap();
    busy.refused(503, "login.busy");
    let waiting = Arc::clone(&held);
    tokio::task::spawn_blocking(move || waiting.wait(|(entered, _)| *entered == 1))
        .await
        .unwrap();
    held.change(|(_, open)| *open = true);
    for answer in logins.join_all().await {
        drop(Tokens::of(answer.fine()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weaker_hash_is_replaced_at_login() {
    let world =
        World::start_with(|parts| parts.hasher = Arc::new(Argon2id::with(128, 3).unwrap())).await;
    let stored = || async {
        let database = world.state.authority_database();
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(database)
            .read_only(true);
        let pool = sqlx::sqlite::SqlitePool::connect_with(options)
            .await
            .unwrap();
        let hash: String =
            sqlx::query_scalar("SELECT password FROM users WHERE username = 'alice'")
                .fetch_one(&pool)
                .await
                .unwrap();
        pool.close().await;
        hash
    };
    let weak = stored().await;
    assert!(!weak.contains("m=128,t=3"), "{weak}");
    world
        .login("alice", "a wrong password it is")
        .await
        .refused(401, "login.refused");
    assert_eq!(stored().await, weak);
    world.login("alice", PASSWORD).await.fine();
    assert!(stored().await.contains("m=128,t=3"));
    world.login("alice", PASSWORD).await.fine();
}
