mod cleaning;
mod contract;
mod crash;

use tempfile::TempDir;
use vauban_secret::Secret;
use vauban_testkit::postgres::Cluster;

use super::database::Database;
use super::{Change, HashKey, NewSession, PasswordHash, Place, Store, StoreError, UserToAdd};
use crate::identifier::token_hash;

const NOW: u64 = 1_000;
const ENDS: u64 = 2_000;

/// A database with one user.
struct Ground {
    store: Store,
    place: Place,
    _folder: TempDir,
}

/// The key of every test's database.
fn key() -> HashKey {
    HashKey::new(&Secret::from("5a".repeat(32))).unwrap()
}

impl Ground {
    /// Another process with the same database.
    async fn another(&self) -> Store {
        self.reopen().await.unwrap()
    }

    async fn reopen(&self) -> Result<Store, StoreError> {
        Store::open(&self.place, key()).await
    }

    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("authority.db"));
        Self::on(place, folder).await
    }

    /// In a database of its own.
    async fn postgres(cluster: &Cluster, name: &str) -> Self {
        let url = cluster.database(name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self::on(Place::Postgres(Secret::from(url)), folder).await
    }

    async fn on(place: Place, folder: TempDir) -> Self {
        Store::create(&place).await.unwrap();
        let store = Store::open(&place, key()).await.unwrap();
        let password = PasswordHash("hash".to_owned());
        let user = UserToAdd {
            subject: "1",
            username: "alice",
            password: &password,
            tenant: "north",
            roles: &["user".to_owned()],
        };
        assert!(store.add_user(user, NOW).await.unwrap());
        Self {
            store,
            place,
            _folder: folder,
        }
    }
}

/// Runs every step of the contract on each database.
macro_rules! contract {
    ($($(@$part:ident)? $step:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $step() {
                    super::contract::$($part::)?$step(&super::Ground::sqlite().await).await;
                }
            )+
        }

        /// One cluster for all of them, because each takes a second to start.
        #[tokio::test(flavor = "multi_thread")]
        async fn postgres_keeps_the_contract() {
            let Some(cluster) = Cluster::start().unwrap() else {
                return;
            };
            $(
                println!(stringify!($step));
                let ground = Ground::postgres(&cluster, stringify!($step)).await;
                contract::$($part::)?$step(&ground).await;
                ground.store.close().await;
            )+
        }
    };
}

contract!(
    a_failed_signature_leaves_the_token_unused,
    a_login_that_began_before_a_change_begins_no_session_after_it,
    a_login_that_races_a_change_leaves_no_session,
    a_stored_value_that_we_never_write_is_an_error,
    a_stronger_hash_replaces_only_the_one_it_was_made_from,
    a_token_is_known_until_it_is_cleaned,
    another_process_that_rotates_at_the_same_time_is_seen,
    cleaning_removes_what_is_over_and_nothing_else,
    disabling_ends_sessions_once_and_begins_no_more,
    names_and_subjects_are_taken_once,
    of_many_refreshes_at_once_one_wins,
    of_many_uses_of_a_join_token_one_is_served,
    the_cost_of_a_password_is_remembered,
    @grace a_grace_gives_one_successor_until_that_is_used,
    @exchange a_session_that_came_of_an_exchange_ends_with_the_one_above,
    @exchange exchanges_of_one_kind_share_a_session,
    @exchange of_64_exchanges_that_race_an_end_none_stays_live,
    @grace a_successor_lies_sealed_and_is_forgotten,
    @grace of_64_racing_refreshes_all_get_one_successor,
    @grace the_grace_lengthens_nothing,
    @grants a_code_gives_back_what_was_agreed_to,
    @grants a_grant_that_began_before_a_change_is_none,
    @grants a_replaced_secret_of_a_client_is_none,
    @grants clients_of_their_own_get_sessions_at_once,
    @grants of_many_uses_of_a_code_one_wins_and_its_session_ends,
    @grants of_many_uses_of_a_pushed_request_one_is_served,
    @once an_identifier_counts_once_until_it_is_cleaned_away,
    @once of_many_uses_of_an_identifier_one_is_first,
    @once used_identifiers_go_in_bounded_batches,
    @keeping a_changed_step_of_the_tables_is_refused,
    @keeping a_lost_key_costs_what_was_hashed_and_nothing_else,
    @keeping a_newer_database_is_refused,
    @keeping another_key_opens_nothing,
    @keeping hashes_from_before_the_key_are_put_under_it,
    @keeping what_is_over_goes_in_bounded_batches,
);

