//! The values that stand in a command for `{width}`, `{processes}` and one listed parameter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The values of one run of the command.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Parameters {
    /// The value of `{width}`.
    pub width: usize,
    /// The value of `{processes}`; null if the command has none.
    pub processes: Option<usize>,
    /// The value of the listed parameter; null if there is none.
    pub value: Option<String>,
}

impl Parameters {
    /// Makes the parameters of a command whose only one is `{width}`.
    pub fn of_width(width: usize) -> Self {
        Parameters { width, processes: None, value: None }
    }

    /// Returns the number of threads that the values ask for: processes times width.
    pub fn total(&self) -> usize {
        self.width * self.processes.unwrap_or(1)
    }
}

impl fmt::Display for Parameters {
    /// Writes `4`, `2x4` for two processes of width 4, and the listed value behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(processes) = self.processes {
            write!(f, "{processes}x")?;
        }
        write!(f, "{}", self.width)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, " {value}"))
    }
}

/// A parameter with listed values, in no order: `--parameter-list NAME a,b,c`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ListedParameter {
    /// The name, which stands in braces in the command.
    pub name: String,
    /// The values, each once.
    pub values: Vec<String>,
}

impl ListedParameter {
    /// Reads the two words of the option.
    ///
    /// # Errors
    /// When the name is none, is taken, or there are no values.
    pub(crate) fn parse(name: &str, values: &str) -> Result<Self, String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!(
                "'{name}' is not a name; use letters, digits, - and _, as in `-L level 1,5,9`"
            ));
        }
        if ["width", "processes", "item"].contains(&name) {
            return Err(format!("{{{name}}} has a meaning of its own; choose another name"));
        }
        let mut listed: Vec<String> = Vec::new();
        for value in values.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            if !listed.iter().any(|known| known == value) {
                listed.push(value.to_owned());
            }
        }
        if listed.is_empty() {
            return Err(format!("'{name}' has no values; list them, as in `-L {name} a,b,c`"));
        }
        Ok(ListedParameter { name: name.to_owned(), values: listed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_name_and_values() {
        let list = ListedParameter::parse("level", "1, 5,,9,5").expect("a list");
        assert_eq!((list.name.as_str(), list.values), ("level", vec!["1".into(), "5".into(), "9".into()]));
        for (name, values) in [("", "a"), ("a b", "a"), ("width", "1"), ("level", ""), ("level", " , ")] {
            assert!(ListedParameter::parse(name, values).is_err(), "{name} {values}");
        }
    }

    #[test]
    fn a_label_has_every_value() {
        let both = Parameters { width: 4, processes: Some(2), value: Some("fast".into()) };
        assert_eq!((both.to_string(), both.total()), ("2x4 fast".to_owned(), 8));
        assert_eq!(Parameters::of_width(4).to_string(), "4");
    }
}
