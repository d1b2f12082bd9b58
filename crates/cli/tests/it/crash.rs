//! Processes die at random, and the file system forgets what was never synced; nothing acknowledged is missing afterwards.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vauban_testkit::Unsynced;

use crate::house::{House, Tokens, bearer, text};

/// Members that are killed.
const MEMBERS: [&str; 8] = [
    "edge",
    "authority",
    "guard-accounts",
    "guard-payments",
    "guard-images",
    "service-accounts",
    "service-payments",
    "service-images",
];

/// A small generator; its seed is printed when the test fails.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Another one each time; a failure is told together with it.
#[expect(
    clippy::disallowed_methods,
    reason = "the seed is the test's own, and printed"
)]
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    println!("seed {}", now.as_secs());
    now.as_secs()
}

fn kill(pid: u32) {
    drop(Command::new("kill").args(["-9", &pid.to_string()]).output());
}

/// One acknowledged transfer.
struct Booked {
    id: String,
    decision: String,
}

/// Makes transfers until `wanted` are acknowledged, retrying each under its own key; `between` runs before each try.
fn transfers(house: &House, wanted: usize, mut between: impl FnMut(usize)) -> Vec<Booked> {
    let mut tokens: Tokens = house.login("alice");
    let mut booked = Vec::new();
    let mut tries = 0;
    while booked.len() < wanted {
        between(tries);
        tries += 1;
        assert!(
            tries < wanted * 40,
            "the bank never recovered: {} of {wanted}",
            booked.len()
        );
        let key = format!("crash-{:06}", booked.len());
        match house.try_transfer(&tokens.access, &key, 500_101, 500_102, 1) {
            Some(answer) if answer.status == 201 => booked.push(Booked {
                id: answer.json()["id"].to_string(),
                decision: answer.decision().to_owned(),
            }),
            Some(answer) if answer.status == 401 => tokens = house.login("alice"),
            Some(answer) => {
                assert!(
                    [429, 500, 502, 503, 504].contains(&answer.status),
                    "{}: {answer:?}",
                    booked.len()
                );
                std::thread::park_timeout(Duration::from_millis(100));
            }
            None => std::thread::park_timeout(Duration::from_millis(100)),
        }
    }
    booked
}

/// Balanced ledger, whole chains, every acknowledged transfer in both.
fn judge(house: &House, booked: &[Booked]) {
    let said = house.vauban(&["audit", "verify"]);
    assert!(said.status.success(), "{}", text(&said));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let balances = runtime
        .block_on(vauban_bank::ledger_balances(
            &vauban_bank::Database::Sqlite(house.state.join("data/bank.db")),
        ))
        .unwrap();
    assert!(
        balances.transfers >= i64::try_from(booked.len()).unwrap(),
        "{balances:?}"
    );
    let mut ids: Vec<&str> = booked.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(
        ids.len(),
        booked.len(),
        "two keys were answered with one transfer"
    );
    let token = house.login("alice").access;
    for one in booked {
        let path = format!("/transfers/{}", one.id.trim_matches('"'));
        let mut answer = house.get(&path, &token);
        for _ in 0..10 {
            if answer.status == 429 {
                std::thread::park_timeout(Duration::from_secs(1));
                answer = house.get(&path, &token);
            }
        }
        assert_eq!(
            answer.status, 200,
            "an acknowledged transfer is missing: {answer:?}"
        );
    }
    for one in booked {
        let events = vauban_audit::find(&house.state.join("audit"), &one.decision).unwrap();
        assert!(
            events.iter().any(|event| event.line == "service-payments"),
            "the acknowledged transfer `{}` left no event",
            one.decision
        );
    }
}

#[test]
fn any_process_may_be_killed_at_any_time() {
    let seed = seed();
    let house = House::start();
    let mut dice = Dice(seed | 1);
    let booked = transfers(&house, 200, |_| {
        if dice.roll(12) == 0 {
            let index = usize::try_from(dice.roll(MEMBERS.len() as u64)).unwrap();
            kill(house.pid(MEMBERS[index]));
        }
    });
    judge(&house, &booked);
}

