//! XML: no panic, and no more text than bytes (a byte of ISO-8859-1 is two of UTF-8).

use vauban_waf::body::{XmlLimits, XmlValues, xml};

pub(crate) fn check(data: &[u8]) {
    let mut values = XmlValues::default();
    let _ended = xml(data, &XmlLimits::default(), &mut values);
    let text = values.text().map_or(0, <[u8]>::len);
    let attributes: usize = values.attributes().map(<[u8]>::len).sum();
    assert!(text + attributes <= 2 * data.len());
}
