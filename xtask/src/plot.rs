//! Line charts as SVG: axes with units, a legend at the right, readable on light and dark ground, nothing that moves.
//!
//! Rejected: a plotting crate, which would bring fonts and a hundred dependencies for two pictures.

/// A chart.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
}

/// One axis: from the first tick to the last.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) title: String,
    pub(crate) scale: Scale,
    /// Values and what is written there.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Equal steps are equally long.
    Linear,
    /// Equal ratios are equally long.
    Logarithmic,
}

/// A line with marks at its points.
#[derive(Debug)]
pub(crate) struct Line {
    /// For the legend.
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Colour 0, 1 or 2.
    Solid(usize),
    /// Colour 0, 1 or 2.
    Dashed(usize),
    /// Thin and grey, without marks: for comparison.
    Reference,
}

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 380.0;

/// Ground and letters change together, so that one is readable on the other wherever the picture is shown.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}.ground{fill:#fff}\
.grid{stroke:#ddd;stroke-width:1}.axis{stroke:#666;stroke-width:1}\
.line{fill:none;stroke-width:2}.dashed{stroke-dasharray:7 4}.reference{fill:none;stroke:#888;stroke-width:1;stroke-dasharray:2 3}\
.s0{stroke:#0060a8}.s1{stroke:#c24e00}.s2{stroke:#007a55}.f0{fill:#0060a8}.f1{fill:#c24e00}.f2{fill:#007a55}\
@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.ground{fill:#16191d}.grid{stroke:#363b42}.axis{stroke:#9aa0a6}\
.reference{stroke:#9aa0a6}.s0{stroke:#62b5f5}.s1{stroke:#ff9c4d}.s2{stroke:#3ddba4}.f0{fill:#62b5f5}.f1{fill:#ff9c4d}.f2{fill:#3ddba4}}";

impl Chart {
    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let title = escaped(&self.title);
        let mut out = vec![format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
        )];
        text(&mut out, (LEFT, 26.0), "title", "start", &self.title);
        self.axes(&mut out);
        for line in &self.lines {
            self.line(&mut out, line);
        }
        self.legend(&mut out);
        out.push("</svg>\n".to_owned());
        out.concat()
    }

    fn axes(&self, out: &mut Vec<String>) {
        for (value, label) in &self.x.ticks {
            let x = self.x.place(*value, LEFT, RIGHT);
            stroke(out, "grid", (x, TOP), (x, BOTTOM));
            text(out, (x, BOTTOM + 20.0), "", "middle", label);
        }
        for (value, label) in &self.y.ticks {
            let y = self.y.place(*value, BOTTOM, TOP);
            stroke(out, "grid", (LEFT, y), (RIGHT, y));
            text(out, (LEFT - 8.0, y + 4.5), "", "end", label);
        }
        stroke(out, "axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
        stroke(out, "axis", (LEFT, TOP), (LEFT, BOTTOM));
        let middle = f64::midpoint(LEFT, RIGHT);
        text(out, (middle, BOTTOM + 46.0), "", "middle", &self.x.title);
        let middle = f64::midpoint(TOP, BOTTOM);
        let label = escaped(&self.y.title);
        out.push(format!(
                "<text transform=\"translate(18 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{label}</text>\n"
            ),
        );
    }

    fn line(&self, out: &mut Vec<String>, line: &Line) {
        let places: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|(x, y)| (self.x.place(*x, LEFT, RIGHT), self.y.place(*y, BOTTOM, TOP)))
            .collect();
        let words: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let class = line.look.class();
        let points = words.join(" ");
        out.push(format!(
            "<polyline class=\"{class}\" points=\"{points}\"/>\n"
        ));
        if let Some(colour) = line.look.colour() {
            for (x, y) in places {
                out.push(format!(
                    "<circle class=\"f{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"/>\n"
                ));
            }
        }
    }

    /// One below the other, the line that ends highest first.
    fn legend(&self, out: &mut Vec<String>) {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        let end = |line: &Line| line.points.last().map_or(0.0, |(_, y)| *y);
        lines.sort_by(|one, other| end(other).total_cmp(&end(one)));
        let mut y = TOP + 10.0;
        for line in lines {
            let class = line.look.class();
            let (from, to) = (RIGHT + 20.0, RIGHT + 52.0);
            out.push(format!(
                "<polyline class=\"{class}\" points=\"{from:.1},{y:.1} {to:.1},{y:.1}\"/>\n"
            ));
            text(out, (to + 8.0, y + 4.5), "", "start", &line.name);
            y += 24.0;
        }
    }
}

impl Axis {
    /// Where `value` stands between the places of the first tick and the last.
    fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        let scaled = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.ln(),
        };
        let first = self.ticks.first().map_or(0.0, |(value, _)| scaled(*value));
        let last = self.ticks.last().map_or(1.0, |(value, _)| scaled(*value));
        from + (scaled(value) - first) / (last - first) * (to - from)
    }
}

impl Look {
    fn class(self) -> String {
        match self {
            Self::Solid(colour) => format!("line s{colour}"),
            Self::Dashed(colour) => format!("line dashed s{colour}"),
            Self::Reference => "reference".to_owned(),
        }
    }

    const fn colour(self) -> Option<usize> {
        match self {
            Self::Solid(colour) | Self::Dashed(colour) => Some(colour),
            Self::Reference => None,
        }
    }
}

fn stroke(out: &mut Vec<String>, class: &str, from: (f64, f64), to: (f64, f64)) {
    out.push(format!(
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>\n",
        from.0, from.1, to.0, to.1
    ));
}

fn text(out: &mut Vec<String>, (x, y): (f64, f64), class: &str, anchor: &str, words: &str) {
    let words = escaped(words);
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    out.push(format!(
        "<text{class} x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>\n"
    ));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
