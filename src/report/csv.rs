//! CSV by RFC 4180: one row per cell, numbers in full and in base units. Lines end with LF instead of CRLF,
//! which tools on every system read.

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;
use crate::gate::{GateReport, Metric};
use crate::report::csv_field::csv_field;
use crate::report::document::Report;
use crate::report::flag_exports;

const HEADER: &str = "workload,strategy,width,processes,status,reason,throughput_per_s,ci95_low,\
                      ci95_high,speedup,predicted_per_s,p50_s,p90_s,p99_s,max_s,cpu_s_per_task,\
                      startup_s,peak_rss_bytes,ok,failed,timed_out,cancelled,\
                      estimate_per_s,estimate_low,estimate_high,peak_pss_bytes,stages";

/// Returns the cells of all `reports`, under one header; if there are gates, each row has the gate of its
/// workload in further columns.
pub(crate) fn to_string(reports: &[Report]) -> String {
    if let [report] = reports
        && let Some(flag) = &report.flag
        && report.gate.is_none()
    {
        return flag_exports::csv(flag, csv_field);
    }
    let has_gates = reports.iter().any(|report| report.gate.is_some());
    let more = if has_gates { gate_header() } else { String::new() };
    let mut out = format!("{HEADER}{more}\n");
    for report in reports {
        let gate = if has_gates { gate_fields(report.gate.as_ref()) } else { Vec::new() };
        for fields in report.flag.iter().flat_map(|flag| flag_exports::csv_rows(flag, &report.workload.name))
        {
            out += &fields.iter().chain(&gate).map(|field| csv_field(field)).collect::<Vec<_>>().join(",");
            out.push('\n');
        }
        for cell in &report.cells {
            let fields = fields(&report.workload.name, cell);
            out += &fields.iter().chain(&gate).map(|field| csv_field(field)).collect::<Vec<_>>().join(",");
            out.push('\n');
        }
    }
    out
}

fn gate_header() -> String {
    let of_metric = |metric: Metric| {
        let name = metric.as_str().replace('-', "_");
        format!(",{name}_verdict,{name}_ratio,{name}_ratio_low,{name}_ratio_high")
    };
    format!(",gate{}", Metric::ALL.map(of_metric).concat())
}

/// Returns the fields below `gate_header`; empty if nothing was compared.
fn gate_fields(gate: Option<&GateReport>) -> Vec<String> {
    let of_metric = |metric| {
        let of = gate.and_then(|gate| gate.metrics.iter().find(|of| of.metric == metric));
        let end = |i: usize| number(of.and_then(|of| of.ci95).map(|ends| ends[i]));
        let verdict = of.map(|of| of.verdict.to_string()).unwrap_or_default();
        [verdict, number(of.map(|of| of.ratio)), end(0), end(1)]
    };
    let verdict = gate.map(|gate| gate.verdict.to_string()).unwrap_or_default();
    [verdict].into_iter().chain(Metric::ALL.into_iter().flat_map(of_metric)).collect()
}

/// Returns a number in full, or an empty field if it is unknown.
fn number(value: Option<f64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// Returns the fields of one row; unknown ones are empty.
fn fields(workload: &str, result: &ConfigurationResult) -> Vec<String> {
    let latency = result.latency_s;
    let estimate = result.estimate();
    let ends = estimate.and_then(|of| of.interval95);
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
        result.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
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
        number(estimate.map(|of| of.per_s)),
        number(ends.map(|[low, _]| low)),
        number(ends.map(|[_, high]| high)),
        result.peak_pss_bytes.map(|b| b.to_string()).unwrap_or_default(),
        result.cell.stages.map(|stages| stages.to_string()).unwrap_or_default(),
    ]
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
    fn gates_add_columns_to_every_row_and_no_gates_none() {
        let mut reports = example::bench().results;
        reports.push(example::advise());
        let text = to_string(&reports);
        let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
        let columns = HEADER.split(',').count();
        let [name, verdict, ratio, low, _] = rows[0][columns..columns + 5] else { panic!("{:?}", rows[0]) };
        assert_eq!(
            [name, verdict, ratio, low],
            ["gate", "throughput_verdict", "throughput_ratio", "throughput_ratio_low"]
        );
        let of = |workload: &str| -> Vec<_> {
            let is_plain = |row: &&Vec<&str>| row[0] == workload && row[1] == "sequential";
            rows.iter().filter(is_plain).map(|row| row[columns..columns + 4].join(" ")).collect()
        };
        assert_eq!(of("web-scraper"), ["regressed regressed 0.8998316498316499 0.88", "   "]);
        assert_eq!(of("hash-cpu"), ["inconclusive   "]);
        assert_eq!(rows[1].len(), rows[0].len());
    }
}
