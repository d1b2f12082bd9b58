//! How long issuing takes while expired rows go. The figures are printed, not asserted: they depend on the machine. With
//! `VAUBAN_EXPIRED_ROWS=1000000` this is the measure of docs/storage.md.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use vauban_net::task;
use vauban_testkit::postgres::Cluster;

use super::contract::keeping::seed;
use super::{ENDS, Ground, NOW, begin, counts};
use crate::store::Store;

/// Expired rows in a usual run.
const ROWS: u64 = 4_000;
/// Sessions that begin before they go: more, the longer it will take, since others use the machine too.
fn samples() -> usize {
    usize::try_from(rows() / 100).unwrap().clamp(200, 10_000)
}

fn rows() -> i64 {
    let asked = std::env::var_os("VAUBAN_EXPIRED_ROWS");
    let rows = asked.map_or(ROWS, |text| text.to_str().unwrap().parse().unwrap());
    i64::try_from(rows).unwrap()
}

/// Begins sessions as they come, one after the other, until both are true: enough of them, and the work is over.
async fn issue(store: &Store, name: &str, work: Option<JoinHandle<()>>) -> Vec<Duration> {
    let mut taken = Vec::new();
    // As they come: not all the time.
    let mut arrivals = interval(Duration::from_millis(3));
    arrivals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while taken.len() < samples() || work.as_ref().is_some_and(|work| !work.is_finished()) {
        arrivals.tick().await;
        let begun = Instant::now();
        assert!(begin(store, &format!("{name}{}", taken.len()), ENDS).await);
        taken.push(begun.elapsed());
    }
    if let Some(work) = work {
        work.await.unwrap();
    }
    taken.sort_unstable();
    taken
}

async fn measure(name: &str, ground: &Ground) {
    let store = &ground.store;
    // Of each seeded session three rows go: itself, its access token, its refresh token; and a join token.
    seed(store, rows() / 4).await;
    let before = issue(store, "before", None).await;
    let cleaning = store.clone();
    let begun = Instant::now();
    let work = task::spawn("clean", async move {
        cleaning.clean_all(NOW + 60).await.unwrap();
    });
    let during = issue(store, "during", Some(work)).await;
    let (seconds, rows) = (begun.elapsed().as_secs_f32(), rows());
    let issued = i64::try_from(before.len() + during.len()).unwrap();
    assert_eq!(counts(store).await, [issued, issued, issued, 0, 0]);
    let at = |all: &[Duration], share: usize| all[all.len() * share / 100];
    for share in [50, 99] {
        let (before, during) = (at(&before, share), at(&during, share));
        println!(
            "{name}: {rows} expired rows in {seconds:.1} s, p{share} of issue before {before:?}, during {during:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn issue_goes_on_while_expired_rows_go_from_a_file() {
    measure("SQLite", &Ground::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issue_goes_on_while_expired_rows_go_from_a_server() {
    let Some(cluster) = Cluster::start().unwrap() else {
        return;
    };
    measure("PostgreSQL", &Ground::postgres(&cluster, "cleaning").await).await;
}
