//! The schemas of answers, small enough for the list of tools that a client may hand to a model.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::report::schema;

/// The definitions that a schema refers to, by name.
const DEFINITIONS: &str = "$defs";

/// The way in which a schema refers to a definition, before its name.
const REFERENCE: &str = "#/$defs/";

/// Returns the schema of a document without the descriptions, which `conc schema` has, and without the fields
/// that a command never fills.
pub(super) fn of<T: JsonSchema>(never_filled: &[&str]) -> Map<String, Value> {
    let mut value = schema::of::<T>();
    for field in never_filled {
        // The field is still there, and may be anything.
        if let Some(of_field) = value["properties"].get_mut(field) {
            *of_field = json!({});
        }
    }
    strip_descriptions(&mut value);
    let Value::Object(mut root) = value else { unreachable!("a schema of a structure is an object") };
    remove_unused(&mut root);
    // A document of several shapes is an object in each of them; the protocol asks for that at the root.
    root.entry("type").or_insert(json!("object"));
    root
}

fn strip_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // A property of that name is an object.
            fields.retain(|name, value| name != "description" || !value.is_string());
            fields.values_mut().for_each(strip_descriptions);
        }
        Value::Array(values) => values.iter_mut().for_each(strip_descriptions),
        _ => {}
    }
}

/// Removes the definitions that nothing refers to any more.
fn remove_unused(root: &mut Map<String, Value>) {
    let Some(Value::Object(mut definitions)) = root.remove(DEFINITIONS) else { return };
    let (mut used, mut pending) = (BTreeSet::new(), BTreeSet::new());
    root.values().for_each(|value| references(value, &mut pending));
    while let Some(name) = pending.pop_first() {
        if let Some(definition) = definitions.get(&name).filter(|_| !used.contains(&name)) {
            references(definition, &mut pending);
            used.insert(name);
        }
    }
    definitions.retain(|name, _| used.contains(name));
    root.insert(DEFINITIONS.to_owned(), Value::Object(definitions));
}

/// Collects the names of the definitions that a part of a schema refers to.
fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let named =
                fields.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(REFERENCE));
            names.extend(named.map(str::to_owned));
            fields.values().for_each(|value| references(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::report::example;
    use crate::report::worded::to_value;

    /// Bytes of a schema that a list of tools may have.
    const MAX_BYTES: usize = 80_000;

    fn is_valid(schema: &Map<String, Value>, document: &Value) -> bool {
        let schema = Value::Object(schema.clone());
        jsonschema::validator_for(&schema).expect("every reference has its definition").is_valid(document)
    }

    #[test]
    fn a_small_schema_still_tells_documents_apart() {
        let schema = of::<Report>(&[]);
        let mut document = to_value(&example::advise()).expect("JSON");
        assert!(is_valid(&schema, &document));
        assert!(Value::Object(schema.clone()).to_string().len() < MAX_BYTES);
        document["recommendation"]["verdict"] = json!(true);
        assert!(!is_valid(&schema, &document));
        assert!(is_valid(&of::<Report>(&["recommendation"]), &document));
    }

    #[test]
    fn what_is_never_filled_has_no_definitions() {
        let (all, some) = (of::<Report>(&[]), of::<Report>(&["recommendation"]));
        let has = |schema: &Map<String, Value>| schema[DEFINITIONS].get("Recommendation").is_some();
        assert!(has(&all) && !has(&some));
    }
}
