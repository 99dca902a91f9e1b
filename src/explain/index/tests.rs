//! Tests of the index on questions that were written before it.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::explain::answer::{MIN_SCORE, best};
use crate::explain::index::rank;
use crate::explain::index::vocabulary::WORDS;
use crate::explain::topic::{TOPICS, Topic};

const QUESTIONS: &str = include_str!("../../../tests/data/questions.tsv");
const OFF_TOPIC: &str = include_str!("../../../tests/data/off_topic.tsv");

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Questions, each with the names of the topics that answer it.
fn questions() -> Vec<(Vec<&'static str>, &'static str)> {
    let question = |line: &'static str| {
        let (topics, question) = line.split_once('\t').expect("a topic and a question");
        (topics.split('|').filter(|name| Topic::find(name).is_some()).collect(), question)
    };
    lines(QUESTIONS).map(question).collect()
}

#[test]
fn every_topic_is_asked_for_in_four_ways() {
    for topic in TOPICS {
        let count = questions().iter().filter(|(topics, _)| topics.contains(&topic.name)).count();
        assert!(count >= 4, "{}: {count} questions", topic.name);
    }
}

#[test]
fn questions_find_their_topic() {
    let questions = questions();
    let (mut first, mut among_three, mut missed) = (0, 0, String::new());
    for (topics, question) in &questions {
        let hits = rank(question, "");
        let is_right = |hit: &crate::explain::index::Hit| topics.contains(&hit.topic.name);
        let is_answered = best(&hits).is_some_and(|hit| is_right(&hit));
        first += usize::from(is_answered);
        among_three += usize::from(hits.iter().take(3).any(is_right));
        if !is_answered {
            let near = hits.iter().take(3).map(|hit| format!("{} {:.2}", hit.topic.name, hit.score));
            writeln!(missed, "{topics:?}: {question}: {}", near.collect::<Vec<_>>().join(", "))
                .expect("text");
        }
    }
    let share = |count: usize| count as f64 / questions.len() as f64;
    let told = format!("first {:.3}, among three {:.3}\n{missed}", share(first), share(among_three));
    assert!(share(first) >= 0.90 && share(among_three) >= 0.97, "{told}");
}

#[test]
fn nonsense_and_other_subjects_find_none() {
    let all: Vec<_> = lines(OFF_TOPIC).collect();
    let told = all.iter().filter_map(|question| {
        let hit = best(&rank(question, ""))?;
        Some(format!("{question}: {} {:.2}", hit.topic.name, hit.score))
    });
    let told: Vec<_> = told.collect();
    let refused = 1.0 - told.len() as f64 / all.len() as f64;
    assert!(refused >= 0.90, "{refused:.3} below {MIN_SCORE} are refused\n{}", told.join("\n"));
}

#[test]
fn a_hint_decides_between_topics() {
    let place = |hints: &str, name: &str| {
        rank("run calls in parallel", hints).iter().position(|hit| hit.topic.name == name)
    };
    let is_first = |hints: &str, one: &str, other: &str| place(hints, one) < place(hints, other);
    assert!(is_first("cpu compute cores processes", "processes-for-cpu", "threads-for-io"));
    assert!(is_first("io wait threads", "threads-for-io", "processes-for-cpu"));
    assert!(rank("zxcv", "threads").is_empty(), "a hint finds nothing by itself");
}

#[test]
fn ways_to_ask_belong_to_topics() {
    let names: BTreeSet<_> = TOPICS.iter().map(|topic| topic.name).collect();
    let unknown: Vec<_> = WORDS.topics().filter(|name| !names.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
