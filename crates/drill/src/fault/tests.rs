use std::collections::BTreeSet;

use vauban_attack::Template;

use super::{ALL, Extent, Fault, Kind, LOSSES, STORIES};

fn check(extent: Extent, expected: &[&str]) {
    let columns = extent.columns();
    let ids: Vec<&str> = columns.iter().map(|column| column.id.as_str()).collect();
    assert_eq!(ids, expected);
}

#[test]
fn each_extent_begins_with_all_up_and_has_all_down() {
    check(
        Extent::Quick,
        &[
            "all-up",
            "edge.token",
            "guard.ownership",
            "library.edge",
            "all-down",
        ],
    );
    check(
        Extent::Story(&STORIES[2]),
        &[
            "all-up",
            "guard.peer",
            "guard.token",
            "guard.session",
            "all-down",
        ],
    );
    let full = Extent::Full.columns();
    assert_eq!(full.len(), 2 + LOSSES.len() + 10);
    assert!(full.iter().skip(15).all(|column| column.kind == Kind::Solo));
}

#[test]
fn a_solo_run_spares_its_control_and_the_truth_of_libraries() {
    for column in Extent::Full
        .columns()
        .iter()
        .filter(|column| column.kind == Kind::Solo)
    {
        assert_eq!(ALL.len() - column.down.len(), 3, "{}", column.id);
        assert!(
            !column.down.contains(&Fault::EdgeLibrary) && !column.forge_with_access_key,
            "{}",
            column.id
        );
    }
}

#[test]
fn every_control_loss_is_open_in_the_all_down_run() {
    let all: BTreeSet<Fault> = ALL.iter().copied().collect();
    assert_eq!(all.len(), ALL.len());
    assert!(LOSSES.iter().all(|loss| all.contains(&loss.fault)));
}

#[test]
fn stories_name_attacks_and_losses_that_exist() {
    for story in STORIES {
        assert!(
            story.rows.iter().all(|row| Template::find(row).is_some()),
            "{}",
            story.id
        );
        let known = |id: &&str| LOSSES.iter().any(|loss| loss.id == *id);
        assert!(story.losses.iter().all(known), "{}", story.id);
    }
}
