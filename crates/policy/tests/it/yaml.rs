//! Enough YAML for the files of these tests, through the parser's events.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The document as JSON.
pub(crate) fn read(text: &str) -> Value {
    let events: Vec<Event<'_>> = Parser::new_from_str(text)
        .map(|event| event.unwrap().0)
        .collect();
    let mut at = events
        .iter()
        .filter(|event| !matches!(event, Event::StreamStart | Event::DocumentStart(_)));
    value(at.next().unwrap(), &mut at)
}

fn value<'e>(event: &Event<'_>, rest: &mut impl Iterator<Item = &'e Event<'e>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => {
            serde_json::from_str(text).unwrap_or_else(|_error| text.as_ref().into())
        }
        Event::Scalar(text, ..) => text.as_ref().into(),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            while let Some(next) = rest
                .next()
                .filter(|event| !matches!(event, Event::SequenceEnd))
            {
                items.push(value(next, rest));
            }
            items.into()
        }
        Event::MappingStart(..) => {
            let mut map = Map::new();
            while let Some(Event::Scalar(key, ..)) = rest.next() {
                let next = rest.next().unwrap();
                map.insert(key.to_string(), value(next, rest));
            }
            Value::Object(map)
        }
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::Alias(_)
        | Event::SequenceEnd
        | Event::MappingEnd => panic!("{event:?}"),
    }
}
