//! Processes that are killed while they write: what was acknowledged is there afterwards, and what was ended stays ended.
//!
//! On SQLite each kill is followed by the loss of all that was not flushed; on PostgreSQL the server is killed with its client.
//! `VAUBAN_KILLS` says how often; a usual run does it a few times.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use vauban_secret::Secret;
use vauban_testkit::Unsynced;
use vauban_testkit::postgres::Cluster;
use vauban_testkit::process::Process;

use super::contract::{attempt, minted};
use super::{ENDS, Ground, NOW, begin, key};
use crate::call::Unable;
use crate::identifier::token_hash;
use crate::judge::{Rotation, RotationRefusal};
use crate::store::{Place, Rotated, SessionFacts, Store};

/// Set for the child only: a file or a URL, and the name of its life.
const PLACE: &str = "VAUBAN_STORE_TEST_PLACE";
const LIFE: &str = "VAUBAN_STORE_TEST_LIFE";
const KILLS: usize = 6;
const WRITERS: usize = 4;
/// Rotations of a session before it is ended.
const ROTATIONS: usize = 3;
const LIMIT: Duration = Duration::from_mins(1);

fn kills() -> usize {
    let asked = std::env::var_os("VAUBAN_KILLS");
    asked.map_or(KILLS, |text| text.to_str().unwrap().parse().unwrap())
}

fn place(text: &str) -> Place {
    if text.starts_with("postgres:") {
        Place::Postgres(Secret::from(text))
    } else {
        Place::Sqlite(PathBuf::from(text))
    }
}

/// The child's side: sessions begin, rotate and end for ever, and each step is said when it was acknowledged. Without a place
/// there is no child.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let (Some(there), Some(life)) = (std::env::var_os(PLACE), std::env::var_os(LIFE)) else {
        return;
    };
    let (there, life) = (there.into_string().unwrap(), life.into_string().unwrap());
    let store = Store::open(&place(&there), key()).await.unwrap();
    let write = async |writer: usize| {
        for nth in 0.. {
            let id = format!("{life}-{writer}-{nth}");
            assert!(begin(&store, &id, ENDS).await);
            println!("acknowledged began {id}");
            for rotation in 0..ROTATIONS {
                assert!(rotate(&store, &id, rotation).await.is_ok());
                println!("acknowledged rotated {id} {rotation}");
            }
            // Every other one stays.
            if nth % 2 == 0 {
                assert!(store.end_session(&id, "test", "", NOW).await.unwrap());
                println!("acknowledged ended {id}");
            }
        }
    };
    tokio::join!(write(0), write(1), write(2), write(3));
}

/// The refresh token of a session after so many rotations.
fn refresh(id: &str, rotations: usize) -> String {
    if rotations == 0 {
        format!("refresh {id}")
    } else {
        format!("refresh {id} {rotations}")
    }
}

async fn rotate(store: &Store, id: &str, rotation: usize) -> Result<(), RotationRefusal> {
    let (presented, successor) = (refresh(id, rotation), refresh(id, rotation + 1));
    let attempt = attempt(&presented, &successor, &Rotation);
    let mint = |facts: &SessionFacts| {
        let mut next = minted(facts);
        next.hash = token_hash(format!("access of {successor}").as_bytes());
        Ok(next)
    };
    match store.rotate::<Unable>(&attempt, &mint).await.unwrap() {
        Rotated::Done(..) => Ok(()),
        Rotated::Again(..) => panic!("nobody has a grace here"),
        Rotated::Refused(refusal, _) => Err(refusal),
    }
}

/// What the dead are known to have done.
#[derive(Default)]
struct Acknowledged {
    /// Session → rotations.
    sessions: BTreeMap<String, usize>,
    ended: BTreeSet<String>,
}

impl Acknowledged {
    fn read(&mut self, stdout: &str) {
        // A line without its end was cut off by the kill.
        let whole = stdout
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        for line in whole {
            let Some((_, said)) = line.split_once("acknowledged ") else {
                continue;
            };
            match said.split(' ').collect::<Vec<_>>().as_slice() {
                ["began", id] => {
                    self.sessions.insert((*id).to_owned(), 0);
                }
                ["rotated", id, rotation] => {
                    let rotations = rotation.parse::<usize>().unwrap() + 1;
                    self.sessions.insert((*id).to_owned(), rotations);
                }
                ["ended", id] => {
                    self.ended.insert((*id).to_owned());
                }
                odd => panic!("{odd:?}"),
            }
        }
    }

