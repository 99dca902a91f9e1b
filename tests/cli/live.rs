//! The table while it is measured, in a terminal.

#![cfg(target_os = "linux")]

use crate::sandbox::Sandbox;
use crate::terminal::on_terminal;

/// Two rounds whatever the budget, longer than the time between two pictures on any machine.
const ADVISE: &str = "advise --wait 20ms --tasks 20 --runs 2 --width 4 --strategy async,threads --code none";

/// The heading of a column that only the live table has.
const LIVE: &str = "Batches";

/// A part of the line below it, which says what runs.
const RUNNING: &str = "· measuring ";

/// Runs a command line with `conc` as `$CONC` in a terminal, and returns everything that reached the terminal.
fn in_terminal(kind: &str, columns: usize, line: &str) -> String {
    let line = format!("stty cols {columns} rows 24; {line}");
    let (shown, status) = on_terminal(&Sandbox::new(), kind, &["sh", "-c", &line]);
    assert_eq!(status, Some(0), "{shown}");
    shown
}

/// Returns the lines that a terminal of so many columns shows in the end.
fn shown(typescript: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut characters = typescript.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                // A sequence is `[`, a number, and a letter.
                let mut sequence = Vec::new();
                for part in characters.by_ref().skip_while(|part| *part == '[') {
                    sequence.push(part);
                    if part.is_ascii_alphabetic() {
                        break;
                    }
                }
                let digits: String = sequence.iter().filter(|part| part.is_ascii_digit()).collect();
                let number = digits.parse().unwrap_or(1);
                match sequence.last() {
                    Some('A') => row = row.saturating_sub(number),
                    Some('B') => row += number,
                    Some('K') => lines[row].clear(),
                    _ => {}
                }
            }
            other => {
                // The last column is full: only the next character begins a line.
                if column == columns {
                    (row, column) = (row + 1, 0);
                    lines.resize(lines.len().max(row + 1), Vec::new());
                }
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = other;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    lines.into_iter().map(String::from_iter).collect()
}

#[test]
fn the_table_is_on_the_screen_while_it_is_measured_and_the_results_replace_it() {
    for columns in [60, 120] {
        let typescript = in_terminal("xterm-256color", columns, &format!("exec \"$CONC\" {ADVISE}"));
        let (before, results) = typescript.split_once("Recommendation").expect(&typescript);
        assert!(before.contains(LIVE) && !results.contains(LIVE), "{typescript}");
        let screen = shown(&typescript, columns);
        assert!(!screen.iter().any(|line| line.contains(LIVE) || line.contains(RUNNING)), "{screen:#?}");
        assert!(screen.iter().any(|line| line.starts_with("Recommendation")), "{screen:#?}");
    }
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_not_asked_to() {
    for environment in ["", "CI=true "] {
        let typescript = in_terminal("dumb", 80, &format!("{environment}\"$CONC\" {ADVISE}"));
        assert!(typescript.contains("Recommendation") && !typescript.contains(LIVE), "{typescript}");
        assert!(!typescript.contains('\u{1b}'), "{environment}{typescript:?}");
    }
}

#[test]
fn an_interrupt_leaves_a_sane_terminal() {
    let line =
        "timeout --foreground --signal INT 2 \"$CONC\" advise web-scraper --budget 60s --code none; stty";
    let typescript = in_terminal("xterm-256color", 80, line);
    let screen = shown(&typescript, 80);
    assert!(!screen.iter().any(|line| line.contains(LIVE) || line.contains(RUNNING)), "{screen:#?}");
    let (hidden, visible) =
        (typescript.matches("\u{1b}[?25l").count(), typescript.matches("\u{1b}[?25h").count());
    assert!(hidden <= visible, "the cursor is visible: {typescript:?}");
    assert!(!typescript.contains("-echo ") && !typescript.contains("-icanon"), "{typescript}");
}
