//! Mutations of JSON that keep its form: a value becomes an extreme one, is left out, or is written twice.

use serde_json::{Value, json};

/// Changes one value of the first document in `bytes`, half of the time; else any bytes of it, as usual.
pub fn mutate(bytes: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let changed = if seed % 2 == 0 { change(&bytes[..size], seed / 2) } else { None };
    match changed.filter(|text| text.len() <= most) {
        Some(text) => {
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(bytes, size, most),
    }
}

fn change(bytes: &[u8], seed: u32) -> Option<String> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let chosen = seed as usize % count(&value);
    replace(&mut value, &mut chosen.clone(), seed / 7);
    Some(value.to_string())
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Counts down to the chosen value and changes it; returns true once it is found.
fn replace(value: &mut Value, left: &mut usize, seed: u32) -> bool {
    if *left == 0 {
        *value = extreme(value, seed);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(list) => {
            let found = list.iter_mut().position(|part| replace(part, left, seed));
            if let Some(at) = found.filter(|_| seed % 5 == 0) {
                let twice = list[at].clone();
                list.push(twice);
            }
            found.is_some()
        }
        Value::Object(map) => {
            let found = map.iter_mut().find_map(|(key, part)| replace(part, left, seed).then(|| key.clone()));
            if let Some(key) = found.as_ref().filter(|_| seed % 11 == 0) {
                map.remove(key);
            }
            found.is_some()
        }
        _ => false,
    }
}

fn extreme(value: &Value, seed: u32) -> Value {
    let numbers = [json!(0), json!(-1), json!(1), json!(u64::MAX), json!(i64::MIN), json!(1e308), json!(-1e308), json!(5e-324), json!(1e-9), json!(3)];
    let others = [Value::Null, json!(""), json!([]), json!({}), json!(true), json!("\u{1b}[2J|=1"), json!("9999999999")];
    let at = seed as usize / 3;
    match value.is_number() {
        true if seed % 8 != 0 => numbers[at % numbers.len()].clone(),
        _ => others[at % others.len()].clone(),
    }
}
