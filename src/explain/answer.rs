//! The answer to a question or an error message, as data and as a page.

use serde::Serialize;

use crate::advice::result::CodeExample;
use crate::explain::errors::{Explanation, explain};
use crate::explain::index::{Hit, rank};
use crate::explain::lookup::topic_page;
use crate::explain::markdown::{Block, parse, unmarked};
use crate::explain::programs;
use crate::explain::question::{Question, UsedPattern};
use crate::explain::render::PageLayout;
use crate::explain::topic::Topic;
use crate::profile::Class;
use crate::strategy::StrategyKind;
use crate::strategy::info::StrategyHelp;

/// Share of a question that a topic must answer, or none is given. Chosen on `tests/data/questions.tsv` and
/// `off_topic.tsv`.
pub(super) const MIN_SCORE: f64 = 0.33;

/// Share of a question that a topic must answer to be named as near.
const MIN_NEAR: f64 = 0.12;

/// Maximum number of topics that are named.
const MAX_TOPICS: usize = 5;

/// Maximum number of topics that are named as near where none answers.
const MAX_NEAR: usize = 3;

/// The kind of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AnswerKind {
    /// A topic answers the question.
    Topic,
    /// The text is an error message, and it is explained.
    Error,
    /// The workload of the question was measured.
    Workload,
    /// Nothing answers; `topics` are near.
    None,
}

/// What the asker said beside the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(crate) struct Context {
    /// The class of the work; null if not said.
    #[serde(rename = "type")]
    pub class: Option<Class>,
    /// The concurrency in use; null if not said.
    pub pattern: Option<UsedPattern>,
    /// The workload that was measured; null without one.
    pub workload: Option<String>,
}

/// A topic with the share of the question that it answers.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub(crate) struct NearTopic {
    /// The name, for `conc explain NAME`.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// From 0 to 1.
    pub score: f64,
}

/// The answer to a question, an error message or the name of a topic; the document of `conc explain --json`.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub(crate) struct Answer {
    /// The kind of the answer.
    pub kind: AnswerKind,
    /// The words that were asked.
    pub query: String,
    /// What was said beside them.
    pub context: Context,
    /// The answer in words; null if nothing answers.
    pub response: Option<String>,
    /// Complete programs.
    pub code_examples: Vec<CodeExample>,
    /// What it costs, and pitfalls.
    pub performance_notes: Vec<String>,
    /// Topics, the nearest first.
    pub topics: Vec<NearTopic>,
    /// The explanation of an error; null for questions.
    pub error: Option<Explanation>,
    /// The document of `conc advise` for the workload; null without one.
    pub report: Option<serde_json::Value>,
}

/// Returns the topic that answers, if one does.
pub(super) fn best(hits: &[Hit]) -> Option<Hit> {
    hits.first().copied().filter(|hit| hit.score >= MIN_SCORE)
}

impl Answer {
    /// Answers a question, an error message or the name of a topic.
    pub(crate) fn to(question: &Question) -> Answer {
        if let Some(error) = explain(&question.text) {
            return Answer::of_error(question, error);
        }
        if let Ok(strategy) = question.text.trim().parse::<StrategyKind>() {
            return Answer::of_strategy(question, strategy);
        }
        let named = Topic::find(question.text.trim()).map(|topic| Hit { topic, score: 1.0 });
        // A code that does not exist is a slip, not a question.
        let asked = if is_like_code(&question.text) { "" } else { &question.text };
        let mut hits = rank(asked, &question.hints());
        if let Some(named) = named {
            hits.retain(|hit| hit.topic != named.topic);
            hits.insert(0, named);
        }
        match best(&hits) {
            Some(hit) => Answer::of_topic(question, hit.topic, &hits),
            None => {
                let near = hits.iter().filter(|hit| hit.score >= MIN_NEAR).take(MAX_NEAR);
                Answer {
                    topics: near.map(NearTopic::of).collect(),
                    ..Answer::empty(question, AnswerKind::None)
                }
            }
        }
    }

