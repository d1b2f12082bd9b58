//! Requests classified by how much room for a second reading they leave. Only what is compliant should pass a gate.

use std::fs;
use std::path::Path;

use saphyr_parser::{Event, Parser};

use super::{Case, Expected, files, latin1, number_repeated, stem, with_host};

/// What these files hold, as far as it is needed.
#[derive(Debug)]
enum Yaml {
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    fn read<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> Option<Self> {
        match events.next()? {
            Event::Scalar(text, ..) => Some(Self::Text(text.into_owned())),
            Event::SequenceStart(..) => Some(Self::List(
                std::iter::from_fn(|| Self::read(events)).collect(),
            )),
            Event::MappingStart(..) => {
                let mut pairs = Vec::new();
                while let Some(Self::Text(key)) = Self::read(events) {
                    pairs.push((key, Self::read(events).unwrap()));
                }
                Some(Self::Map(pairs))
            }
            Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd | Event::DocumentEnd => None,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => Self::read(events),
            Event::Alias(_) => panic!("an alias"),
        }
    }

    fn at(&self, name: &str) -> &Self {
        let Self::Map(pairs) = self else {
            panic!("no map with {name}: {self:?}")
        };
        &pairs
            .iter()
            .find(|(key, _)| key == name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .1
    }

    fn text(&self, name: &str) -> &str {
        match self.at(name) {
            Self::Text(text) if text == "~" => "",
            Self::Text(text) => text,
            other @ (Self::List(_) | Self::Map(_)) => panic!("{name} is {other:?}"),
        }
    }

    fn list(&self) -> &[Self] {
        let Self::List(list) = self else { return &[] };
        list
    }
}

pub(super) fn read(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for path in files(&folder.join("tests"), "yaml") {
        let text = fs::read_to_string(&path).unwrap();
        let mut events = Parser::new_from_str(&text).map(|event| event.unwrap().0);
        let requests = Yaml::read(&mut events).unwrap();
        cases.extend(
            requests
                .list()
                .iter()
                .map(|request| case(&stem(&path), request)),
        );
    }
    number_repeated(&mut cases);
    cases
}

fn case(file: &str, request: &Yaml) -> Case {
    let line = [
        request.text("method"),
        request.text("uri"),
        request.text("version"),
    ];
    let mut head = line
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        + "\r\n";
    for header in request.at("headers").list() {
        head.extend([header.text("name"), ": ", header.text("value"), "\r\n"]);
    }
    let expected = match request.at("expected").text("tier") {
        "Compliant" => Expected::Accept,
        _ => Expected::Refuse,
    };
    Case {
        id: format!("{file}/{}", request.text("name")),
        bytes: latin1(&with_host(&(head + "\r\n"))),
        expected,
    }
}
