use super::back_off;

#[test]
fn back_off_doubles_up_to_its_limit() {
    let seconds: Vec<_> = [1, 2, 3, 6, 7, 8, 64, 65, u32::MAX]
        .map(|failures| back_off(failures).as_secs())
        .to_vec();
    assert_eq!(seconds, [1, 2, 4, 32, 60, 60, 60, 60, 60]);
}