    /// Compares with what is stored. Looking changes nothing: a second use is judged, not made.
    async fn check(&self, store: &Store) {
        for (id, rotations) in &self.sessions {
            let session = store.session(id).await.unwrap();
            let session = session.unwrap_or_else(|| panic!("{id} was lost"));
            if self.ended.contains(id) {
                assert!(session.ended, "{id} was ended and is live");
            }
            for rotation in 0..=*rotations {
                let token = token_hash(refresh(id, rotation).as_bytes());
                let known = store.session_known(&token).await;
                let (used, ended) = known.unwrap_or_else(|| panic!("{id} lost token {rotation}"));
                assert!(used || rotation == *rotations, "{id}: {rotation} is unused");
                assert_eq!(ended, session.ended, "{id}");
            }
        }
        for id in &self.ended {
            let rotations = self.sessions[id];
            let refused = rotate(store, id, rotations).await;
            assert_eq!(refused, Err(RotationRefusal::Ended), "{id}");
            let access = token_hash(format!("access {id}").as_bytes());
            assert!(store.issued(&access).await.unwrap().unwrap().session_ended);
        }
    }
}

impl Store {
    /// Whether a refresh token was used and its session ended.
    async fn session_known(&self, token: &[u8; 32]) -> Option<(bool, bool)> {
        let statement = "SELECT r.used_at, s.ended_at FROM refresh_tokens r JOIN sessions s ON s.id = r.session WHERE r.hash = $1";
        let token = self.key.of(token);
        let values = [(&token).into()];
        let row: Option<(Option<i64>, Option<i64>)> =
            self.database.row(statement, &values).await.unwrap();
        row.map(|(used, ended)| (used.is_some(), ended.is_some()))
    }
}

/// Lets a child live until it has got some way, another way each time, and kills it.
fn live_and_die(place: &str, life: usize, more: Vec<(String, String)>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store::tests::crash::child", "--nocapture"]);
    command
        .envs(more)
        .env(PLACE, place)
        .env(LIFE, life.to_string());
    let child = Process::spawn(command).unwrap();
    let (writer, nth) = (life % WRITERS, life % 5);
    let last = match life % 3 {
        0 => format!("acknowledged began {life}-{writer}-{nth}\n"),
        1 => format!("acknowledged rotated {life}-{writer}-{nth} 1\n"),
        _ => format!("acknowledged ended {life}-{writer}-{}\n", nth / 2 * 2),
    };
    child.wait_for(&last, LIMIT).unwrap();
    child.kill().unwrap();
    child.stdout()
}

fn report(name: &str, kills: usize, done: &Acknowledged) {
    let rotations: usize = done.sessions.values().sum();
    let (sessions, ended) = (done.sessions.len(), done.ended.len());
    println!(
        "{name}: {kills} kills; of {sessions} sessions, {rotations} rotations and {ended} ends that were acknowledged none was lost"
    );
    assert!(
        rotations >= kills && ended >= kills / 3,
        "too little was done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_loses_nothing_acknowledged_by_kills_and_loss_of_power() {
    let unsynced = Unsynced::build().unwrap();
    let ground = Ground::sqlite().await;
    ground.store.close().await;
    let Place::Sqlite(file) = &ground.place else {
        panic!("{:?}", ground.place);
    };
    let folder = file.parent().unwrap_or(Path::new("/"));
    let (mut done, mut undone) = (Acknowledged::default(), 0);
    for life in 0..kills() {
        let environment = unsynced.environment(folder).unwrap();
        done.read(&live_and_die(
            &file.display().to_string(),
            life,
            environment,
        ));
        let lost = unsynced.crash(folder).unwrap();
        undone += lost.writes_undone();
        let watched: u64 = lost.flushed.values().sum();
        assert!(watched > 0, "the writes of life {life} were not seen");
        let store = ground.reopen().await.unwrap();
        done.check(&store).await;
        store.close().await;
    }
    report("SQLite", kills(), &done);
    println!("writes that were not flushed and were taken away: {undone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_loses_nothing_acknowledged_by_kills() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    let ground = Ground::postgres(&cluster, "killed").await;
    ground.store.close().await;
    let Place::Postgres(url) = &ground.place else {
        panic!("{:?}", ground.place);
    };
    let url = url.expose_text().unwrap();
    let mut done = Acknowledged::default();
    for life in 0..kills() {
        done.read(&live_and_die(url, life, Vec::new()));
        cluster.crash().unwrap();
        cluster.resume().unwrap();
        let store = ground.reopen().await.unwrap();
        done.check(&store).await;
        store.close().await;
    }
    report("PostgreSQL", kills(), &done);
}
