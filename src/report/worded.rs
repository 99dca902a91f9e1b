//! The document as a JSON value: every fact with the sentence that says it.
//!
//! The types of the document hold facts. A reader of the JSON finds next to each fact its `message`; the
//! recommendation also has `tree_path` and `response` in words.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::advice::{Model, Note, Recommendation};
use crate::flag::FlagReport;
use crate::profile::Profile;
use crate::report::check::CheckReport;
use crate::report::document::{BenchReport, Document, Report};
use crate::report::evidence::EvidenceReport;
use crate::report::fit::{FitReport, FitResults};
use crate::report::job::JobReport;
use crate::report::prose;
use crate::report::prose::together::Together;

/// A document whose facts have sentences.
pub trait Worded: Serialize {
    /// Adds the sentences to `value`, the JSON of the document.
    fn add_sentences(&self, value: &mut Value);
}

/// Returns the JSON of `document` with the sentences in it.
pub fn to_value(document: &impl Worded) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(document)?;
    document.add_sentences(&mut value);
    Ok(value)
}

impl Worded for Report {
    fn add_sentences(&self, value: &mut Value) {
        if let Some(advice) = &self.recommendation {
            add_to_recommendation(advice, Together::of(self), &mut value["recommendation"]);
        }
        if let Some(flag) = &self.flag {
            add_to_flag(flag, &mut value["flag"]["recommendation"]);
        }
        if let Some(engine) = &self.engine {
            let lines = prose::engine_advice::lines(engine).into_iter();
            let sentences = lines.map(|(label, line)| format!("{label}: {line}"));
            value["engine"]["message"] = sentences.collect::<Vec<_>>().join("; ").into();
        }
        if let Some(model) = &self.model {
            add_to_model(model, &mut value["model"]);
        }
        if let Some(reason) = self.gate.as_ref().and_then(|gate| gate.reason.as_ref()) {
            add_message(&mut value["gate"]["reason"], prose::gate::reason(reason));
        }
        if let Some(profile) = &self.profile {
            add_to_profile(profile, &mut value["profile"]);
        }
    }
}

impl Worded for BenchReport {
    fn add_sentences(&self, value: &mut Value) {
        for (i, report) in self.results.iter().enumerate() {
            report.add_sentences(&mut value["results"][i]);
        }
    }
}

impl Worded for CheckReport {
    fn add_sentences(&self, value: &mut Value) {
        for (i, check) in self.checks.iter().enumerate() {
            let value = &mut value["checks"][i];
            add_message(&mut value["detail"], prose::checklist::detail(&check.detail));
            for (k, finding) in check.findings.iter().enumerate() {
                add_message(&mut value["findings"][k], prose::checklist::fault(finding));
            }
        }
    }
}

impl Worded for JobReport {
    fn add_sentences(&self, value: &mut Value) {
        let lines = prose::job::lines(&self.job, false).into_iter();
        let sentences =
            lines.map(|(label, line)| if label.is_empty() { line } else { format!("{label}: {line}") });
        value["job"]["message"] = sentences.collect::<Vec<_>>().join("; ").into();
    }
}

impl Worded for FitReport {
    fn add_sentences(&self, value: &mut Value) {
        add_to_model(&self.model, &mut value["model"]);
        for (i, note) in self.notes.iter().enumerate() {
            value["notes"][i]["message"] = prose::fit::note(note).into();
        }
    }
}

impl Worded for FitResults {
    fn add_sentences(&self, value: &mut Value) {
        for (i, report) in self.results.iter().enumerate() {
            report.add_sentences(&mut value["results"][i]);
        }
    }
}

impl Worded for EvidenceReport {
    /// Adds nothing: the rows are the facts.
    fn add_sentences(&self, _: &mut Value) {}
}

impl Worded for Document {
    fn add_sentences(&self, value: &mut Value) {
        match self {
            Document::Bench(bench) => bench.add_sentences(value),
            Document::Check(check) => check.add_sentences(value),
            Document::Run(run) => run.add_sentences(value),
            Document::Single(report) => report.add_sentences(value),
            Document::FitResults(results) => results.add_sentences(value),
            Document::Fit(fit) => fit.add_sentences(value),
            Document::Evidence(table) => table.add_sentences(value),
        }
    }
}

fn add_to_recommendation(advice: &Recommendation, work: Together, value: &mut Value) {
    value["tree_path"] = json!(prose::decision::path(&advice.decision));
    value["response"] = json!(prose::limit::response(&advice.limit, work));
    add_message(&mut value["confidence_reason"], prose::confidence::reason(advice));
    add_message(&mut value["comparison"], prose::comparison::sentence(advice));
    add_message(&mut value["binding_limit"], prose::limit::sentence(&advice.limit, advice.basis, work));
    if let Some(onset) = &advice.failing_beyond {
        add_message(&mut value["failing_beyond"], prose::soundness::failing_beyond(onset, work));
    }
    for (i, note) in advice.notes.iter().enumerate() {
        let fact = &mut value["performance_notes"][i];
        add_message(fact, prose::notes::sentence(note));
        if let Note::LowConfidence { reason } = note {
            add_message(&mut fact["reason"], prose::profile::confidence_reason(reason));
        }
    }
}

