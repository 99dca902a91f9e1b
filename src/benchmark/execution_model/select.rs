//! The choice of the execution model: the one place that asks which language tasks are written in.

use crate::benchmark::conditions::Subject;
use crate::benchmark::execution_model::model::ExecutionModel;
use crate::benchmark::execution_model::native::Native;
use crate::benchmark::execution_model::python::Python;
use crate::benchmark::overhead::{PythonOverheads, PythonStartUp};

/// Returns the execution model of the tasks of a subject.
pub(crate) fn execution_model<'a>(subject: &Subject<'a>) -> Box<dyn ExecutionModel + 'a> {
    let Subject { workload, profile, host, conditions } = *subject;
    match &profile.python {
        Some(python) => Box::new(Python {
            profile: python,
            has_step_rules: !workload.rules.is_empty(),
            tasks: workload.tasks(),
            task_s: profile.task.total_s(),
            rates: conditions.rates,
            overheads: PythonOverheads::default(),
            start_up: conditions.python.unwrap_or_else(|| PythonStartUp::usual(&python.start_method)),
        }),
        None => Box::new(Native { workload, host, conditions, preparation_s: profile.preparation_s }),
    }
}
