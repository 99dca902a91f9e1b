//! The section about a process tree: over time, and process by process.

use crate::profile::result::{ProcessUse, Series, Tree, WaitKind};
use crate::report::prose;
use crate::report::table::screen::Screen;
use crate::units::Seconds;

/// Bars for the share of CPU time in an interval, from none to all.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Width of a label, in columns.
const LABEL: usize = 11;

/// CPU use of an interval, as a share, above which its waits are not shown.
const COMPUTING: f64 = 0.75;

/// Adds the evidence of a tree; with `detailed`, every process and thread.
pub(super) fn section(screen: &mut Screen, tree: &Tree, wall_s: f64, detailed: bool) {
    strip(screen, &tree.series);
    prose::tree::pattern(tree).into_iter().for_each(|text| screen.labelled(0, "Pattern", &text));
    screen.labelled(0, "Tree", &prose::tree::size(tree));
    prose::tree::sockets(tree).into_iter().for_each(|text| screen.labelled(0, "Sockets", &text));
    prose::tree::stopped(tree, wall_s).into_iter().for_each(|text| screen.labelled(0, "Stopped", &text));
    prose::tree::throttling(tree).into_iter().for_each(|text| screen.labelled(0, "Throttled", &text));
    prose::tree::machine(tree).into_iter().for_each(|text| screen.labelled(0, "Machine", &text));
    screen.labelled(0, "Sampling", &prose::tree::sampling(&tree.sampling, wall_s + tree.stopped_s));
    for (i, what) in tree.unknown.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Unknown" } else { "" }, &prose::profile::unknown(what));
    }
    if let Some(exit) = tree.exit.as_ref().and_then(prose::tree::exit) {
        screen.labelled(0, "Exit", &exit);
    }
    if detailed {
        breakdown(screen, &tree.breakdown);
    }
}

/// Adds the run as a strip: its CPU use, and below that its waits.
fn strip(screen: &mut Screen, series: &Series) {
    let columns = series.cpu_fraction.len().min(screen.width() - LABEL);
    if columns == 0 {
        return;
    }
    let groups =
        |i: usize| i * series.cpu_fraction.len() / columns..(i + 1) * series.cpu_fraction.len() / columns;
    let mut bars = String::new();
    let mut letters = String::new();
    let mut kinds: Vec<WaitKind> = Vec::new();
    for group in (0..columns).map(groups) {
        let values: Vec<f64> = series.cpu_fraction[group.clone()].iter().flatten().copied().collect();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        bars.push(if values.is_empty() { ' ' } else { bar(mean) });
        let wait = series.main_wait[group].iter().flatten().next().copied().filter(|_| mean < COMPUTING);
        letters.push(wait.map_or('·', letter));
        kinds.extend(wait.filter(|kind| !kinds.contains(kind)));
    }
    screen.labelled(0, "Over time", &bars);
    if !kinds.is_empty() {
        screen.labelled(0, "", &letters);
    }
    let legend: Vec<_> = kinds.iter().map(|kind| format!("{} {}", letter(*kind), kind.as_str())).collect();
    let behind =
        if legend.is_empty() { String::new() } else { format!("; waiting for {}", legend.join(", ")) };
    screen.labelled(0, "", &format!("bars: CPU, each {}{behind}", each(series, columns)));
}

/// Returns the first letter of a kind of wait.
fn letter(kind: WaitKind) -> char {
    kind.as_str().chars().next().unwrap_or('?')
}

fn each(series: &Series, columns: usize) -> Seconds {
    Seconds(series.interval_s * series.cpu_fraction.len() as f64 / columns as f64)
}

fn bar(share: f64) -> char {
    let step = (share * BARS.len() as f64) as usize;
    BARS[step.min(BARS.len() - 1)]
}

fn breakdown(screen: &mut Screen, processes: &[ProcessUse]) {
    for (i, process) in processes.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Processes" } else { "" }, &prose::tree::process(process));
        if process.threads.len() > 1 {
            process.threads.iter().for_each(|thread| screen.labelled(2, "", &prose::tree::thread(thread)));
        }
    }
}
