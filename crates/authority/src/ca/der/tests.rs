use super::signature;

#[test]
fn integers_are_short_and_positive() {
    let mut raw = [0_u8; 64];
    assert_eq!(signature(&raw), [0x30, 6, 2, 1, 0, 2, 1, 0]);
    raw[31] = 0x7f;
    raw[63] = 0x80;
    assert_eq!(signature(&raw), [0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80]);
    raw = [0xff; 64];
    let whole = signature(&raw);
    assert_eq!(whole[..5], [0x30, 70, 2, 33, 0]);
    assert_eq!(whole.len(), 72);
}
