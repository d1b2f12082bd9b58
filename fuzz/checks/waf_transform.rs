//! Every transformation of any value: no panic, a bounded result, nothing changed where no trigger is, and a changed value is
//! another one.

use vauban_waf::transform::{ByteSet, Transformation, UnicodeMap};

pub(crate) fn check(input: &[u8]) {
    let map =
        UnicodeMap::parse(b"20127 (US-ASCII)\n00e9:65 ff1c:3c", 20127).expect("it is a mapping");
    let bytes = ByteSet::of_value(input);
    let mut out = Vec::new();
    for transformation in Transformation::ALL {
        if !transformation.apply(input, &map, &mut out) {
            continue;
        }
        assert!(
            out.len() <= transformation.output_max(input.len()),
            "{transformation:?}"
        );
        assert_ne!(out, input, "{transformation:?}");
        if let Some(triggers) = transformation.triggers(&map) {
            assert!(triggers.intersects(bytes), "{transformation:?}");
        }
    }
    // Text of a mapping is not hostile, but it is not trusted to be well formed either.
    drop(UnicodeMap::parse(input, 1));
}
