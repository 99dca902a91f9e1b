//! `json-parse`: parses a document into a tree; branches per byte, and many small allocations.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Documents to choose from, about 2 KiB each.
const DOCUMENTS: usize = 16;

/// Records in a document.
const RECORDS: usize = 8;

pub(super) static JSON_PARSE: LazyLock<JsonParse> = LazyLock::new(JsonParse::generate);

/// Documents such as a web API answers with.
#[derive(Debug)]
pub(super) struct JsonParse {
    documents: Vec<String>,
}

impl JsonParse {
    fn generate() -> Self {
        let mut data = Sequence::new(4);
        JsonParse { documents: (0..DOCUMENTS).map(|_| document(&mut data).to_string()).collect() }
    }
}

fn document(data: &mut Sequence) -> Value {
    let records: Vec<Value> = (0..RECORDS).map(|_| record(data)).collect();
    json!({ "total": RECORDS, "next": null, "records": records })
}

fn record(data: &mut Sequence) -> Value {
    json!({
        "id": data.below(1_000_000),
        "name": data.word(),
        "score": data.below(100_000) as f64 / 1000.0,
        "active": data.below(2) == 1,
        "tags": [data.word(), data.word(), data.word()],
        "place": { "latitude": data.below(90) as f64 + 0.25, "longitude": data.below(180) as f64 - 0.5 },
        "note": format!("{} \"{}\"", data.sentence(), data.word()),
    })
}

/// Returns a number that depends on every value of the tree.
fn weigh(value: &Value) -> u64 {
    match value {
        Value::Null => 1,
        Value::Bool(truth) => 2 + u64::from(*truth),
        Value::Number(number) => number.as_f64().map_or(0, f64::to_bits),
        Value::String(text) => text.len() as u64,
        Value::Array(values) => values.iter().map(weigh).fold(4, chain),
        Value::Object(fields) => fields.values().map(weigh).fold(5, chain),
    }
}

impl Iterate for JsonParse {
    fn iterate(&self, input: u64) -> u64 {
        let document = &self.documents[(input % DOCUMENTS as u64) as usize];
        let value = serde_json::from_str(document).expect("the document was printed from a tree");
        chain(input, weigh(std::hint::black_box(&value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_differ_and_are_of_about_the_same_length() {
        for pair in JSON_PARSE.documents.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        for document in &JSON_PARSE.documents {
            assert!((1500..3000).contains(&document.len()), "{} bytes", document.len());
        }
    }

    #[test]
    fn every_value_weighs_in() {
        let tree = |text: &str| weigh(&serde_json::from_str(text).unwrap());
        assert_ne!(tree("[1, {\"a\": true}]"), tree("[1, {\"a\": false}]"));
        assert_ne!(tree("[1, 2]"), tree("[2, 1]"));
        assert_ne!(tree("[null]"), tree("[]"));
    }
}
