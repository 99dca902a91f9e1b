//! Lists of widths as users write them: `8`, `2-6` and `50%`.

/// Maximum number of widths in one range.
const MAX_WIDTHS: usize = 1000;

/// Parses the parts of a list of widths, in ascending order; percentages are of `cpus`.
///
/// # Errors
/// When a part is not a width; the message names the part.
pub(crate) fn parse_widths(parts: &[String], cpus: f64) -> Result<Vec<usize>, String> {
    let mut widths = Vec::new();
    for part in parts {
        widths.extend(parse_part(part.trim(), cpus)?);
    }
    widths.sort_unstable();
    widths.dedup();
    Ok(widths)
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
        Err(_) => Err(format!("'{part}' is not a width; write 8, 2-6 or 50%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(text: &str) -> Result<Vec<usize>, String> {
        parse_widths(&text.split(',').map(str::to_owned).collect::<Vec<_>>(), 4.0)
    }

    #[test]
    fn numbers_ranges_and_shares_are_widths() {
        assert_eq!(widths("16,2-4,1,3"), Ok(vec![1, 2, 3, 4, 16]));
        assert_eq!(widths("50%,200%,1%"), Ok(vec![1, 2, 8]));
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
