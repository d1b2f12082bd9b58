use super::*;

#[test]
fn growth_is_told_per_doubling() {
    let power = |exponent: f64| {
        let points: Vec<(f64, f64)> = [1.0_f64, 4.0, 16.0, 64.0]
            .iter()
            .map(|x| (*x, 3.0 * x.powf(exponent)))
            .collect();
        per_doubling(&points)
    };
    assert!((power(1.0) - 2.0).abs() < 1e-9);
    assert!((power(2.0) - 4.0).abs() < 1e-9);
    assert!((power(0.0) - 1.0).abs() < 1e-9);
    assert!(per_doubling(&[(1.0, 1.0)]).is_nan());
}

#[test]
fn the_median_is_a_figure_that_was_measured() {
    assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
    assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 3.0).abs() < 1e-9);
    assert!(median(&[]).is_nan());
}
