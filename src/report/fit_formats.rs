//! Fits in other formats: CSV for plotting elsewhere, Markdown for reading.

use crate::advice::scaling::coefficient;
use crate::report::csv_field::csv_field;
use crate::report::fit::document::FitReport;
use crate::report::markdown::escaped;
use crate::report::prose;
use crate::units::PerSecond;

/// Returns one row for each measured point, with the value of the law there.
pub(crate) fn csv(reports: &[FitReport]) -> String {
    let mut out = "workload,strategy,concurrency,throughput,fitted\n".to_owned();
    for report in reports {
        let workload = report.workload_name.as_deref().or(report.label.as_deref()).unwrap_or_default();
        let workload = csv_field(workload);
        let strategy = report.strategy.map(|s| s.to_string()).unwrap_or_default();
        for point in &report.points {
            let fitted = point.fitted_per_s.map(|x| x.to_string()).unwrap_or_default();
            out += &format!("{workload},{strategy},{},{},{fitted}\n", point.width, point.throughput_per_s);
        }
    }
    out
}

/// Returns one row for each series.
pub(crate) fn markdown(reports: &[FitReport]) -> String {
    let mut out = "| Series | Widths | lambda | sigma | kappa | Result |\n\
                   | :-- | --: | --: | --: | --: | :-- |\n"
        .to_owned();
    for report in reports {
        let usl = &report.model.usl;
        let number = |value: Option<f64>| value.map_or("-".to_owned(), coefficient);
        let result = escaped(&prose::scaling::reason(usl).unwrap_or_else(|| prose::scaling::peak(usl)));
        out += &format!(
            "| {} | {} | {} | {} | {} | {result} |\n",
            escaped(&report.title()),
            report.widths().len(),
            usl.lambda.map_or("-".to_owned(), |lambda| PerSecond(lambda).to_string()),
            number(usl.sigma),
            number(usl.kappa),
        );
    }
    out
}
