//! Lists of widths as users write them: `8`, `2-6`, `50%`, and `8+2+1` for the stages of a pipeline.

use crate::strategy::stages::{MAX_STAGES, Stages, USUAL_QUEUE};

/// Maximum number of widths in one range.
const MAX_WIDTHS: usize = 1000;

/// The widths of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Single numbers, in ascending order.
    pub(crate) numbers: Vec<usize>,
    /// Workers of the stages of pipelines, in the order given.
    pub(crate) stages: Vec<Stages>,
}

/// Parses the parts of a list of widths; percentages are of `cpus`.
///
/// # Errors
/// When a part is not a width; the message names the part.
pub(crate) fn parse_widths(parts: &[String], cpus: f64) -> Result<Widths, String> {
    let mut widths = Widths::default();
    for part in parts.iter().map(|part| part.trim()) {
        if part.contains('+') {
            let stages = parse_stages(part)?;
            if !widths.stages.contains(&stages) {
                widths.stages.push(stages);
            }
        } else {
            widths.numbers.extend(parse_part(part, cpus)?);
        }
    }
    widths.numbers.sort_unstable();
    widths.numbers.dedup();
    Ok(widths)
}

/// Parses the workers of stages, such as `8+2+1`.
fn parse_stages(part: &str) -> Result<Stages, String> {
    let workers = part.split('+').map(|workers| number(workers, part)).collect::<Result<Vec<_>, _>>()?;
    Stages::new(&workers, USUAL_QUEUE)
        .ok_or_else(|| format!("'{part}': a pipeline has at most {MAX_STAGES} stages of 65535 workers"))
}

/// Parses one part of a list.
fn parse_part(part: &str, cpus: f64) -> Result<Vec<usize>, String> {
    if let Some((from, to)) = part.split_once('-') {
        let (from, to) = (number(from, part)?, number(to, part)?);
        return match to.checked_sub(from) {
            Some(more) if more < MAX_WIDTHS => Ok((from..=to).collect()),
            Some(_) => Err(format!("'{part}' names more than {MAX_WIDTHS} widths")),
            None => Err(format!("'{part}' ends before it begins")),
        };
    }
    if let Some(percent) = part.strip_suffix('%') {
        let share = number(percent, part)? as f64 / 100.0;
        return Ok(vec![((share * cpus).round() as usize).max(1)]);
    }
    Ok(vec![number(part, part)?])
}

fn number(text: &str, part: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(0) => Err(format!("'{part}': a width is at least 1")),
        Ok(n) => Ok(n),
        Err(_) => Err(format!("'{part}' is not a width; write 8, 2-6, 50% or 8+2+1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(text: &str) -> Result<Vec<usize>, String> {
        parse(text).map(|widths| widths.numbers)
    }

    fn parse(text: &str) -> Result<Widths, String> {
        parse_widths(&text.split(',').map(str::to_owned).collect::<Vec<_>>(), 4.0)
    }

    #[test]
    fn numbers_ranges_and_shares_are_widths() {
        assert_eq!(widths("16,2-4,1,3"), Ok(vec![1, 2, 3, 4, 16]));
        assert_eq!(widths("50%,200%,1%"), Ok(vec![1, 2, 8]));
    }

    #[test]
    fn numbers_with_plus_signs_are_workers_of_stages() {
        let widths = parse("8+2+1,4, 8+2+1,1+1").expect("a list");
        let labels: Vec<_> = widths.stages.iter().map(Stages::to_string).collect();
        assert_eq!((widths.numbers, labels), (vec![4], vec!["8+2+1".to_owned(), "1+1".to_owned()]));
        for (text, part) in
            [("8+0", "'8+0'"), ("+1", "'+1'"), ("1+x", "'1+x'"), ("1+1+1+1+1+1+1+1+1", "8 stages")]
        {
            let error = parse(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for (text, part) in
            [("0", "'0'"), ("4-2", "'4-2'"), ("x", "'x'"), ("1,-3", "'-3'"), ("1-9999999", "more than")]
        {
            let error = widths(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }
}
