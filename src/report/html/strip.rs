//! Where the time of the profiled tasks went: as one line, and over time where that was sampled.

use crate::profile::Profile;
use crate::profile::result::{Series, WaitKind};
use crate::units::{Seconds, Share};

const WIDTH: f64 = 720.0;

/// Height of the line in SVG units.
const LINE: f64 = 18.0;

/// Height of the columns of CPU use over time, and of the waits below them, in SVG units.
const COLUMN: f64 = 48.0;
const WAIT: f64 = 8.0;

/// Least share that is drawn and named: a smaller one is no more than a hair on the screen.
const WORTH_SHOWING: f64 = 0.005;

/// Returns the figure; `None` where nothing is known of the time.
pub(super) fn figure(profile: &Profile) -> Option<String> {
    let shares = shares(profile);
    if shares.is_empty() {
        return None;
    }
    let series =
        profile.tree.as_deref().map(|tree| &tree.series).filter(|series| !series.cpu_fraction.is_empty());
    let over_time = series.map(over_time).unwrap_or_default();
    let caption = match series {
        Some(series) => format!(
            "Share of the time, and CPU use over {}, with what was waited for below it.",
            Seconds(series.interval_s * series.cpu_fraction.len() as f64)
        ),
        None => "Share of the time of a task.".to_owned(),
    };
    Some(format!(
        "<figure>\n{}{over_time}{}<figcaption>{caption}</figcaption>\n</figure>\n",
        line(&shares),
        legend(&shares),
    ))
}

/// Returns the kinds of time with their shares: computing first, then waits.
fn shares(profile: &Profile) -> Vec<(&'static str, f64)> {
    let waiting = 1.0 - profile.cpu_fraction;
    let waits = profile.waits.named();
    let unknown = (waiting * (1.0 - waits.iter().map(|(_, share)| share).sum::<f64>())).max(0.0);
    let waits = waits.map(|(name, share)| (name, share * waiting));
    let all = std::iter::once(("CPU", profile.cpu_fraction)).chain(waits).chain([("unknown", unknown)]);
    all.filter(|(_, share)| *share >= WORTH_SHOWING).collect()
}

fn line(shares: &[(&str, f64)]) -> String {
    let mut x = 0.0;
    let mut rects = String::new();
    for (name, share) in shares {
        let width = share * WIDTH;
        rects += &format!(
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{LINE}\"><title>{name} {}</title></rect>\n",
            class(name),
            Share(*share),
        );
        x += width;
    }
    format!(
        "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} {LINE}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"shares of the time\">\n{rects}</svg>\n"
    )
}

/// Returns CPU use as columns, with the main wait of each interval below.
fn over_time(series: &Series) -> String {
    let step = WIDTH / series.cpu_fraction.len() as f64;
    let mut rects = String::new();
    for (i, (cpu, wait)) in series.cpu_fraction.iter().zip(&series.main_wait).enumerate() {
        let x = i as f64 * step;
        if let Some(cpu) = cpu.filter(|cpu| *cpu > 0.0) {
            let height = cpu.min(1.0) * COLUMN;
            rects += &format!(
                "<rect class=\"kind-cpu\" x=\"{x:.2}\" y=\"{:.1}\" width=\"{step:.2}\" height=\"{height:.1}\"/>\n",
                COLUMN - height
            );
        }
        if let Some(kind) = wait {
            let (class, y) = (class(WaitKind::as_str(*kind)), COLUMN + 2.0);
            rects += &format!(
                "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y}\" width=\"{step:.2}\" height=\"{WAIT}\"/>\n"
            );
        }
    }
    let height = COLUMN + 2.0 + WAIT;
    format!(
        "<svg class=\"strip time\" viewBox=\"0 0 {WIDTH} {height}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"CPU use over time\">\n{rects}</svg>\n"
    )
}

/// Returns the shares in words: colours alone say nothing.
fn legend(shares: &[(&str, f64)]) -> String {
    let entry = |(name, share): &(&str, f64)| {
        format!(
            "<li><svg viewBox=\"0 0 14 14\"><rect class=\"{}\" width=\"14\" height=\"14\"/></svg>{name} {}</li>\n",
            class(name),
            Share(*share)
        )
    };
    format!("<ul class=\"legend\">\n{}</ul>\n", shares.iter().map(entry).collect::<String>())
}

fn class(name: &str) -> String {
    format!("kind-{}", name.to_lowercase().replace(' ', "-"))
}
