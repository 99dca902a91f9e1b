//! The document of `explain` as text.

use serde_json::Value;

/// Returns the answer to a question, or the topics near it, as text; `None` for another document.
pub(super) fn of_explain(document: &Value) -> Option<String> {
    let query = document["query"].as_str()?;
    let topics: Vec<&str> = list(document, "topics").filter_map(|topic| topic["name"].as_str()).collect();
    let Some(response) = document["response"].as_str() else {
        let near =
            if topics.is_empty() { String::new() } else { format!("; near it are {}", topics.join(", ")) };
        return Some(format!("no topic answers '{query}'{near}"));
    };
    let mut text = String::new();
    let error = &document["error"];
    if let (Some(code), Some(title)) = (error["code"].as_str(), error["title"].as_str()) {
        text += &format!("{code}: {title}\n\n");
    }
    text += response;
    for example in list(document, "code_examples") {
        let (title, code) = (example["title"].as_str(), example["code"].as_str());
        text += &format!("\n\n{}:\n\n{}", title.unwrap_or("Program"), code.unwrap_or_default().trim_end());
    }
    let notes: Vec<&str> = list(document, "performance_notes").filter_map(Value::as_str).collect();
    if !notes.is_empty() {
        text += &format!("\n\n- {}", notes.join("\n- "));
    }
    if !topics.is_empty() {
        text += &format!("\n\nTopics: {}", topics.join(", "));
    }
    Some(text + "\n")
}

fn list<'a>(document: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    document[name].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Answer, Question};

    fn text(asked: &str) -> String {
        let answer = serde_json::to_value(Answer::to(&Question::new(asked))).expect("JSON");
        of_explain(&answer).expect("an answer")
    }

    #[test]
    fn an_answer_has_its_program_and_its_topics() {
        let answer = text("semaphore");
        assert!(answer.contains("Semaphore") && answer.contains("Topics: semaphore"), "{answer}");
        let error = text("RuntimeError: no running event loop");
        assert!(error.starts_with("E-ASYNC-001: "), "{error}");
    }

    #[test]
    fn what_nothing_answers_is_said() {
        assert!(text("zxcv qwertyuiop").starts_with("no topic answers 'zxcv qwertyuiop'"));
        assert_eq!(of_explain(&serde_json::json!({ "command": "fit" })), None);
    }
}