    /// Returns an answer without content.
    pub(crate) fn empty(question: &Question, kind: AnswerKind) -> Answer {
        Answer {
            kind,
            query: question.text.clone(),
            context: Context { class: question.class, pattern: question.pattern, workload: None },
            response: None,
            code_examples: Vec::new(),
            performance_notes: Vec::new(),
            topics: Vec::new(),
            error: None,
            report: None,
        }
    }

    fn of_topic(question: &Question, topic: &Topic, hits: &[Hit]) -> Answer {
        let parts = Parts::of(topic);
        Answer {
            response: Some(parts.opening),
            code_examples: programs::shown(topic.text).filter_map(|name| example(topic, name)).collect(),
            performance_notes: parts.notes,
            topics: hits
                .iter()
                .filter(|hit| hit.score >= MIN_NEAR)
                .take(MAX_TOPICS)
                .map(NearTopic::of)
                .collect(),
            ..Answer::empty(question, AnswerKind::Topic)
        }
    }

    fn of_strategy(question: &Question, strategy: StrategyKind) -> Answer {
        let StrategyHelp { what, width, wins, loses } = strategy.info().help;
        let page = Topic::find(strategy.as_str());
        let topics =
            page.or_else(|| Topic::find("strategies")).map(|topic| NearTopic::of(&Hit { topic, score: 1.0 }));
        Answer {
            response: Some(format!("{what} {width}")),
            performance_notes: vec![wins.to_owned(), loses.to_owned()],
            topics: topics.into_iter().collect(),
            ..Answer::empty(question, AnswerKind::Topic)
        }
    }

    fn of_error(question: &Question, error: Explanation) -> Answer {
        let found = error.topics.iter().filter_map(|name| Topic::find(name));
        Answer {
            response: Some(format!("{} {}", error.cause, error.remedy)),
            code_examples: error.examples(),
            topics: found.map(|topic| NearTopic::of(&Hit { topic, score: 1.0 })).collect(),
            error: Some(error),
            ..Answer::empty(question, AnswerKind::Error)
        }
    }

    /// Returns the answer with the document of `conc advise`: its figures are the response, unless the workload belongs to the
    /// topic.
    pub(crate) fn with_report(self, workload: &str, report: serde_json::Value, is_of_topic: bool) -> Answer {
        let context = Context { workload: Some(workload.to_owned()), ..self.context };
        if is_of_topic {
            return Answer { context, report: Some(report), ..self };
        }
        let advice = &report["recommendation"];
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let notes = advice["performance_notes"].as_array();
        Answer {
            kind: AnswerKind::Workload,
            context,
            response: advised(advice),
            code_examples: serde_json::from_value(advice["code_examples"].clone()).unwrap_or_default(),
            performance_notes: notes
                .into_iter()
                .flatten()
                .filter_map(|note| text(&note["message"]))
                .collect(),
            error: None,
            report: Some(report),
            ..self
        }
    }

    /// Returns a line with the topics of the answer, or nothing if there are none.
    pub(crate) fn see_also(&self, layout: PageLayout) -> String {
        let names: Vec<_> = self.topics.iter().map(|near| near.name).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("\n{}", layout.labelled("See also", &names.join(", ")))
        }
    }

    /// Returns the page for a person; `None` if nothing answers.
    pub(crate) fn page(&self, layout: PageLayout) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(error.page(layout));
        }
        let topic = Topic::find(self.topics.first().filter(|_| self.kind == AnswerKind::Topic)?.name)?;
        let others = Answer { topics: self.topics[1..].to_vec(), ..self.clone() };
        Some(topic_page(topic, layout) + &others.see_also(layout))
    }
}

impl NearTopic {
    fn of(hit: &Hit) -> NearTopic {
        // Two digits are more than the score is worth.
        let score = (hit.score * 100.0).round() / 100.0;
        NearTopic { name: hit.topic.name, title: hit.topic.title(), score }
    }
}

