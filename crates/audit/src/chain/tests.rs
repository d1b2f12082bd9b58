use super::*;
use crate::event::tests::sample;
use crate::medium::faulty::{Crash, Fault, Faulty};
use crate::record::{Content, unseal};
use crate::scan::segment_numbers;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    segment_bytes_max: 3_000,
    queue_events_max: 64,
    queue_bytes_max: 1 << 20,
    note_delay: std::time::Duration::from_millis(50),
    flush_apart_max: std::time::Duration::ZERO,
    head_every: 5,
};

fn open(disk: &Faulty) -> Result<(Chain, Option<Recovered>), OpenError> {
    Chain::open(Box::new(disk.clone()), "edge", LIMITS)
}

fn json(decision: &str) -> String {
    serde_json::to_string(&sample(decision).bounded()).unwrap()
}

/// Writes groups until one is not acknowledged; what was.
fn write(chain: &mut Chain, from: usize, groups: &[usize]) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for size in groups {
        let ids: Vec<String> = (0..*size)
            .map(|nth| format!("d{}", from + acknowledged.len() + nth))
            .collect();
        let events: Vec<String> = ids.iter().map(|id| json(id)).collect();
        if chain.commit(events.iter().map(String::as_bytes)).is_err() {
            break;
        }
        acknowledged.extend(ids);
        if chain.maintain().is_err() {
            break;
        }
    }
    acknowledged
}

/// The decisions that can be read before the first thing that is wrong.
fn stored(disk: &Faulty) -> Vec<String> {
    let mut decisions = Vec::new();
    let files = disk.content();
    for number in segment_numbers(disk).unwrap() {
        for line in files[&segment_name(number)].split(|byte| *byte == b'\n') {
            match unseal(line).map(|record| record.content) {
                Ok(Content::Event(event)) => decisions.push(event.decision),
                Ok(Content::Segment(_)) => {}
                Err(_) => break,
            }
        }
    }
    decisions
}

fn whole(disk: &Faulty) -> Tail {
    let Stored::Head(head) = head::read(disk, "edge").unwrap() else {
        panic!("no head")
    };
    let found = scan(disk, "edge", 1, Some(&head)).unwrap();
    assert_eq!(found.damage, None);
    assert_eq!(found.tail.torn, 0);
    found.tail
}

fn assert_contains(stored: &[String], acknowledged: &[String]) {
    let mut left = stored.iter();
    for id in acknowledged {
        assert!(
            left.any(|found| found == id),
            "{id} was acknowledged and is gone; stored: {stored:?}"
        );
    }
}

#[test]
fn segments_rotate_and_the_chain_goes_on_across_them_and_across_restarts() {
    let disk = Faulty::default();
    for round in 0..3 {
        let (mut chain, recovered) = open(&disk).unwrap();
        assert_eq!(recovered, None);
        assert_eq!(write(&mut chain, round * 100, &[3; 10]).len(), 30);
        chain.close().unwrap();
    }
    let tail = whole(&disk);
    assert_eq!(tail.events, 90);
    assert!(tail.segments > 5, "only {} segments", tail.segments);
    assert_eq!(tail.next_seq, 1 + tail.events + tail.segments);
}

#[test]
fn a_clean_restart_rewrites_nothing() {
    let disk = Faulty::default();
    let (mut chain, _) = open(&disk).unwrap();
    write(&mut chain, 0, &[2, 2]);
    chain.close().unwrap();
    let before = (disk.content(), disk.syncs());
    drop(open(&disk).unwrap());
    assert_eq!((disk.content(), disk.syncs()), before);
}

#[test]
fn an_incomplete_last_record_is_cut_off_and_said() {
    let disk = Faulty::default();
    let (mut chain, _) = open(&disk).unwrap();
    write(&mut chain, 0, &[2]);
    drop(chain);
    let name = segment_name(1);
    let whole_bytes = disk.content()[&name].clone();
    let mut torn = whole_bytes.clone();
    torn.extend_from_slice(b"{\"seq\":4,\"pr");
    disk.overwrite(&name, &torn);
    let (_, recovered) = open(&disk).unwrap();
    let offset = whole_bytes.len() as u64;
    assert_eq!(
        recovered,
        Some(Recovered {
            file: name.clone(),
            offset,
            bytes: 12
        })
    );
    assert_eq!(disk.content()[&name], whole_bytes);
}

