use std::time::Duration;

use super::*;
use crate::snippets::shape::ItemSource;
use crate::strategy::StrategyKind;
use crate::workload::spec::{Backoff, RetryPolicy, WorkloadLimits};

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn shape(command: &[&str], items: ItemSource) -> TaskShape {
    TaskShape { tasks: 8, command: Some(texts(command)), items, ..TaskShape::default() }
}

/// Returns the lines without their comments.
fn lines(shape: &TaskShape) -> Vec<String> {
    let examples = examples(&Configuration::new(StrategyKind::Threads, 4), shape);
    let line = |example: &CodeExample| {
        let code: Vec<_> = example.code.lines().filter(|line| !line.starts_with("# ")).collect();
        code.join("\n")
    };
    examples.iter().map(line).collect()
}

fn file() -> ItemSource {
    ItemSource::File("my urls.txt".to_owned())
}

#[test]
fn both_take_the_users_own_words_and_items() {
    let curl = ["curl", "-sf", "{item}"];
    assert_eq!(
        lines(&shape(&curl, file())),
        [
            r"tr '\n' '\0' < 'my urls.txt' | xargs -0 -P 4 -I {} curl -sf {}",
            "parallel -j 4 -k curl -sf {} < 'my urls.txt'",
        ]
    );
    assert_eq!(
        lines(&shape(&curl, ItemSource::StandardInput)),
        [r"tr '\n' '\0' | xargs -0 -P 4 -I {} curl -sf {}", "parallel -j 4 -k curl -sf {}"]
    );
    assert_eq!(
        lines(&shape(&curl, ItemSource::Listed(texts(&["a b", "c"])))),
        [
            r"printf '%s\0' 'a b' c | xargs -0 -P 4 -I {} curl -sf {}",
            "parallel -j 4 -k curl -sf {} ::: 'a b' c < /dev/null",
        ]
    );
    assert_eq!(
        lines(&shape(&["test", "{item}", "-lt", "{item}9"], ItemSource::Numbers)),
        ["seq 0 7 | xargs -P 4 -I {} test {} -lt {}9", "seq 0 7 | parallel -j 4 -k test {} -lt {}9",]
    );
    assert_eq!(
        lines(&shape(&["make"], ItemSource::Numbers)),
        ["seq 8 | xargs -P 4 -I {} make", "seq 8 | parallel -j 4 -k -n0 make"]
    );
}

#[test]
fn limits_and_retries_are_options() {
    let limits = WorkloadLimits { timeout: Some(Duration::from_millis(1500)), ..WorkloadLimits::default() };
    let retry = RetryPolicy { max: 2, backoff: Backoff::Exponential, base: Duration::from_millis(100) };
    let bounded = TaskShape { limits: limits.clone(), ..shape(&["curl", "{item}"], file()) };
    assert!(lines(&bounded)[0].ends_with("xargs -0 -P 4 -I {} timeout 1.5 curl {}"));
    assert!(lines(&bounded)[1].starts_with("parallel -j 4 -k --timeout 1.5s curl {}"));
    let again = TaskShape { retry: Some(retry), ..bounded };
    assert!(lines(&again)[0].ends_with(
        r#"timeout 1.5 sh -c 'for pause in 0.05 0.1; do "$@" && exit; sleep "$pause"; done; "$@"' sh curl {}"#
    ));
    assert!(lines(&again)[1].starts_with("parallel -j 4 -k --retries 3 --timeout 1.5s curl {}"));
}

#[test]
fn only_parallel_limits_starts_per_second() {
    let limits =
        WorkloadLimits { rate_per_s: Some(20.0), max_in_flight: Some(3), ..WorkloadLimits::default() };
    let limited = TaskShape { limits, ..shape(&["curl", "{item}"], file()) };
    assert_eq!(lines(&limited), ["parallel -j 3 -k --delay 0.05 curl {} < 'my urls.txt'"]);
}

#[test]
fn tasks_that_are_no_commands_have_no_lines() {
    assert!(examples(&Configuration::REFERENCE, &TaskShape::default()).is_empty());
}

#[test]
fn only_what_a_shell_expands_is_shortened() {
    let lines = [
        (r#"echo "${1}" | wc"#, r#"echo "$1" | wc"#),
        (r#"echo '"${1}"' x"#, r#"echo '"${1}"' x"#),
        (r#"echo 'a'"${1}"'b'"#, r#"echo 'a'"$1"'b'"#),
        (r#"echo \${1} "it's ${1}" ${1}0"#, r#"echo \${1} "it's $1" ${1}0"#),
    ];
    for (line, expected) in lines {
        assert_eq!(short_parameters(line), expected);
    }
}
