//! Processes die at random, and the file system forgets what was never synced; nothing acknowledged is missing afterwards.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::house::{House, Tokens, text};

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
                std::thread::park_timeout(std::time::Duration::from_millis(100));
            }
            None => std::thread::park_timeout(std::time::Duration::from_millis(100)),
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
        let answer = house.get(&format!("/transfers/{}", one.id.trim_matches('"')), &token);
        if answer.status == 429 {
            std::thread::park_timeout(std::time::Duration::from_secs(1));
            continue;
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
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    println!("seed {seed}");
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
