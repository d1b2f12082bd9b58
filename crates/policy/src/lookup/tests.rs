use proptest::prelude::*;

use super::*;

fn templates(texts: &[String]) -> Vec<PathTemplate> {
    texts
        .iter()
        .map(|text| PathTemplate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
        .collect()
}

/// The slow way: every template that fits, the most literal one from left to right.
fn oracle(templates: &[PathTemplate], path: &CanonicalPath) -> Option<usize> {
    let fitting = templates
        .iter()
        .enumerate()
        .filter(|(_, template)| template.matches(path).is_some());
    fitting
        .min_by_key(|(_, template)| rank(template))
        .map(|(index, _)| index)
}

#[test]
fn literal_segments_beat_parameters() {
    let texts = ["/{x}", "/a", "/a/{y}", "/a/b", "/{x}/b/c", "/a/{y}/d"].map(str::to_owned);
    let templates = templates(&texts);
    let index = RouteIndex::build(&templates.iter().collect::<Vec<_>>()).unwrap();
    let cases = [
        ("/a", Some(1)),
        ("/z", Some(0)),
        ("/a/b", Some(3)),
        ("/a/z", Some(2)),
        ("/z/b", None),
        ("/z/b/c", Some(4)),
        ("/a/b/c", Some(4)),
        ("/a/b/d", Some(5)),
        ("/a/b/e", None),
        ("/", None),
    ];
    for (path, expected) in cases {
        let path = CanonicalPath::parse(path).unwrap();
        assert_eq!(index.find(path.segments()), expected, "{path:?}");
        assert_eq!(oracle(&templates, &path), expected, "{path:?}");
    }
}

#[test]
fn no_routes_match_nothing() {
    let index = RouteIndex::build(&[]).unwrap();
    assert_eq!(index.find(&[]), None);
    assert_eq!(RouteIndex::default().find(&[]), None);
}

#[test]
fn templates_that_overlap_in_too_many_ways_are_refused() {
    // Sixteen positions at which one template is literal and all others are not: 2^16 sets of templates stay alive.
    let texts: Vec<String> = (0..17)
        .map(|literal| {
            (0..17)
                .map(|at| {
                    if at == literal {
                        "/a".to_owned()
                    } else {
                        format!("/{{p{at}}}")
                    }
                })
                .collect()
        })
        .collect();
    let templates = templates(&texts);
    assert!(RouteIndex::build(&templates.iter().collect::<Vec<_>>()).is_none());
}

proptest! {
    #[test]
    fn the_automaton_agrees_with_the_slow_way(
        shapes in prop::collection::btree_set(prop::collection::vec("[ab]|x", 0..5), 0..12),
        path in prop::collection::vec("[abc]", 0..5),
    ) {
        let texts: Vec<String> = shapes.iter().map(|shape| {
            let segments: Vec<String> = shape.iter().enumerate()
                .map(|(at, word)| if word == "x" { format!("{{p{at}}}") } else { word.clone() })
                .collect();
            format!("/{}", segments.join("/"))
        }).collect();
        let templates = templates(&texts);
        let index = RouteIndex::build(&templates.iter().collect::<Vec<_>>()).unwrap();
        let path = CanonicalPath::parse(&format!("/{}", path.join("/"))).unwrap();
        prop_assert_eq!(index.find(path.segments()), oracle(&templates, &path));
    }
}
