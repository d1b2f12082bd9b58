//! Sums over what was measured.

use serde_json::Value;

/// The one in the middle; no number when there is none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// By how much `y` is multiplied when `x` doubles, for all points together: least squares through their logarithms.
pub(crate) fn per_doubling(points: &[(f64, f64)]) -> f64 {
    let logarithms: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logarithms.iter().map(|_| 1.0).sum::<f64>();
    let mean_x = logarithms.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logarithms.iter().map(|(_, y)| y).sum::<f64>() / count;
    let over: f64 = logarithms
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let under: f64 = logarithms.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (over / under).exp2()
}

/// A number of a report.
pub(crate) fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
