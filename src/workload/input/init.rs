//! The commented workload file that `conc init` writes.

/// A workload file that shows every key: it runs as it is, and every line that starts with `#` and
/// no space after it may be uncommented.
pub(crate) const INIT: &str = include_str!("init.toml");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workload::input::access::Access;
    use crate::workload::input::file::{Origin, read_text};
    use crate::workload::spec::{StepSpec, Workload, WorkloadSource};

    fn read(text: &str) -> Workload {
        let origin = Origin {
            file: "init.toml",
            directory: Path::new(""),
            name: "init",
            source: WorkloadSource::File,
            access: Access::default(),
        };
        read_text(&origin, text).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
    }

    fn uncommented() -> String {
        let line = |line: &'static str| match line.strip_prefix('#') {
            Some(code) if !code.is_empty() && !code.starts_with(' ') => code,
            _ => line,
        };
        INIT.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_file_is_valid_as_it_is() {
        assert_eq!(read(INIT).name, "my-workload");
    }

    #[test]
    fn uncommented_it_shows_every_kind_of_step_and_every_optional_key() {
        let workload = read(&uncommented());
        let mut kinds: Vec<_> = workload.steps.iter().map(StepSpec::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let all = ["command", "cpu", "http", "lock", "read", "sleep", "sqlite", "websocket", "write"];
        assert_eq!(kinds, all);
        assert!(workload.rules.iter().any(|rule| rule.ordered && rule.workers == Some(1)));
        let json = serde_json::to_string(&workload).expect("plain data");
        let left_out =
            json.replace("\"iterations\":null", "").replace("\"workers\":null", "").matches("null").count();
        assert_eq!(left_out, 0, "{json}");
    }
}
