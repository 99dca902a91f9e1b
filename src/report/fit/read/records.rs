//! JSON: a list, one object per line, a document per run, or columns as lists.

use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::report::fit::read::shapes;
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::{Field, Record, Table};
use crate::report::fit::read::transcript::add_in_flight;

/// A value with its position in the file.
pub(super) type Placed<'a> = (Range<usize>, &'a str);

/// Returns the values of a file, one after another.
///
/// # Errors
/// When it is not JSON.
pub(super) fn documents(source: &Source) -> Result<Vec<Placed<'_>>, serde_json::Error> {
    let values = serde_json::Deserializer::from_str(&source.text).into_iter::<&RawValue>();
    values.map(|value| value.map(|raw| placed(source, raw))).collect()
}

/// Reads the records of the values; `None` if there are none.
pub(super) fn read(source: &Source, documents: &[Placed<'_>]) -> Option<Table> {
    let mut records = Vec::new();
    for (span, text) in documents {
        let elements = serde_json::from_str::<Vec<&RawValue>>(text)
            .map(|list| list.into_iter().map(|raw| placed(source, raw)).collect::<Vec<_>>());
        for (span, text) in elements.unwrap_or_else(|_| vec![(span.clone(), *text)]) {
            let value: Value = serde_json::from_str(text).ok()?;
            let start = span.start..span.start + text.lines().next().map_or(0, str::len);
            records.extend(expanded(&value).into_iter().map(|record| at(record, &start)));
        }
    }
    records.iter_mut().for_each(add_in_flight);
    let table = Table::of_records(records);
    let is_nameless = table.names.iter().all(|name| name.text.parse::<usize>().is_ok());
    let has_rows = !table.rows.is_empty() && !table.names.is_empty();
    has_rows.then(|| if is_nameless { Table { names: Vec::new(), ..table } } else { table })
}

fn placed<'a>(source: &Source, raw: &'a RawValue) -> Placed<'a> {
    let text = raw.get();
    // The value borrows from the text of the file.
    let start = (text.as_ptr() as usize).saturating_sub(source.text.as_ptr() as usize);
    (start..start + text.len(), text)
}

fn at(record: Vec<(String, String)>, span: &Range<usize>) -> Record {
    record.into_iter().map(|(name, text)| (name, Field::new(text, span.clone()))).collect()
}

/// Returns the measurements in a value.
fn expanded(value: &Value) -> Vec<Vec<(String, String)>> {
    if let Some(records) = shapes::known(value) {
        return records;
    }
    let Value::Object(object) = value else {
        return vec![flat(value)];
    };
    let lists: Vec<(&String, &Vec<Value>)> =
        object.iter().filter_map(|(name, value)| Some((name, value.as_array()?))).collect();
    if lists.len() > 1
        && lists.iter().all(|(_, list)| list.len() == lists[0].1.len() && !list.iter().any(Value::is_object))
    {
        let record =
            |i: usize| lists.iter().map(|(name, list)| ((*name).clone(), shapes::text(&list[i]))).collect();
        return (0..lists[0].1.len()).map(record).collect();
    }
    let runs = lists.iter().filter(|(_, list)| list.iter().all(Value::is_object) && !list.is_empty());
    match runs.collect::<Vec<_>>().as_slice() {
        [(_, list)] => {
            let shared = flat(value);
            list.iter().map(|run| flat(run).into_iter().chain(shared.clone()).collect()).collect()
        }
        _ => vec![flat(value)],
    }
}

/// Returns the scalars of a value, each with its path.
fn flat(value: &Value) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    flatten(value, "", &mut fields);
    fields
}

fn flatten(value: &Value, path: &str, fields: &mut Vec<(String, String)>) {
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| flatten(value, &inside(name), fields))
        }
        // A list at the top is a row without names; further down it is no single value.
        Value::Array(list) if path.is_empty() => {
            list.iter().enumerate().for_each(|(i, value)| flatten(value, &(i + 1).to_string(), fields));
        }
        Value::Array(_) => {}
        _ => fields.push((path.to_owned(), shapes::text(value))),
    }
}
