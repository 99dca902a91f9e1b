//! `conc explain`: topics, strategies and codes.

use crate::error::ExitStatus;
use crate::explain;

use crate::cli::failure::Failure;
use crate::cli::settings::Environment;

/// Runs the command; without a topic it lists the topics.
pub(super) fn run(topic: Option<&str>, environment: &Environment) -> Result<ExitStatus, Failure> {
    let layout = environment.page();
    let page = match topic {
        None => explain::index(layout),
        Some(topic) => explain::page(topic, layout).ok_or_else(|| unknown(topic))?,
    };
    environment.console.print(&page)?;
    Ok(ExitStatus::Done)
}

fn unknown(topic: &str) -> Failure {
    let hint = match &explain::suggestions(topic)[..] {
        [] => "`conc explain` lists the topics".to_owned(),
        near => format!("did you mean '{}'?", near.join("', '")),
    };
    Failure::Usage(format!("'{topic}' is not a topic, a strategy or an error code; {hint}"))
}
