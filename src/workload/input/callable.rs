//! A workload from the name of a Python callable: `tasks.py:fetch` or `package.module:fetch`.

use std::path::{Path, PathBuf};

use crate::diagnostics::Code;
use crate::workload::input::command_line::{choose, count, split};
use crate::workload::input::input_error::InputError;
use crate::workload::item::Items;
use crate::workload::spec::{OwnItems, PythonSpec, StepSpec, Workload, WorkloadSource};

/// Returns true if `name` is written as `file.py:callable` or `package.module:callable`, or names several callables
/// of one module, such as `file.py:fetch,parse`.
pub(crate) fn is_callable(name: &str) -> bool {
    let Some((module, callable)) = name.rsplit_once(':') else { return false };
    callable.split(',').all(is_dotted) && (module.ends_with(".py") || is_dotted(module))
}

/// Makes a workload of one callable, or of several, each of which takes what the one before returned. Its items are those of the module until others are set.
///
/// # Errors
///
/// `E-WORKLOAD-007` if there is no such file.
pub(super) fn from_callable(name: &str) -> Result<Workload, InputError> {
    let (module, names) = name.rsplit_once(':').unwrap_or((name, ""));
    let steps = names.split(',').map(|one| {
        let spec = callable(&format!("{module}:{one}"), Path::new(""))?;
        Ok(StepSpec::Python(PythonSpec { own_items: OwnItems::All, ..spec }))
    });
    let steps = steps.collect::<Result<Vec<_>, InputError>>()?;
    Ok(Workload {
        description: format!("call {name}"),
        ..Workload::new(
            name.rsplit(std::path::is_separator).next().unwrap_or(name).to_owned(),
            WorkloadSource::Python,
            Items::Count(0),
            steps,
        )
    })
}

/// Returns the workload of a callable over the items behind `:::` in `rest` or those of `items`; without either it
/// stays with the first `tasks` items of its module, or all of them.
///
/// # Errors
///
/// `E-WORKLOAD-003` if `rest` is something else or items are given twice, `-004` or `-005` if there are
/// none.
pub(crate) fn with_items(
    mut workload: Workload,
    rest: &[String],
    items: Option<Items>,
    tasks: Option<u64>,
) -> Result<Workload, InputError> {
    let (before, listed) = split(rest)?;
    if let Some(word) = before.first() {
        let error = InputError::new(Code::WorkloadValue, format!("'{word}' is not expected here"));
        return Err(error.with_help("write ::: before the items"));
    }
    match (choose(items, listed)?, tasks) {
        (None, None) => {}
        (chosen, tasks) => {
            let is_chosen = chosen.is_some();
            workload.items = count(chosen, tasks)?;
            let own_items = if is_chosen { OwnItems::None } else { OwnItems::First(workload.tasks()) };
            workload.take_items_of_module(own_items);
        }
    }
    Ok(workload)
}

/// Returns the callable called `name`; a file is sought below `directory`.
pub(super) fn callable(name: &str, directory: &Path) -> Result<PythonSpec, InputError> {
    let is_one = is_callable(name) && !name.contains(',');
    let Some((module, callable)) = name.rsplit_once(':').filter(|_| is_one) else {
        let error = InputError::new(Code::WorkloadValue, format!("'{name}' does not name a Python callable"));
        return Err(error.with_help("write tasks.py:fetch or package.module:fetch"));
    };
    let file = module.ends_with(".py").then(|| directory.join(module));
    if let Some(file) = file.as_deref().filter(|file| !file.is_file()) {
        let message = format!("there is no Python file '{}'", file.display());
        return Err(InputError::new(Code::WorkloadNotFound, message));
    }
    let file = file.map(absolute);
    Ok(PythonSpec {
        module: file.as_deref().and_then(name_in_package).unwrap_or_else(|| stem(module)),
        file,
        callable: callable.to_owned(),
        async_callable: None,
        own_items: OwnItems::None,
    })
}

fn stem(module: &str) -> String {
    let file = Path::new(module).file_name().map_or(module.into(), |name| name.to_string_lossy());
    file.strip_suffix(".py").unwrap_or(&file).to_owned()
}

/// Returns the dotted name of a file in a package, by which its relative imports are resolved.
fn name_in_package(file: &Path) -> Option<String> {
    let is_package = |directory: &&Path| directory.join("__init__.py").is_file();
    let packages: Vec<_> =
        file.ancestors().skip(1).take_while(is_package).filter_map(Path::file_name).collect();
    let parts = packages.iter().rev().map(|name| name.to_string_lossy().into_owned());
    let name = parts.chain([stem(&file.to_string_lossy())]).collect::<Vec<_>>().join(".");
    (!packages.is_empty() && is_dotted(&name)).then_some(name)
}

/// Makes a path absolute: the interpreter has the same working directory, but need not keep it.
fn absolute(file: PathBuf) -> PathBuf {
    std::path::absolute(&file).unwrap_or(file)
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callables_are_told_from_other_names() {
        for name in
            ["tasks.py:fetch", "some/tasks.py:fetch", "package.module:fetch", "m:Class.method", "m:a,b"]
        {
            assert!(is_callable(name), "{name}");
        }
        for name in ["http://example.com", "a:", ":b", "12:30", "a b:c", "a:b,", "web-scraper", "tasks.py"] {
            assert!(!is_callable(name), "{name}");
        }
    }

    #[test]
    fn a_file_is_found_and_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("tasks.py"), "").expect("written");
        let spec = callable("tasks.py:fetch", directory.path()).expect("a callable");
        assert_eq!((spec.module.as_str(), spec.callable.as_str()), ("tasks", "fetch"));
        assert_eq!(spec.file, Some(directory.path().join("tasks.py")));
        let error = callable("other.py:fetch", directory.path()).expect_err("no such file");
        assert_eq!(error.code, Code::WorkloadNotFound);
        assert!(error.message.contains("other.py"), "{error}");
    }

    #[test]
    fn a_file_in_a_package_has_the_name_that_relative_imports_need() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let inner = directory.path().join("outer/inner");
        std::fs::create_dir_all(&inner).expect("created");
        for file in
            ["outer/__init__.py", "outer/inner/__init__.py", "outer/inner/work.py", "outer/my-work.py"]
        {
            std::fs::write(directory.path().join(file), "").expect("written");
        }
        let module = |name: &str| callable(name, directory.path()).expect("a callable").module;
        assert_eq!(module("outer/inner/work.py:run"), "outer.inner.work");
        assert_eq!(module("outer/my-work.py:run"), "my-work", "no import can name it");
    }

    #[test]
    fn several_callables_of_one_module_are_steps() {
        let workload = from_callable("package.module:fetch,parse,Store.put").expect("a workload");
        let names: Vec<_> = workload.callables().map(|spec| spec.callable.as_str()).collect();
        assert_eq!(names, ["fetch", "parse", "Store.put"]);
        assert!(
            workload.has_items_of_module()
                && workload.callables().all(|spec| spec.module == "package.module")
        );
        assert!(callable("m:a,b", Path::new("")).is_err(), "a step of a file is one callable");
    }

    #[test]
    fn a_module_is_taken_by_its_name() {
        let workload = from_callable("package.module:fetch").expect("a workload");
        let [StepSpec::Python(spec)] = &workload.steps[..] else { panic!("{workload:?}") };
        assert_eq!(
            (spec.module.as_str(), &spec.file, spec.own_items),
            ("package.module", &None, OwnItems::All)
        );
        assert_eq!(
            (workload.source, workload.name.as_str()),
            (WorkloadSource::Python, "package.module:fetch")
        );
    }
}
