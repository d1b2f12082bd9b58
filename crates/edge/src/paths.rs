//! Paths as they may be written down: parameters under the name of a credential are left out.

use std::collections::BTreeMap;

use vauban_http::CanonicalPath;
use vauban_policy::{PathTemplate, Plan, Segment};

use crate::inspect::is_credential;

#[cfg(test)]
mod tests;

/// Stands for a segment that must not be written down.
const CUT: &str = "…";

/// The templates of a plan with a credential in them, worked out before the first request.
#[derive(Debug, Default)]
pub(crate) struct Paths(BTreeMap<String, Vec<bool>>);

impl Paths {
    /// Of all routes.
    pub(crate) fn of(plan: &Plan) -> Self {
        let routes = plan.routes.iter().map(|route| &route.path);
        Self::of_templates(routes, &plan.waf.redact)
    }

    fn of_templates<'t>(
        templates: impl Iterator<Item = &'t PathTemplate>,
        words: &[String],
    ) -> Self {
        let hidden = |segment: &Segment| match segment {
            Segment::Literal(_) => false,
            Segment::Parameter(name) => is_credential(name, words),
        };
        let all = templates.map(|template| {
            let segments = template.segments().iter().map(hidden).collect();
            (template.as_str().to_owned(), segments)
        });
        Self(
            all.filter(|(_, hidden): &(_, Vec<bool>)| hidden.contains(&true))
                .collect(),
        )
    }

    /// The path without what must not be written down; none when all of it may be.
    pub(crate) fn shown(&self, template: &PathTemplate, path: &CanonicalPath) -> Option<String> {
        let hidden = self.0.get(template.as_str())?;
        let mut text = String::new();
        let segments = path.as_str().split('/').skip(1);
        for (index, segment) in segments.enumerate() {
            text.push('/');
            // What the template does not know is not known to be harmless.
            let hide = hidden.get(index).copied().unwrap_or(true);
            text.push_str(if hide { CUT } else { segment });
        }
        Some(text)
    }
}
