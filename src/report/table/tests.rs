//! The output for a person, at several widths.

use std::sync::LazyLock;

use super::*;
use crate::advice::result::CodeExample;
use crate::report::fit::read::read;
use crate::report::fit::series::ColumnNames;
use crate::report::fit::{FitReport, fit};
use crate::report::{Report, example, text};
use crate::strategy::StrategyKind;

fn options(width: usize) -> TableOptions {
    TableOptions { width, colour: false, verbose: false, code: CodeChoice::None }
}

/// Fits of data that follow the law, and of data that do not.
static FITS: LazyLock<Vec<FitReport>> = LazyLock::new(|| {
    let law = (1..=40)
        .map(|n| format!("{n},{}\n", 40.0 * f64::from(n) / (1.0 + 0.03 * f64::from(n * n))))
        .collect();
    let flat = "1,100\n2,200\n4,400\n8,790\n16,800\n32,800\n1000,810\n".to_owned();
    let data = [law, flat]
        .map(|text: String| read("load\u{1b}[2J.csv", text.into_bytes(), &ColumnNames::default()).unwrap());
    data.iter().flat_map(fit).collect()
});

fn all_outputs(options: &TableOptions) -> [String; 7] {
    let report = example::advise();
    [
        render_advise(&report, options),
        render_profile(&report, options),
        render_profile(&example::command(), options),
        render_bench(&example::bench(), options),
        render_warnings(&example::bench().results, options),
        render_fit(&FITS, options, Glyphs::Unicode),
        render_fit(&FITS, options, Glyphs::Ascii),
    ]
}

#[test]
fn advise_fits_a_narrow_terminal() {
    insta::assert_snapshot!(render_advise(&example::advise(), &options(80)));
}

#[test]
fn advise_fits_a_terminal_of_100_columns() {
    insta::assert_snapshot!(render_advise(&example::advise(), &options(100)));
}

#[test]
fn advise_uses_a_wide_terminal() {
    insta::assert_snapshot!(render_advise(&example::advise(), &options(120)));
}

#[test]
fn verbose_shows_every_cell_and_every_remedy() {
    let options = TableOptions { verbose: true, ..options(120) };
    insta::assert_snapshot!(render_advise(&example::advise(), &options));
}

#[test]
fn profile_shows_the_evidence() {
    insta::assert_snapshot!(render_profile(&example::advise(), &options(80)));
}

#[test]
fn a_profile_of_a_command_shows_it_over_time() {
    insta::assert_snapshot!(render_profile(&example::command(), &options(80)));
}

#[test]
fn verbose_shows_every_process_and_thread() {
    let options = TableOptions { verbose: true, ..options(100) };
    insta::assert_snapshot!(render_profile(&example::command(), &options));
}

#[test]
fn bench_shows_a_table_for_each_workload() {
    insta::assert_snapshot!(render_bench(&example::bench(), &options(80)));
}

#[test]
fn warnings_are_apart_and_of_several_workloads_each_is_named() {
    let options = TableOptions { verbose: true, ..options(80) };
    insta::assert_snapshot!(render_warnings(&[example::advise()], &options), @r"
    Warning    the embedded server used 31% of the CPUs (W-RUN-007)
               remedy: Read results near the CPU limit with care, or measure against
               a server on another machine.
    ");
    let of_several = render_warnings(&example::bench().results, &options);
    assert!(of_several.contains("Warning    web-scraper: "), "{of_several}");
    assert!(!render_advise(&example::advise(), &options).contains("Warning"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 60..=200 {
        for verbose in [false, true] {
            for output in all_outputs(&TableOptions { verbose, ..options(width) }) {
                for line in output.lines() {
                    assert!(text::width(line) <= width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    for (plain, coloured) in
        all_outputs(&options(90)).iter().zip(all_outputs(&TableOptions { colour: true, ..options(90) }))
    {
        assert_ne!(*plain, coloured);
        assert_eq!(*plain, anstream::adapter::strip_str(&coloured).to_string());
    }
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    for output in all_outputs(&TableOptions { verbose: true, ..options(100) }) {
        assert!(!output.contains('\u{1b}'), "{output}");
    }
}

#[test]
fn the_program_asked_for_is_shown_as_it_is() {
    let output = render_advise(&example::advise(), &TableOptions { code: CodeChoice::Rust, ..options(80) });
    assert!(output.ends_with("rust: tokio, 64 in flight\n\nfn main() {}\n"), "{output}");
    assert!(!output.contains("--code"), "{output}");
}

#[test]
fn all_lines_for_a_shell_are_shown_and_their_absence_is_told() {
    let mut report = example::advise();
    let shell = TableOptions { code: CodeChoice::Shell, ..options(80) };
    let without = render_advise(&report, &shell);
    assert!(without.ends_with("no lines for a shell: the tasks are no commands\n"), "{without}");
    let line = |title: &str| CodeExample {
        language: "shell".to_owned(),
        title: title.to_owned(),
        code: format!("{title} -P 4\n"),
    };
    let advice = report.recommendation.as_mut().expect("the example has one");
    advice.code_examples.extend(["xargs", "parallel"].map(line));
    let output = render_advise(&report, &shell);
    assert!(output.ends_with("shell: xargs\n\nxargs -P 4\n\nshell: parallel\n\nparallel -P 4\n"), "{output}");
    let hint = render_advise(&report, &options(80));
    assert!(hint.contains("the same command with --code shell, rust or python"), "{hint}");
}

#[test]
fn a_pipeline_without_a_program_says_why() {
    let mut report = example::advise();
    let advice = report.recommendation.as_mut().expect("the example has one");
    (advice.strategy, advice.code_examples) = (StrategyKind::Pipeline, Vec::new());
    for code in [CodeChoice::Rust, CodeChoice::None] {
        let output = render_advise(&report, &TableOptions { code, ..options(80) });
        assert!(output.contains("no program: stages cannot keep"), "{output}");
    }
}

#[test]
fn a_report_that_knows_little_is_still_told() {
    let full = example::advise();
    let empty = Report::new(full.command, full.host, full.workload);
    let output = render_advise(&empty, &options(80));
    assert_eq!(output, "web-scraper · 200 tasks · sample workload · 2 CPUs (cgroup quota: none), 24 GiB\n");
}
