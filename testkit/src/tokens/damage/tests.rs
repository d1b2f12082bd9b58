use super::*;

#[test]
fn damages_are_small_and_the_same_each_time() {
    let text = b"{\"sub\":\"1001\",\"exp\":1800000000}";
    let all = damaged(text);
    assert_eq!(all, damaged(text));
    assert_eq!(all.len(), 32);
    let changed = all.iter().filter(|damaged| damaged.as_slice() != text);
    assert!(changed.count() > 28, "a damage may undo itself, rarely");
    assert!(
        all.iter()
            .all(|damaged| damaged.len().abs_diff(text.len()) <= 2)
    );
    assert_eq!(damaged(b"").len(), 32);
}
