//! The JSON Schema of the document, made from the types themselves.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::explain::Answer;
use crate::report::document::Document;
use crate::report::worded;

/// Everything that `--json` prints.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is made of it")]
enum PrintedDocument {
    /// The document of a run.
    Document(Box<Document>),
    /// The document of `explain`.
    Answer(Box<Answer>),
}

/// Returns the schema of everything that `--json` prints, as `conc schema` prints it.
pub(crate) fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&of::<PrintedDocument>()).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// Returns the schema of one kind of document.
pub(crate) fn of<T: JsonSchema>() -> Value {
    // The schema describes output, so a field that is always written is required, even if it is null.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    worded::add_to_schema(&mut schema);
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::example;

    fn check(document: &Value) -> Result<(), String> {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        validator.validate(document).map_err(|error| error.to_string())
    }

    #[test]
    fn both_shapes_are_valid() {
        assert_eq!(check(&worded::to_value(&example::advise()).unwrap()), Ok(()));
        assert_eq!(check(&worded::to_value(&example::bench()).unwrap()), Ok(()));
        assert_eq!(check(&worded::to_value(&example::command()).unwrap()), Ok(()));
    }

    #[test]
    fn answers_are_valid() {
        for text in ["limit the requests in flight", "zxcv", "RuntimeError: no running event loop"] {
            let answer = Answer::to(&crate::explain::Question::new(text));
            assert_eq!(check(&serde_json::to_value(answer).unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_wrong_document_is_not() {
        let mut document = worded::to_value(&example::advise()).unwrap();
        document["recommendation"]["verdict"] = json!(true);
        assert!(check(&document).is_err());
        assert!(check(&json!({})).is_err());
    }

    #[test]
    fn fields_are_described() {
        assert!(schema().contains("CPU seconds (*D*)."));
    }
}