fn example(topic: &Topic, name: &str) -> Option<CodeExample> {
    let code = programs::program(name)?.to_owned();
    Some(CodeExample {
        language: programs::language(name).to_owned(),
        title: topic.summary().to_owned(),
        code,
    })
}

/// Returns true for a text that has the form of a code, such as `E-ASYNC-05`.
fn is_like_code(text: &str) -> bool {
    let mut parts = text.trim().split('-');
    let kind =
        parts.next().is_some_and(|part| part.eq_ignore_ascii_case("e") || part.eq_ignore_ascii_case("w"));
    kind && parts.next().is_some() && !text.trim().contains(char::is_whitespace)
}

/// Returns a recommendation in words: the configuration, how it compares, and its limit.
fn advised(advice: &serde_json::Value) -> Option<String> {
    let configuration = format!("{} at width {}", advice["strategy"].as_str()?, advice["width"]);
    let reasons =
        [&advice["comparison"]["message"], &advice["binding_limit"]["message"], &advice["response"]];
    let words =
        [configuration].into_iter().chain(reasons.into_iter().filter_map(|r| r.as_str().map(str::to_owned)));
    Some(words.collect::<Vec<_>>().join(". "))
}

/// The parts of a topic that an answer has.
struct Parts {
    /// The paragraphs before the first heading below the title.
    opening: String,
    /// What it costs, and the pitfalls.
    notes: Vec<String>,
}

impl Parts {
    fn of(topic: &Topic) -> Parts {
        let (mut opening, mut notes) = (Vec::new(), Vec::new());
        let mut part = String::new();
        for block in parse(topic.text) {
            match block {
                Block::Heading(1, _) => {}
                Block::Heading(_, spans) => part = unmarked(&spans),
                Block::Paragraph(spans) | Block::Item(_, _, spans) => match &*part {
                    "" => opening.push(unmarked(&spans)),
                    "What it costs" | "Pitfalls" => notes.push(unmarked(&spans)),
                    _ => {}
                },
                Block::Code(..) | Block::Table(_) => {}
            }
        }
        Parts { opening: opening.join("\n\n"), notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: PageLayout = PageLayout { width: 80, is_styled: false };

    #[test]
    fn a_question_is_answered_by_a_topic_with_a_program_and_notes() {
        let answer = Answer::to(&Question::new("limit how many requests run at the same time"));
        assert_eq!(answer.kind, AnswerKind::Topic);
        assert_eq!(answer.topics[0].name, "semaphore");
        assert!(answer.response.as_deref().is_some_and(|text| text.starts_with("Bounds the number")));
        let languages: Vec<_> = answer.code_examples.iter().map(|example| &*example.language).collect();
        assert_eq!(languages, ["python", "rust"]);
        assert!(answer.performance_notes.iter().any(|note| note.contains("Create it once")));
        assert!(answer.page(LAYOUT).is_some_and(|page| page.starts_with("Semaphore: ")));
    }

    #[test]
    fn nonsense_has_no_answer() {
        let answer = Answer::to(&Question::new("flurble grommet wibble"));
        assert_eq!(
            (answer.kind, answer.response.clone(), answer.page(LAYOUT)),
            (AnswerKind::None, None, None)
        );
    }

    #[test]
    fn a_code_that_does_not_exist_is_no_question() {
        assert_eq!(Answer::to(&Question::new("E-ASYNC-05")).kind, AnswerKind::None);
        assert_eq!(Answer::to(&Question::new("e-async-005")).kind, AnswerKind::Error);
    }

    #[test]
    fn a_message_is_explained() {
        let answer = Answer::to(&Question::new("RuntimeError: no running event loop"));
        assert_eq!(answer.kind, AnswerKind::Error);
        assert!(answer.page(LAYOUT).is_some_and(|page| page.starts_with("E-ASYNC-001")));
    }

    #[test]
    fn a_name_is_its_topic() {
        let answer = Answer::to(&Question::new("locks"));
        assert_eq!(
            (answer.kind, answer.topics[0].name, answer.topics[0].score),
            (AnswerKind::Topic, "locks", 1.0)
        );
    }
}
