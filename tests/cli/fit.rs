//! `conc fit`: load-test data of any origin, in every input and output format.

use std::fs;

use conc::internal::{CommandName, Document, FitReport, FitStatus, PeakStatus};
use predicates::prelude::*;
use predicates::str::{contains, starts_with};

use crate::json::checked;
use crate::sandbox::Sandbox;

/// The published raytracer data (tests/data/usl_published.json).
const RAYTRACER: &str = "concurrency,throughput\n1,20\n4,78\n8,130\n12,170\n16,190\n20,200\n24,210\n\
                         28,230\n32,260\n48,280\n64,310\n";

fn single(sandbox: &Sandbox, arguments: &[&str]) -> FitReport {
    match checked(sandbox, &sandbox.run(arguments).code(0)) {
        Document::Fit(report) => *report,
        other => panic!("one series: {other:?}"),
    }
}

#[test]
fn a_published_table_gives_its_coefficients_and_no_peak() {
    let sandbox = Sandbox::with("load.csv", RAYTRACER);
    let report = single(&sandbox, &["fit", "--json", "load.csv"]);
    assert_eq!((report.command, report.source.as_str()), (CommandName::Fit, "load.csv"));
    let usl = &report.model.usl;
    assert_eq!(
        (usl.status, usl.peak_status, usl.kappa),
        (FitStatus::Fitted, Some(PeakStatus::None), Some(0.0))
    );
    assert!((usl.sigma.unwrap() / 0.057771 - 1.0).abs() < 1e-4);
    assert_eq!(report.points.len(), 11);
    assert!(report.curve.iter().all(|p| p.ci95[0] <= p.throughput_per_s && p.throughput_per_s <= p.ci95[1]));
    assert!((report.model.amdahl.unwrap().ceiling_per_s.unwrap() - 378.0).abs() < 1.0);
}

#[test]
fn a_plot_and_the_coefficients_are_shown() {
    let sandbox = Sandbox::with("load.csv", RAYTRACER);
    let shown = sandbox.run(&["fit", "load.csv"]).code(0).stderr("");
    let text = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("load.csv · 11 points · 11 widths from 1 to 64\n"), "{text}");
    assert!(
        text.contains('●') && text.contains("kappa 0 (0 to ") && text.contains("Peak       none"),
        "{text}"
    );
    let mut dumb = sandbox.command(&["fit", "load.csv", "-v"]);
    dumb.env("TERM", "dumb").env("COLUMNS", "60");
    let text = String::from_utf8(dumb.output().unwrap().stdout).unwrap();
    let plot: Vec<_> = text.lines().filter(|line| line.contains('|')).collect();
    assert!(plot.len() > 10 && plot.iter().all(|line| line.is_ascii() && line.len() <= 60), "{text}");
    assert!(text.contains("In flight   Measured       USL"), "{text}");
}

#[test]
fn a_table_may_come_through_a_pipe_and_without_names() {
    let sandbox = Sandbox::new();
    let table = RAYTRACER.strip_prefix("concurrency,throughput\n").unwrap();
    sandbox.run_with(table, &["fit", "-"]).code(0).stdout(starts_with("standard input · 11 points"));
}

#[test]
fn what_must_not_be_claimed_is_refused_in_words_and_in_status() {
    let few = Sandbox::with("few.csv", "n,x\n1,10\n2,19\n4,36\n8,60\n16,80\n");
    let report = single(&few, &["fit", "--json", "few.csv"]);
    assert_eq!((report.model.usl.status, report.model.usl.sigma), (FitStatus::TooFewWidths, None));
    few.run(&["fit", "few.csv"]).code(0).stdout(contains("5 different widths were measured, 6 are needed"));
    let flat = Sandbox::with("flat.csv", "n,x\n1,10\n2,20\n4,40\n8,79\n16,80\n32,80.5\n64,79.8\n");
    let usl = single(&flat, &["fit", "--json", "flat.csv"]).model.usl;
    assert_eq!((usl.status, usl.saturated_width, usl.peak_width), (FitStatus::Saturated, Some(8.0), None));
    flat.run(&["fit", "flat.csv"]).code(0).stdout(contains("saturated at width 8"));
}

#[test]
fn results_of_bench_are_fitted_strategy_by_strategy() {
    let sandbox = Sandbox::new();
    let work = ["sleep-io", "--strategy", "async,threads", "--width", "2,3,4,6,8,12", "--runs", "1"];
    let bench = [&["bench", "--export-json", "bench.json"], &work[..]].concat();
    sandbox.run(&bench).code(0);
    let Document::FitResults(fits) =
        checked(&sandbox, &sandbox.run(&["fit", "--json", "bench.json"]).code(0))
    else {
        panic!("a list of series")
    };
    let strategies: Vec<_> = fits.results.iter().map(|r| r.strategy.unwrap().as_str()).collect();
    assert!(!strategies.is_empty() && strategies.iter().all(|s| ["async", "threads"].contains(s)));
    for report in &fits.results {
        assert_eq!(report.workload_name.as_deref(), Some("sleep-io"));
        assert_eq!(report.points[0].width, 1.0, "the reference: {report:?}");
        assert_eq!(report.model.strategy, report.strategy);
    }
    sandbox
        .run(&["fit", "bench.json"])
        .code(0)
        .stdout(contains("sleep-io · ").and(contains(" widths from 1 to ")));
}

#[test]
fn exports_are_written_and_the_csv_can_be_fitted_again() {
    let sandbox = Sandbox::with("load.csv", RAYTRACER);
    let arguments = ["fit", "load.csv", "--export-csv", "fit.csv", "--export-markdown", "-"];
    sandbox.run(&arguments).code(0).stdout(starts_with("| Series |").and(contains("| load.csv | 11 |")));
    assert!(
        fs::read_to_string(sandbox.path("fit.csv")).unwrap().starts_with("workload,strategy,concurrency,")
    );
    let again = single(&sandbox, &["fit", "--json", "fit.csv"]);
    let first = single(&sandbox, &["fit", "--json", "load.csv"]);
    assert_eq!(again.model, first.model);
}