/// Refusals that were answered: each decision id has to be in the audit afterwards.
fn refusals(house: &House, token: &str) -> Vec<String> {
    let asked = [
        (house.get("/api/v1/admin/profiles", token), 403),
        (house.get("/accounts/500201/statements", token), 404),
        (house.get("/api/v1/user/profile/1002", "no-token"), 401),
        (house.get("/nowhere", token), 404),
        (
            house.transfer(token, "theft-0001", 500_201, 500_101, 1),
            404,
        ),
    ];
    asked
        .into_iter()
        .map(|(answer, due)| {
            assert_eq!(answer.status, due, "{answer:?}");
            assert!(!answer.decision().is_empty(), "{answer:?}");
            answer.decision().to_owned()
        })
        .collect()
}

/// Every process of the house, the supervisor last, so that nobody drains or is started again.
fn all_pids(house: &House) -> Vec<String> {
    let members = MEMBERS.iter().map(|member| house.pid(member));
    members
        .chain([house.supervisor()])
        .map(|pid| pid.to_string())
        .collect()
}

fn kill_all(pids: &[String]) {
    let killed = Command::new("kill").arg("-9").args(pids).output().unwrap();
    assert!(killed.status.success(), "{}", text(&killed));
}

/// Loses what was never flushed, as soon as the last process is gone.
fn crash(disk: &Unsynced, house: &House) -> vauban_testkit::Report {
    for _ in 0..200 {
        match disk.crash(&house.state) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::park_timeout(Duration::from_millis(50));
            }
            report => return report.unwrap(),
        }
    }
    panic!("a killed process is still there");
}

#[test]
fn what_was_never_flushed_may_be_lost_and_nothing_acknowledged_is() {
    let seed = seed();
    let mut dice = Dice(seed | 1);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let disk = Unsynced::build().unwrap();
    let environment = disk.environment(&state).unwrap();
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut house = House::on(&state, &environment);

    let mut booked = transfers(&house, 60, |_| ());
    let bob = house.login("bob");
    let goodbye = house.curl("POST", "/auth/logout", &[&bearer(&bob.access)], None);
    assert_eq!(goodbye.status, 204, "{goodbye:?}");
    let alice = house.login("alice").access;
    let refused = refusals(&house, &alice);
    booked.extend(dying_transfers(&mut house, &alice, dice.roll(400)));

    let report = crash(&disk, &house);
    println!("lost: {:#?}", report.files);
    assert!(
        report.writes_undone() > 0,
        "nothing was lost, so nothing was shown"
    );
    for watched in [
        "audit/edge/000001.seg",
        "audit/authority/000001.seg",
        "audit/service-payments/000001.seg",
        "authority/authority.db-wal",
        "data/bank.db-wal",
    ] {
        let flushed = report
            .flushed
            .get(&state.canonicalize().unwrap().join(watched));
        assert!(
            flushed.is_some_and(|writes| *writes > 2),
            "`{watched}` was not watched: {flushed:?}"
        );
    }
    drop(house);
    let house = House::on(&state, &[]);
    judge(&house, &booked);
    for decision in &refused {
        let events = vauban_audit::find(&state.join("audit"), decision).unwrap();
        assert!(
            events.iter().any(|event| event.status >= 400),
            "the acknowledged refusal `{decision}` left no event"
        );
    }
    let again = house.get("/accounts", &bob.access);
    assert_eq!(again.status, 401, "a revoked token came back: {again:?}");
}

/// Makes transfers while, after so many milliseconds, everything is killed; those that were acknowledged.
fn dying_transfers(house: &mut House, token: &str, after_ms: u64) -> Vec<Booked> {
    let mut booked = Vec::new();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let pids = all_pids(house);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            std::thread::park_timeout(Duration::from_millis(after_ms));
            kill_all(&pids);
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !stop.load(std::sync::atomic::Ordering::SeqCst) {
            let key = format!("dying-{:06}", booked.len());
            match house.try_transfer(token, &key, 500_101, 500_102, 1) {
                Some(answer) if answer.status == 201 => booked.push(Booked {
                    id: answer.json()["id"].to_string(),
                    decision: answer.decision().to_owned(),
                }),
                Some(_) | None => {}
            }
        }
        killer.join().unwrap();
    });
    house.wait();
    booked
}
