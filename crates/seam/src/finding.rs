//! What a rule has found, and how it is shown.

use serde_json::{Value, json};

/// How bad a finding is, after other controls that stop the same attack were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// At least two other controls stop it.
    Info,
    /// A warning.
    Medium,
    /// One failure is enough.
    High,
    /// Nothing has to fail.
    Critical,
}

impl Severity {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reduced by the number of other controls that stop the attack: one lowers it a step, two make it a remark.
    pub(crate) fn with_stops(self, stops: usize) -> Self {
        match (stops, self) {
            (0, severity) => severity,
            (1, Self::Critical) => Self::High,
            (1, Self::High) => Self::Medium,
            _ => Self::Info,
        }
    }
}

/// A gap between layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable id, e.g. `SEAM-IDOR-01`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub title: &'static str,
    /// Where it is, e.g. `GET /accounts/{id}`.
    pub subject: String,
    /// What was found there.
    pub detail: String,
    /// Why each layer is right on its own.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// The layers between which it lies.
    pub layers: &'static [&'static str],
    /// Controls that stop the attack all the same, and so lower the severity.
    pub stopped_by: Vec<&'static str>,
    /// Attacks of the drill that show it.
    pub attacks: &'static [&'static str],
    /// Where the rule comes from.
    pub sources: &'static [&'static str],
}

impl Finding {
    /// The form for programs; fields in stable order.
    fn to_json(&self) -> String {
        let fields: [(&str, Value); 11] = [
            ("rule", json!(self.rule)),
            ("severity", json!(self.severity.as_str())),
            ("title", json!(self.title)),
            ("subject", json!(self.subject)),
            ("detail", json!(self.detail)),
            ("why", json!(self.why)),
            ("fix", json!(self.fix)),
            ("layers", json!(self.layers)),
            ("stopped_by", json!(self.stopped_by)),
            ("attacks", json!(self.attacks)),
            ("sources", json!(self.sources)),
        ];
        let lines: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("      \"{key}\": {value}"))
            .collect();
        format!("    {{\n{}\n    }}", lines.join(",\n"))
    }

    /// The form for people; a blank line ends it.
    fn to_lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{} {} {}", self.severity.as_str(), self.rule, self.subject),
            format!("  {}: {}", self.title, self.detail),
            format!("  layers: {}", self.layers.join(" <-> ")),
            format!("  why: {}", self.why),
            format!("  fix: {}", self.fix),
        ];
        if !self.stopped_by.is_empty() {
            lines.push(format!(
                "  still stopped by: {}",
                self.stopped_by.join(", ")
            ));
        }
        lines.push(format!("  attacks: {}", self.attacks.join(", ")));
        lines.push(format!("  sources: {}", self.sources.join("; ")));
        lines.push(String::new());
        lines
    }
}

/// Findings for programs.
pub fn json(findings: &[Finding]) -> String {
    let shown: Vec<String> = findings.iter().map(Finding::to_json).collect();
    let list = if shown.is_empty() {
        "[]".to_owned()
    } else {
        format!("[\n{}\n  ]", shown.join(",\n"))
    };
    format!("{{\n  \"version\": 1,\n  \"findings\": {list}\n}}\n")
}

/// Findings for people, the worst first.
pub fn text(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "no seam found by the rules IDOR-01, IDOR-03, JWT-01, LIMIT-01 and FLAT-01; others are not checked\n".to_owned();
    }
    let worst = findings
        .iter()
        .map(|finding| finding.severity)
        .max()
        .unwrap_or(Severity::Info);
    let mut shown: Vec<String> = findings.iter().flat_map(Finding::to_lines).collect();
    shown.push(format!(
        "{} found, the worst is {}\n",
        count(findings.len()),
        worst.as_str()
    ));
    shown.join("\n")
}

fn count(number: usize) -> String {
    if number == 1 {
        "1 seam".to_owned()
    } else {
        format!("{number} seams")
    }
}