fn add_to_flag(flag: &FlagReport, value: &mut Value) {
    let advice = &flag.recommendation;
    value["message"] = json!(prose::flag::headline(flag));
    add_message(&mut value["binding_limit"], prose::flag::limit(&advice.limit));
    for (i, note) in advice.notes.iter().enumerate() {
        add_message(&mut value["notes"][i], prose::flag::note(note));
    }
}

fn add_to_profile(profile: &Profile, value: &mut Value) {
    let reason = prose::profile::confidence_reason(&profile.confidence_reason);
    add_message(&mut value["confidence_reason"], reason);
    if let Some(reason) = profile.tree.as_ref().and_then(|tree| tree.no_class) {
        add_message(&mut value["tree"]["no_class"], prose::workload::no_class(&reason));
    }
    if let Some(polling) = &profile.polling {
        add_message(&mut value["polling"], prose::profile::polling(profile.class, polling));
    }
    for (i, gap) in profile.tree.iter().flat_map(|tree| &tree.unknown).enumerate() {
        add_message(&mut value["tree"]["unknown"][i], prose::profile::unknown(gap));
    }
}

fn add_to_model(model: &Model, value: &mut Value) {
    value["usl"]["message"] = json!(prose::scaling::sentence(model));
}

fn add_message(fact: &mut Value, message: String) {
    fact["message"] = json!(message);
}

/// Types whose JSON has a `message`, by their names in the schema.
const WITH_MESSAGE: [&str; 16] = [
    "CheckDetail",
    "CheckFinding",
    "ChoiceConfidenceReason",
    "Comparison",
    "ConfidenceReason",
    "EngineAdvice",
    "FlagLimit",
    "FlagNote",
    "FlagRecommendation",
    "GateReason",
    "JobSummary",
    "LimitingFactor",
    "NoClass",
    "Note",
    "Unknown",
    "Usl",
];

/// Adds the sentences to the schema of the types.
pub(super) fn add_to_schema(schema: &mut Value) {
    let Some(definitions) = schema["$defs"].as_object_mut() else { return };
    for name in WITH_MESSAGE {
        let sentence = json!({ "type": "string", "description": "The fact in one sentence." });
        definitions.get_mut(name).into_iter().for_each(|of| require(of, "message", &sentence));
    }
    if let Some(recommendation) = definitions.get_mut("Recommendation") {
        let path = json!({
            "type": "array",
            "items": { "type": "string" },
            "description": "The questions of the decision tree and their answers, from the root to the strategy.",
        });
        let response = json!({ "type": "string", "description": "What to change to get past the limit." });
        require(recommendation, "tree_path", &path);
        require(recommendation, "response", &response);
    }
}

/// Makes `property` a required one of an object, or of each object that a sum type may be.
fn require(of: &mut Value, property: &str, schema: &Value) {
    if let Some(variants) = of.get_mut("oneOf").and_then(Value::as_array_mut) {
        variants.iter_mut().for_each(|variant| require(variant, property, schema));
        return;
    }
    let Some(object) = of.as_object_mut() else { return };
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    properties[property] = schema.clone();
    let required = object.entry("required").or_insert_with(|| json!([]));
    required.as_array_mut().into_iter().for_each(|names| names.push(json!(property)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn every_fact_of_a_recommendation_has_its_sentence() {
        let value = to_value(&example::advise()).unwrap();
        let advice = &value["recommendation"];
        assert_eq!(advice["tree_strategy"], "async");
        assert_eq!(advice["tree_steps"][0]["code"], "task-type");
        assert_eq!(advice["tree_path"][0], "task type");
        assert_eq!(advice["binding_limit"]["code"], "shared-resource");
        assert_eq!(
            (&advice["confidence"], &advice["confidence_reason"]["code"]),
            (&json!("high"), &json!("decided"))
        );
        for fact in [
            &advice["confidence_reason"],
            &advice["binding_limit"],
            &advice["comparison"],
            &advice["performance_notes"][0],
        ] {
            assert!(fact["code"].is_string() && fact["message"].is_string(), "{fact}");
        }
        assert!(advice["response"].is_string());
    }

    #[test]
    fn the_facts_of_a_profile_have_their_sentences() {
        let value = to_value(&example::command()).unwrap();
        let profile = &value["profile"];
        for fact in [&profile["confidence_reason"], &profile["tree"]["unknown"][0]] {
            assert!(fact["code"].is_string() && fact["message"].is_string(), "{fact}");
        }
    }

    #[test]
    fn the_sentences_of_several_workloads_are_there_too() {
        let value = to_value(&example::bench()).unwrap();
        assert!(value["results"][0]["recommendation"]["response"].is_string());
        let document = Document::Bench(Box::new(example::bench()));
        assert_eq!(to_value(&document).unwrap(), value);
    }
}
