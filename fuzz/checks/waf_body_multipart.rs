//! Multipart: no panic, and the contents of all parts together are no longer than the body.

use vauban_waf::body::{MultipartLimits, Parts, multipart};

#[derive(Default)]
struct Sum(usize);

impl Parts for Sum {
    fn field(&mut self, _name: &[u8], value: &[u8]) -> bool {
        self.0 += value.len();
        true
    }

    fn file(&mut self, _name: &[u8], filename: &[u8], content: &[u8]) -> bool {
        assert!(!filename.is_empty());
        self.0 += content.len();
        true
    }

    fn part_header(&mut self, _part_name: &[u8], header_line: &[u8]) -> bool {
        assert!(!header_line.ends_with(b"\n"));
        true
    }
}

pub(crate) fn check(data: &[u8]) {
    // The first line is the content type.
    let end = data
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(data.len());
    let (content_type, body) = data.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let mut sum = Sum::default();
    for content_type in [content_type, b"multipart/form-data; boundary=0"] {
        sum.0 = 0;
        if let Err(failure) = multipart(body, content_type, &MultipartLimits::default(), &mut sum) {
            assert!(failure.flags.strict_error());
        }
        assert!(sum.0 <= body.len());
    }
}
