use crate::sample::{event, write};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use vauban_audit::{Log, OpenError, Report, verify};

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Path) -> Files {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

fn restore(folder: &Path, files: &Files) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn first_damage(report: &Report) -> String {
    report
        .first_damage()
        .map_or("none".to_owned(), ToString::to_string)
}

#[tokio::test]
async fn whole_chains_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "edge", 40).await;
    write(dir.path(), "edge", 2).await;
    write(dir.path(), "guard-accounts", 3).await;
    std::fs::write(dir.path().join("note.txt"), "not a line").unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.is_intact(), "{}", first_damage(&report));
    let counts: Vec<_> = report
        .lines
        .iter()
        .map(|line| {
            (
                line.line.as_str(),
                line.segments,
                line.events,
                line.last_seq,
            )
        })
        .collect();
    assert_eq!(counts, [("edge", 5, 42, 47), ("guard-accounts", 1, 3, 4)]);
    let text = String::from_utf8(files(&dir.path().join("edge"))["head"].clone()).unwrap();
    assert!(text.contains(&report.lines[0].last_hash), "{text}");
    let missing = verify(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert_eq!(
        missing,
        format!("cannot verify `{}`", dir.path().join("nowhere").display())
    );
}

type Edit<'a> = &'a dyn Fn(&mut Vec<Vec<u8>>);

fn edit(files: &mut Files, name: &str, edit: Edit<'_>) {
    let mut found = lines(&files[name]);
    edit(&mut found);
    files.insert(name.to_owned(), found.concat());
}

/// Two lines' whole logs, to be vandalised.
struct Logs {
    whole: Files,
    other: Files,
}

impl Logs {
    async fn written() -> Self {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "edge", 40).await;
        write(dir.path(), "other", 40).await;
        Self {
            whole: files(&dir.path().join("edge")),
            other: files(&dir.path().join("other")),
        }
    }

    fn check(&self, vandal: &dyn Fn(&mut Files), due: &str) {
        let dir = tempfile::tempdir().unwrap();
        let mut changed = self.whole.clone();
        vandal(&mut changed);
        restore(&dir.path().join("edge"), &changed);
        assert_eq!(first_damage(&verify(dir.path()).unwrap()), due);
    }
}

#[tokio::test]
async fn every_damage_to_a_record_is_named_where_it_is() {
    let logs = Logs::written().await;
    let check = |vandal: &dyn Fn(&mut Files), due: &str| logs.check(vandal, due);
    check(&|_| (), "none");
    check(
        &|files| edit(files, "000003.seg", &|lines| lines[2][100] ^= 1),
        "`edge/000003.seg`, record 3 at byte 651: the content does not match its own hash",
    );
    check(
        &|files| edit(files, "000002.seg", &|lines| drop(lines.remove(3))),
        "`edge/000002.seg`, record 4 at byte 1094: it has sequence number 15 where 14 is due",
    );
    check(
        &|files| edit(files, "000002.seg", &|lines| lines.swap(3, 4)),
        "`edge/000002.seg`, record 4 at byte 1094: it has sequence number 15 where 14 is due",
    );
    check(
        &|files| {
            edit(files, "000002.seg", &|lines| {
                lines.insert(3, lines[2].clone());
            });
        },
        "`edge/000002.seg`, record 4 at byte 1094: it has sequence number 13 where 14 is due",
    );
}

#[tokio::test]
async fn every_damage_to_a_file_is_named_where_it_is() {
    let logs = Logs::written().await;
    let check = |vandal: &dyn Fn(&mut Files), due: &str| logs.check(vandal, due);
    check(
        &|files| drop(files.remove("000001.seg")),
        "`edge/000001.seg`: the file is missing",
    );
    check(
        &|files| drop(files.remove("000003.seg")),
        "`edge/000003.seg`: the file is missing",
    );
    check(
        &|files| drop(files.remove("000005.seg")),
        "`edge/000005.seg`: the file is missing",
    );
    check(
        &|files| drop(files.remove("head")),
        "`edge/head`: the file is missing, though events exist",
    );
    check(
        &|files| drop(files.insert("head".to_owned(), b"{}".to_vec())),
        "`edge/head`: the file cannot be read as the head of this line",
    );
    check(
        &|files| edit(files, "000005.seg", &|lines| drop(lines.pop())),
        "`edge/000005.seg`: the log ends before sequence number 45, which `head` remembers: records were cut off",
    );
    check(
        &|files| {
            edit(files, "000002.seg", &|lines| {
                assert_eq!(lines.last_mut().unwrap().pop(), Some(b'\n'));
            });
        },
        "`edge/000002.seg`, record 10 at byte 3758: the record is incomplete, though a later segment exists",
    );
    check(
        &|files| edit(files, "000002.seg", &|lines| drop(lines.remove(0))),
        "`edge/000002.seg`, record 1 at byte 0: a segment must begin with the record that names it",
    );
    check(
        &|files| edit(files, "000002.seg", &|lines| lines.clear()),
        "`edge/000002.seg`, record 1 at byte 0: a segment must begin with the record that names it",
    );
    check(
        &|files| {
            edit(files, "000002.seg", &|lines| {
                lines.insert(1, lines[0].clone());
            });
        },
        "`edge/000002.seg`, record 2 at byte 207: the record that names a segment stands inside one",
    );
    check(
        &|files| drop(files.insert("000002.seg".to_owned(), logs.whole["000003.seg"].clone())),
        "`edge/000002.seg`, record 1 at byte 0: the segment calls itself number 3",
    );
    check(
        &|files| drop(files.insert("000002.seg".to_owned(), logs.other["000002.seg"].clone())),
        "`edge/000002.seg`, record 1 at byte 0: the segment belongs to another line",
    );
    check(
        &|files| drop(files.insert("000002.seg".to_owned(), vec![b'x'; 100_000])),
        "`edge/000002.seg`, record 1 at byte 0: the record is longer than 65536 bytes",
    );
}

