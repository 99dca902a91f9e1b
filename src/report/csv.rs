//! CSV: one row per cell, numbers in full and in base units, after RFC 4180 but for the line
//! break, which is the plain one that tools on every system read.

use crate::benchmark::CellResult;
use crate::benchmark::result::Status;
use crate::report::document::Report;

const HEADER: &str = "workload,strategy,width,processes,status,reason,throughput_per_s,ci95_low,\
                      ci95_high,speedup,predicted_per_s,p50_s,p90_s,p99_s,max_s,cpu_s_per_task,\
                      startup_s,peak_rss_bytes,ok,failed,timed_out,cancelled";

/// The cells of all `reports`, under one header.
pub fn to_string(reports: &[Report]) -> String {
    let mut out = format!("{HEADER}\n");
    for report in reports {
        for cell in &report.cells {
            let fields = fields(&report.workload.name, cell);
            out += &fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",");
            out.push('\n');
        }
    }
    out
}

/// The fields of one row; what is not known is empty.
fn fields(workload: &str, result: &CellResult) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    let latency = result.latency_s;
    let status = match result.status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    vec![
        workload.to_owned(),
        result.cell.strategy.to_string(),
        result.cell.width.to_string(),
        result.cell.processes.map(|p| p.to_string()).unwrap_or_default(),
        status.to_owned(),
        result.reason.clone().unwrap_or_default(),
        number(result.throughput_per_s),
        number(result.ci95.map(|[low, _]| low)),
        number(result.ci95.map(|[_, high]| high)),
        number(result.speedup),
        number(result.predicted_per_s),
        number(latency.map(|l| l.p50)),
        number(latency.map(|l| l.p90)),
        number(latency.map(|l| l.p99)),
        number(latency.map(|l| l.max)),
        number(result.cpu_s_per_task),
        number(result.startup_s),
        result.peak_rss_bytes.map(|b| b.to_string()).unwrap_or_default(),
        result.tasks.ok.to_string(),
        result.tasks.failed.to_string(),
        result.tasks.timed_out.to_string(),
        result.tasks.cancelled.to_string(),
    ]
}

/// Quotes a field that would otherwise be read as several.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn every_cell_has_a_row_as_long_as_the_header() {
        let report = example::advise();
        let text = to_string(std::slice::from_ref(&report));
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows.len(), 1 + report.cells.len());
        assert_eq!(fields("x", &report.cells[0]).len(), HEADER.split(',').count());
        assert!(rows[1].starts_with("web-scraper,sequential,1,,ok,,22.1,21.2,23,1,21.8,"), "{}", rows[1]);
    }

    #[test]
    fn fields_with_commas_quotes_and_line_breaks_are_quoted() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
    }
}