async fn begin(store: &Store, id: &str, ends_at: u64) -> bool {
    begin_knowing(store, id, ends_at, 0).await
}

/// Begins a session for a user who had been changed so often when the password was compared.
async fn begin_knowing(store: &Store, id: &str, ends_at: u64, changes: i64) -> bool {
    let new = NewSession {
        id,
        subject: "1",
        client_id: "web",
        tenant: "north",
        roles: &["user".to_owned()],
        changes,
        now: NOW,
        ends_at,
        access_hash: token_hash(format!("access {id}").as_bytes()),
        access_expires_at: NOW + 100,
        refresh_hash: token_hash(format!("refresh {id}").as_bytes()),
    };
    store.begin_session(&new).await.unwrap()
}

async fn counts(store: &Store) -> [i64; 5] {
    let mut counts = [0; 5];
    for (count, statement) in counts.iter_mut().zip([
        "SELECT count(*) FROM issued_tokens",
        "SELECT count(*) FROM sessions",
        "SELECT count(*) FROM refresh_tokens",
        "SELECT count(*) FROM join_tokens",
        "SELECT count(*) FROM revocations",
    ]) {
        let row: Option<(i64,)> = store.database.row(statement, &[]).await.unwrap();
        *count = row.unwrap().0;
    }
    counts
}

#[tokio::test]
async fn writing_waits_for_the_disk() {
    let ground = Ground::sqlite().await;
    let Database::Sqlite(database) = &ground.store.database else {
        panic!("{:?}", ground.store);
    };
    let mut read = database.reads.take().await.unwrap();
    let mut turn = database.writes.begin().await.unwrap();
    for connection in [read.connection(), turn.connection().unwrap()] {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let busy: i64 = sqlx::query_scalar("PRAGMA busy_timeout")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(
            (mode.as_str(), synchronous, keys, busy),
            ("wal", 2, 1, 5_000)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_waits_for_the_disk_whatever_its_default_is() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    for (default, expected) in [
        ("off", "on"),
        ("local", "local"),
        ("remote_apply", "remote_apply"),
    ] {
        let url = cluster.database(default).unwrap();
        let url = format!("{url}?options=-csynchronous_commit%3D{default}");
        let store = Store::open(&Place::Postgres(Secret::from(url)), key())
            .await
            .unwrap();
        let statement = "SELECT current_setting('synchronous_commit')";
        let row: Option<(String,)> = store.database.row(statement, &[]).await.unwrap();
        assert_eq!(row.unwrap().0, expected);
        store.close().await;
    }
}

#[tokio::test]
async fn a_url_that_is_none_appears_in_no_error() {
    for url in ["mysql://vauban:hunter2@db/authority", "postgres://[hunter2"] {
        let error = Store::open(&Place::Postgres(Secret::from(url)), key()).await;
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::Url));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

/// The transaction that ends a session tells the others, when it has become true.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_tells_others_what_ended() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let ground = Ground::postgres(&cluster, "ended").await;
    let mut ended = ground.another().await.listen().await.unwrap().unwrap();
    for session in ["a", "b"] {
        assert!(begin(&ground.store, session, ENDS).await);
    }
    let store = &ground.store;
    assert!(store.end_session("a", "logout", "d", NOW).await.unwrap());
    assert_eq!(ended.next().await.unwrap(), "a");
    assert!(store.change_user("1", Change::Disabled, NOW).await.unwrap());
    assert_eq!(ended.next().await.unwrap(), "b");
    cluster.crash().unwrap();
    assert!(ended.next().await.is_err());
    let sqlite = Ground::sqlite().await;
    assert!(sqlite.store.listen().await.unwrap().is_none());
}