#[test]
fn whatever_else_is_wrong_refuses_to_open_and_changes_nothing() {
    let check = |vandal: &dyn Fn(&mut Vec<u8>), message: &str| {
        let disk = Faulty::default();
        let (mut chain, _) = open(&disk).unwrap();
        write(&mut chain, 0, &[4]);
        chain.close().unwrap();
        let name = segment_name(1);
        let mut bytes = disk.content()[&name].clone();
        vandal(&mut bytes);
        disk.overwrite(&name, &bytes);
        let before = disk.content();
        let error = open(&disk).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "the audit log is damaged: {message}\nhint: nothing was changed; move the folder `edge` aside as evidence, or restore it from a copy"
            )
        );
        assert_eq!(disk.content(), before, "{message}");
    };
    let lines = |bytes: &[u8]| {
        bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    check(
        &|bytes| bytes[300] ^= 1,
        "`edge/000001.seg`, record 2 at byte 206: the content does not match its own hash",
    );
    check(
        &|bytes| *bytes = [lines(bytes)[0].clone(), lines(bytes)[2..].concat()].concat(),
        "`edge/000001.seg`, record 2 at byte 206: it has sequence number 3 where 2 is due",
    );
    check(
        &|bytes| bytes.truncate(lines(bytes)[..4].concat().len()),
        "`edge/000001.seg`: the log ends before sequence number 5, which `head` remembers: records were cut off",
    );
    // A crash does not tear a record that `head` already remembers.
    check(
        &|bytes| bytes.truncate(bytes.len() - 1),
        "`edge/000001.seg`: the log ends before sequence number 5, which `head` remembers: records were cut off",
    );
    check(
        &Vec::clear,
        "`edge/000001.seg`: the log ends before sequence number 5, which `head` remembers: records were cut off",
    );
    check(
        &|bytes| bytes.insert(0, b'\n'),
        "`edge/000001.seg`, record 1 at byte 0: this is not a record",
    );
    check(
        &|bytes| bytes.extend(vec![0; 70_000]),
        "`edge/000001.seg`, record 6 at byte 2002: the record is longer than 65536 bytes",
    );
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![Just(Fault::Error), Just(Fault::Death)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two lives, each ended at a chosen step, each followed by a loss of power or a mere restart.
    #[test]
    fn what_was_acknowledged_survives_any_crash(
        groups in prop::collection::vec(1..5_usize, 1..12),
        ends in prop::array::uniform2((1..70_u64, fault(), any::<bool>(), any::<u64>())),
    ) {
        let disk = Faulty::default();
        let mut acknowledged = Vec::new();
        for (life, (step, fault, power, seed)) in ends.into_iter().enumerate() {
            disk.fail_at(step, fault);
            if let Ok((mut chain, _)) = open(&disk) {
                acknowledged.extend(write(&mut chain, life * 1_000, &groups));
            }
            if power { disk.crash(Crash::Prefix, seed) } else { disk.restart() }
            assert_contains(&stored(&disk), &acknowledged);
        }
        let (mut chain, _) = open(&disk).unwrap();
        acknowledged.extend(write(&mut chain, 9_000, &[2]));
        // What was read back after a failed flush must be on the disk as well.
        disk.crash(Crash::Prefix, 1);
        drop(open(&disk).unwrap());
        assert_contains(&stored(&disk), &acknowledged);
        whole(&disk);
    }

    /// A disk that writes blocks in any order may leave holes: then either nothing is wrong, or the log refuses, keeps
    /// every byte, and the damage lies behind everything that was acknowledged.
    #[test]
    fn holes_never_cost_what_was_acknowledged(
        groups in prop::collection::vec(1..5_usize, 1..12),
        step in 1..70_u64,
        seed in any::<u64>(),
    ) {
        let disk = Faulty::default();
        disk.fail_at(step, Fault::Death);
        let acknowledged = open(&disk).map(|(mut chain, _)| write(&mut chain, 0, &groups)).unwrap_or_default();
        disk.crash(Crash::Reordered, seed);
        let before = disk.content();
        match open(&disk) {
            Ok(_) => { whole(&disk); }
            Err(OpenError::Damaged { .. }) => assert_eq!(disk.content(), before),
            Err(error) => panic!("{error}"),
        }
        assert_contains(&stored(&disk), &acknowledged);
    }
}
