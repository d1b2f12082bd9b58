//! An answer against its operation.

use super::accept::{find_media, judge_json};
use super::{AnswerContract, Content, StatusPattern, Violation};
use crate::openapi::Operation;

impl Operation {
    /// The contract for a status: the exact one beats its hundred, which beats `default`.
    pub fn answer(&self, status: u16) -> Option<&AnswerContract> {
        let find = |pattern: StatusPattern| {
            self.answers
                .iter()
                .find(move |answer| answer.status == pattern)
        };
        find(StatusPattern::Exactly(status))
            .or_else(|| find(StatusPattern::Hundred(status / 100)))
            .or_else(|| find(StatusPattern::Any))
    }

    /// Accepts exactly what the document declares to be answered.
    pub fn accept_answer(
        &self,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), Vec<Violation>> {
        let Some(contract) = self.answer(status) else {
            return Err(vec![Violation::body(
                "",
                format!("status {status} is not declared"),
            )]);
        };
        if body.is_empty() {
            let wants_body = !contract.media.is_empty() && self.method != "HEAD";
            return if wants_body {
                Err(vec![Violation::body("", "is missing")])
            } else {
                Ok(())
            };
        }
        if contract.media.is_empty() {
            return Err(vec![Violation::body(
                "",
                format!("status {status} has no body"),
            )]);
        }
        let Some(media) = find_media(&contract.media, content_type) else {
            return Err(vec![Violation::body(
                "",
                "has a media type that is not declared",
            )]);
        };
        let violations = match &media.content {
            Content::Json(schema) => judge_json(schema, body),
            Content::Opaque {
                bytes_max: Some(max),
            } if u64::try_from(body.len()).is_ok_and(|length| length > *max) => {
                vec![Violation::body("", format!("is longer than {max} bytes"))]
            }
            Content::Opaque { .. } => Vec::new(),
        };
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations)
        }
    }
}
