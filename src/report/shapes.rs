//! The shapes that other programs document for their input, as JSON Schemas, for tests.

use serde_json::{Value, json};

/// Fails the test unless `document` has the shape.
pub(crate) fn check(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let errors: Vec<_> =
        validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Returns the shape of hyperfine's JSON (`src/benchmark/benchmark_result.rs` of version 1.20), as its
/// scripts read it: they need `times` and one numeric parameter.
pub(crate) fn hyperfine() -> Value {
    let seconds = json!({ "type": "number", "minimum": 0 });
    let result = json!({
        "type": "object",
        "required": ["command", "mean", "stddev", "median", "user", "system", "min", "max", "times", "exit_codes"],
        "additionalProperties": false,
        "properties": {
            "command": { "type": "string", "minLength": 1 },
            "mean": seconds, "median": seconds, "min": seconds, "max": seconds,
            "stddev": { "type": ["number", "null"], "minimum": 0 },
            "user": seconds, "system": seconds,
            "times": { "type": "array", "minItems": 1, "items": seconds },
            "memory_usage_byte": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
            "exit_codes": { "type": "array", "items": { "type": ["integer", "null"] } },
            "parameters": {
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": { "type": "string", "pattern": "^[0-9]+$" },
            },
        },
    });
    json!({
        "type": "object",
        "required": ["results"],
        "additionalProperties": false,
        "properties": { "results": { "type": "array", "items": result } },
    })
}

/// Returns the shape of Bencher Metric Format, with the lengths that names may have
/// (<https://bencher.dev/docs/reference/bencher-metric-format/>).
pub(crate) fn bmf() -> Value {
    let number = json!({ "type": "number" });
    let metric = json!({
        "type": "object",
        "required": ["value"],
        "additionalProperties": false,
        "properties": { "value": number, "lower_value": number, "upper_value": number },
    });
    json!({
        "type": "object",
        "propertyNames": { "minLength": 1, "maxLength": 1024 },
        "additionalProperties": {
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64 },
            "additionalProperties": metric,
        },
    })
}

/// Returns the shape of the custom JSON of github-action-benchmark ("customBiggerIsBetter" in
/// <https://github.com/benchmark-action/github-action-benchmark>, `BenchmarkResult` in its
/// `src/extract.ts`).
pub(crate) fn gab() -> Value {
    let string = json!({ "type": "string" });
    let entry = json!({
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "minLength": 1 },
            "unit": { "type": "string", "minLength": 1 },
            "value": { "type": "number" },
            "range": string, "extra": string,
        },
    });
    json!({ "type": "array", "items": entry })
}
