use super::*;

fn chart() -> Chart {
    let ticks = |values: &[f64]| -> Vec<(f64, String)> {
        values
            .iter()
            .map(|value| (*value, value.to_string()))
            .collect()
    };
    Chart {
        title: "a < b".to_owned(),
        x: Axis {
            title: "bytes".to_owned(),
            scale: Scale::Logarithmic,
            ticks: ticks(&[1.0, 10.0, 100.0]),
        },
        y: Axis {
            title: "µs".to_owned(),
            scale: Scale::Linear,
            ticks: ticks(&[0.0, 4.0]),
        },
        lines: vec![
            Line {
                name: "low".to_owned(),
                look: Look::Solid(0),
                points: vec![(1.0, 0.0), (10.0, 1.0), (100.0, 2.0)],
            },
            Line {
                name: "high".to_owned(),
                look: Look::Dashed(1),
                points: vec![(1.0, 0.0), (100.0, 4.0)],
            },
        ],
    }
}

#[test]
fn values_stand_where_the_scales_say() {
    let svg = chart().svg();
    // The middle of a logarithmic axis is the geometric mean, and a quarter of a linear one a quarter.
    let expected = format!(
        "<polyline class=\"line s0\" points=\"{LEFT:.1},{BOTTOM:.1} {:.1},{:.1} {RIGHT:.1},{:.1}\"/>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM - (BOTTOM - TOP) / 4.0,
        f64::midpoint(TOP, BOTTOM),
    );
    assert!(svg.contains(&expected), "{expected}\n{svg}");
    assert!(svg.contains("aria-label=\"a &lt; b\""), "{svg}");
}

#[test]
fn the_legend_begins_with_the_line_that_ends_highest() {
    let svg = chart().svg();
    let (high, low) = (svg.find(">high<").unwrap(), svg.find(">low<").unwrap());
    assert!(high < low, "{svg}");
}