#[tokio::test]
async fn another_history_of_the_same_length_is_not_the_one_that_head_remembers() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("one"), "edge", 3).await;
    let (log, writer) = Log::open(&dir.path().join("two"), "edge").unwrap();
    for _ in 0..3 {
        log.record(event("edge", "forged")).await.unwrap();
    }
    log.close().await.unwrap();
    writer.wait().unwrap();
    let forged = dir.path().join("two/edge/000001.seg");
    std::fs::copy(&forged, dir.path().join("one/edge/000001.seg")).unwrap();
    let damage = first_damage(&verify(&dir.path().join("one")).unwrap());
    assert!(
        damage.ends_with("it is not the record that `head` remembers"),
        "{damage}"
    );
}

#[tokio::test]
async fn an_incomplete_last_record_is_reported_and_cut_off_at_open() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "edge", 3).await;
    let segment = dir.path().join("edge/000001.seg");
    let whole = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, [whole.as_slice(), b"{\"seq\":5"].concat()).unwrap();
    let report = verify(dir.path()).unwrap();
    assert!(report.is_intact(), "{}", first_damage(&report));
    assert_eq!(report.lines[0].torn_bytes, 8);
    let (log, writer) = Log::open(dir.path(), "edge").unwrap();
    assert_eq!(writer.recovered().map(|cut| cut.bytes), Some(8));
    assert_eq!(std::fs::read(&segment).unwrap(), whole);
    let busy = Log::open(dir.path(), "edge").unwrap_err();
    assert_eq!(
        busy.to_string(),
        "the audit log of `edge` is in use by another process"
    );
    log.close().await.unwrap();
    writer.wait().unwrap();
    assert!(!matches!(
        Log::open(dir.path(), "edge"),
        Err(OpenError::Busy { .. })
    ));
}

/// One act of vandalism on the records of all segments, seen as one text.
#[derive(Clone, Debug)]
enum Act {
    Flip { byte: usize, bit: u8 },
    Delete { record: usize },
    Insert { record: usize, copy_of: usize },
    Swap { one: usize, other: usize },
    Truncate { length: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let any = || any::<usize>();
    prop_oneof![
        (any(), 0..8_u8).prop_map(|(byte, bit)| Act::Flip { byte, bit }),
        any().prop_map(|record| Act::Delete { record }),
        (any(), any()).prop_map(|(record, copy_of)| Act::Insert { record, copy_of }),
        (any(), any()).prop_map(|(one, other)| Act::Swap { one, other }),
        any().prop_map(|length| Act::Truncate { length }),
    ]
}

fn apply(bytes: &[u8], act: &Act) -> Vec<u8> {
    let mut records = lines(bytes);
    let count = records.len();
    match act {
        Act::Flip { byte, bit } => {
            let mut changed = bytes.to_vec();
            changed[byte % bytes.len()] ^= 1 << bit;
            return changed;
        }
        Act::Truncate { length } => return bytes[..length % bytes.len()].to_vec(),
        Act::Delete { record } => drop(records.remove(record % count)),
        Act::Insert { record, copy_of } => {
            records.insert(record % (count + 1), records[copy_of % count].clone());
        }
        Act::Swap { one, other } => records.swap(one % count, other % count),
    }
    records.concat()
}

#[test]
fn any_act_on_any_segment_is_detected() {
    let dir = tempfile::tempdir().unwrap();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(write(dir.path(), "edge", 14));
    let folder = dir.path().join("edge");
    let segments: Vec<_> = files(&folder)
        .into_iter()
        .filter(|(name, _)| name != "head" && name != "lock")
        .collect();
    let config = ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(which in any::<prop::sample::Index>(), act in act())| {
        let (name, whole) = which.get(&segments);
        let changed = apply(whole, &act);
        prop_assume!(changed != *whole);
        std::fs::write(folder.join(name), &changed).unwrap();
        let report = verify(dir.path()).unwrap();
        std::fs::write(folder.join(name), whole).unwrap();
        prop_assert!(!report.is_intact(), "{name}: {act:?} went unseen");
    });
}
