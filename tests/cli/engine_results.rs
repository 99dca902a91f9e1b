//! What a run on an engine has recorded and said.

use std::collections::BTreeMap;
use std::fs;

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// Reads the results, of which each item has one.
pub(crate) fn recorded(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(sandbox.path("out.jsonl")).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let item = line["item"].as_str().unwrap().to_owned();
        assert!(found.insert(item, line).is_none(), "an item is recorded twice");
    }
    found
}

/// Returns standard error.
pub(crate) fn said(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}
