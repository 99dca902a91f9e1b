//! What was seen of a process tree: over time, and who used it.

use crate::profile::result::{
    ExitStatus, Pattern, Phase, ProcessUse, SampleSource, Series, ThreadUse, Tree, WaitKind,
};
use crate::report::prose::profile::unknown;
use crate::report::prose::workload::counted;
use crate::report::table::screen::Screen;
use crate::units::{Seconds, Share};

/// The share of CPU time in an interval, from none to all.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns that a label takes.
const LABEL: usize = 11;

/// CPU use of an interval above which nothing is said of its waits.
const COMPUTING: f64 = 0.75;

/// Fewer workers at a time than this are one.
const SEVERAL: f64 = 1.5;

/// The evidence of a tree; with `detailed`, every process and thread.
pub(super) fn section(screen: &mut Screen, tree: &Tree, wall_s: f64, detailed: bool) {
    strip(screen, &tree.series);
    pattern(screen, tree);
    screen.labelled(0, "Tree", &size(tree));
    machine(screen, tree);
    sampling(screen, tree, wall_s);
    for (i, what) in tree.unknown.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Unknown" } else { "" }, &unknown(what));
    }
    if let Some(exit) = exit(tree) {
        screen.labelled(0, "Exit", &exit);
    }
    if detailed {
        breakdown(screen, &tree.breakdown);
    }
}

/// The run as a strip: how much it computes, and below that what it waits for.
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

fn pattern(screen: &mut Screen, tree: &Tree) {
    let text = match tree.pattern {
        Pattern::Unknown => return,
        Pattern::Steady => "steady: nearly all of one kind throughout".to_owned(),
        Pattern::Interleaved => "interleaved: computes and waits in short turns".to_owned(),
        Pattern::Phased => {
            let parts: Vec<_> = tree.phases.iter().map(phase).collect();
            format!("phased: {}", parts.join("; "))
        }
    };
    screen.labelled(0, "Pattern", &text);
}

fn phase(phase: &Phase) -> String {
    let wait = phase.main_wait.map(|kind| format!(", waits for {}", kind.as_str())).unwrap_or_default();
    format!(
        "from {} to {} {} (CPU {}{wait})",
        Seconds(phase.from_s),
        Seconds(phase.to_s),
        phase.class.as_str(),
        Share(phase.cpu_fraction)
    )
}

fn size(tree: &Tree) -> String {
    let mut text = format!("{}, {}", counted_es(tree.processes, "process"), counted(tree.threads, "thread"));
    if tree.runs > 1 {
        text.push_str(&format!(" in {} runs", tree.runs));
    }
    if tree.workers.at_once >= SEVERAL {
        let (at_once, duty) = (tree.workers.at_once, Share(tree.workers.duty));
        text.push_str(&format!("; {at_once:.1} workers at once, each computing {duty} of its time"));
    }
    text
}

fn counted_es(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "es" })
}

fn machine(screen: &mut Screen, tree: &Tree) {
    let machine = tree.machine;
    let told = [
        machine.others_cpus.map(|cpus| format!("other programs used {cpus:.1} CPUs")),
        machine.cpu_pressure.map(|share| format!("CPU pressure {}", Share(share))),
        machine
            .stolen
            .filter(|share| *share > 0.0)
            .map(|share| format!("{} stolen by the hypervisor", Share(share))),
    ];
    let told: Vec<_> = told.into_iter().flatten().collect();
    if !told.is_empty() {
        screen.labelled(0, "Machine", &told.join(", "));
    }
}

fn sampling(screen: &mut Screen, tree: &Tree, wall_s: f64) {
    let sampling = &tree.sampling;
    let source = match sampling.source {
        SampleSource::Proc => "/proc",
        SampleSource::Sysinfo => "sysinfo",
    };
    let cost = if wall_s > 0.0 { sampling.cpu_s / wall_s } else { 0.0 };
    let text = format!("{source} every {}, at {} of a CPU", Seconds(sampling.period_s), Share(cost));
    screen.labelled(0, "Sampling", &text);
}

/// How it ended, unless as it should.
fn exit(tree: &Tree) -> Option<String> {
    let exit = tree.exit.as_ref()?;
    let text = match exit.status {
        ExitStatus::Exited if exit.code == Some(0) => return None,
        ExitStatus::Exited => format!("exit code {}", exit.code.unwrap_or_default()),
        ExitStatus::Signalled => format!("ended by signal {}", exit.signal.unwrap_or_default()),
        ExitStatus::Stopped => "ended because its time was over".to_owned(),
        ExitStatus::Interrupted => "ended by the interrupt".to_owned(),
    };
    Some(text)
}

fn breakdown(screen: &mut Screen, processes: &[ProcessUse]) {
    for (i, process) in processes.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Processes" } else { "" }, &process_line(process));
        if process.threads.len() > 1 {
            process.threads.iter().for_each(|thread| screen.labelled(2, "", &thread_line(thread)));
        }
    }
}

fn process_line(process: &ProcessUse) -> String {
    let who = match process.pid {
        Some(pid) => format!("{} ({pid})", process.name),
        None => format!("{} others ({})", process.count, process.name),
    };
    let kernel = process.system_share.map(|share| format!(" ({} kernel)", Share(share))).unwrap_or_default();
    let only = match process.threads.as_slice() {
        [thread] => doing(thread),
        _ => String::new(),
    };
    format!(
        "{who}: {} CPU{kernel}, {} in the run queue{only}",
        Seconds(process.cpu_s),
        Seconds(process.runqueue_s)
    )
}

fn thread_line(thread: &ThreadUse) -> String {
    let who = match thread.tid {
        Some(tid) => format!("{} ({tid})", thread.name),
        None => format!("{} others ({})", thread.count, thread.name),
    };
    let (cpu, queue) = (Seconds(thread.cpu_s), Seconds(thread.runqueue_s));
    format!("{who}: {cpu} CPU, {queue} in the run queue{}", doing(thread))
}

/// How often a thread was runnable, and what it waited for most.
fn doing(thread: &ThreadUse) -> String {
    let wait = thread.waits.main().map(|kind| format!(", else mostly {}", kind.as_str())).unwrap_or_default();
    format!("; runnable {}{wait}", Share(thread.runnable))
}
