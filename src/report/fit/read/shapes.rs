//! JSON of tools whose figures lie apart: hyperfine, fio, k6, vegeta, autocannon.

use serde_json::Value;

/// The fields of a measurement.
type Fields = Vec<(String, String)>;

/// Nanoseconds per second, the unit of times in the JSON of vegeta.
const NANOSECONDS: f64 = 1e9;

/// Returns the measurements of a known tool; `None` for JSON of another origin.
pub(super) fn known(value: &Value) -> Option<Vec<Fields>> {
    [hyperfine, fio, k6, vegeta, autocannon].into_iter().find_map(|shape| shape(value))
}

/// Returns a scalar as a field.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Takes the mean of every command with its parameters.
fn hyperfine(value: &Value) -> Option<Vec<Fields>> {
    let results = value.get("results")?.as_array()?;
    let is_result = |result: &Value| result.get("command").is_some() && result.get("mean").is_some();
    if results.is_empty() || !results.iter().all(is_result) {
        return None;
    }
    let fields = |result: &Value| {
        let mut fields: Fields =
            ["command", "mean"].iter().map(|name| ((*name).to_owned(), text(&result[*name]))).collect();
        let parameters = result.get("parameters").and_then(Value::as_object);
        let parameters = parameters.into_iter().flatten();
        fields.extend(parameters.map(|(name, value)| (format!("parameter_{name}"), text(value))));
        fields
    };
    Some(results.iter().map(fields).collect())
}

/// Adds up the IOPS of the clones of each job.
fn fio(value: &Value) -> Option<Vec<Fields>> {
    value.get("fio version")?;
    let mut found: Vec<(String, String, String, f64)> = Vec::new();
    for job in value.get("jobs")?.as_array()? {
        let option = |name: &str| {
            let inside = |place: Option<&Value>| place.and_then(|options| options.get(name)).map(text);
            inside(job.get("job options"))
                .or_else(|| inside(value.get("global options")))
                .unwrap_or_else(|| "1".to_owned())
        };
        let iops = |kind: &str| job[kind]["iops"].as_f64().unwrap_or(0.0);
        let sum: f64 = ["read", "write", "trim"].iter().map(|kind| iops(kind)).sum();
        let key = (text(&job["jobname"]), option("iodepth"), option("numjobs"));
        match found.iter_mut().find(|(name, depth, jobs, _)| (&key.0, &key.1, &key.2) == (name, depth, jobs))
        {
            Some((.., total)) => *total += sum,
            None => found.push((key.0, key.1, key.2, sum)),
        }
    }
    let fields = |(name, iodepth, numjobs, iops): (String, String, String, f64)| {
        let names = ["jobname", "iodepth", "numjobs", "iops"].map(str::to_owned);
        names.into_iter().zip([name, iodepth, numjobs, iops.to_string()]).collect()
    };
    Some(found.into_iter().map(fields).collect())
}

/// Takes a summary at the end of a test.
fn k6(value: &Value) -> Option<Vec<Fields>> {
    let metrics = value.get("metrics")?;
    let figure = |metric: &str, names: &[&str]| {
        let metric = metrics.get(metric)?;
        let values = metric.get("values").unwrap_or(metric);
        names.iter().find_map(|name| values.get(*name)).map(text)
    };
    let rate = figure("http_reqs", &["rate"]).or_else(|| figure("iterations", &["rate"]))?;
    let mut fields = vec![("requests/s".to_owned(), rate)];
    let vus = figure("vus", &["max", "value"]).or_else(|| figure("vus_max", &["max", "value"]));
    fields.extend(vus.map(|vus| ("vus".to_owned(), vus)));
    let failed = figure("http_req_failed", &["rate", "value"]);
    fields.extend(failed.map(|share| ("failed rate".to_owned(), share)));
    Some(vec![fields])
}

/// Takes the mean of the requests per second.
fn autocannon(value: &Value) -> Option<Vec<Fields>> {
    let average = value.get("requests")?.get("average").map(text)?;
    let connections = value.get("connections").map(text)?;
    // Errors are those of connections, timeouts among them.
    let counts = ["non2xx", "errors"].iter().filter_map(|name| value.get(*name)?.as_u64());
    let failed = counts.reduce(|a, b| a + b).map(|count| count.to_string());
    let mut fields = vec![("connections".to_owned(), connections), ("requests/s".to_owned(), average)];
    fields.extend(failed.map(|count| ("failed".to_owned(), count)));
    fields.extend(value["requests"].get("total").map(|count| ("requests".to_owned(), text(count))));
    Some(vec![fields])
}

/// Takes a report, with its mean latency in seconds.
fn vegeta(value: &Value) -> Option<Vec<Fields>> {
    let latency = value.get("latencies")?.get("mean")?.as_f64()?;
    let throughput = value.get("throughput")?.as_f64()?;
    let mut fields = vec![
        ("throughput".to_owned(), throughput.to_string()),
        ("mean latency".to_owned(), (latency / NANOSECONDS).to_string()),
    ];
    let success = value.get("success").map(text);
    fields.extend(success.map(|share| ("success rate".to_owned(), share)));
    Some(vec![fields])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_failures_of_autocannon_are_those_of_connections_and_of_answers() {
        let run = json!({ "connections": 8, "errors": 6, "timeouts": 2, "non2xx": 5,
                          "requests": { "average": 1100.5, "total": 1000 } });
        let known = known(&run).expect("a known tool");
        let values: Vec<&str> = known[0].iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["8", "1100.5", "11", "1000"]);
    }
}
