//! Finds the hosts on other machines that the commands of a workload name.

use std::collections::BTreeSet;
use std::path::Path;

use crate::workload::input::remote_address::is_loopback;
use crate::workload::spec::{StepSpec, Workload};
use crate::workload::template::Template;

/// Number of items whose commands are examined.
const EXAMINED_ITEMS: u64 = 200;

/// Programs whose first operand is a host, each with its options that are followed by a value.
const HOST_FIRST: [(&str, &str); 6] = [
    ("ssh", "bcDEeFIiJLlmOopQRSWw"),
    ("sftp", "BbcDFiJloPRSsX"),
    ("mosh", ""),
    ("ping", "ciIlmMpQsStTwW"),
    ("nc", "iIMmOpPqsTVwXx"),
    ("telnet", "beln"),
];

/// Programs that copy from or to `host:path`.
const COPIES: [&str; 2] = ["scp", "rsync"];

/// Programs whose operands are addresses also without a scheme, each with its options that are followed by a value.
const ADDRESSES: [(&str, &str); 4] = [
    ("curl", "AbcCdDeEFhHKmoPQrtTuUwxXyYz"),
    ("wget", "aBDeiIloOPQRtTUwX"),
    ("http", "aofbps"),
    ("https", "aofbps"),
];

/// Characters that end a command in a line for a shell.
const SEPARATORS: [char; 7] = [';', '|', '&', '(', ')', '<', '>'];

/// Returns the hosts that the commands name, each once, without those that are this machine.
pub(crate) fn remote_hosts(workload: &Workload) -> Vec<String> {
    let mut found = Vec::new();
    let commands: Vec<_> = workload.steps.iter().filter_map(StepSpec::as_command).collect();
    for index in 0..workload.tasks().min(EXAMINED_ITEMS) {
        for command in &commands {
            let item = workload.items.get(index);
            let words = command.argv.iter().map(|word| Template::new(word.clone()).render(item).into_owned());
            found.extend(hosts(&words.collect::<Vec<_>>()));
        }
    }
    each_once(found)
}

fn each_once(hosts: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    hosts.into_iter().filter(|host| seen.insert(host.clone())).collect()
}

/// Returns the hosts that a command names, each once, without those that are this machine.
fn hosts(argv: &[String]) -> Vec<String> {
    let commands = match argv {
        [shell, option, line, parameters @ ..] if is_shell(shell) && option == "-c" => {
            let item = parameters.get(1).map_or("", String::as_str);
            shell_commands(&line.replace("${1}", item))
        }
        words => vec![words.to_vec()],
    };
    let found = commands.iter().flat_map(|words| {
        let addressed = words.iter().filter_map(|word| of_address(word).or_else(|| of_login(word)));
        addressed.chain(of_program(words)).collect::<Vec<_>>()
    });
    each_once(found.filter(|host| !is_this_machine(host)).collect())
}

fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    is_loopback(&host) || host.ends_with(".localhost") || host == "0.0.0.0" || host == "::"
}

fn is_shell(program: &str) -> bool {
    ["sh", "bash", "dash", "zsh"].contains(&name_of(program))
}

fn name_of(program: &str) -> &str {
    Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program)
}

/// Returns the words of every command in a line for a shell, roughly: quotes are removed, nothing is expanded.
fn shell_commands(line: &str) -> Vec<Vec<String>> {
    let words =
        |part: &str| shlex::split(part).unwrap_or_else(|| part.split(' ').map(str::to_owned).collect());
    // A separator inside quotes splits a word that is no command, which names no host.
    line.split(SEPARATORS).map(words).chain([words(line)]).collect()
}

/// Returns the host in `scheme://host`, wherever it stands in the word.
fn of_address(word: &str) -> Option<String> {
    let (before, after) = word.split_once("://")?;
    let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    if scheme.is_empty() || scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let authority = after.split(['/', '?', '#', '"', '\'', ' ']).next().unwrap_or_default();
    host_of(authority.rsplit('@').next().unwrap_or_default())
}

/// Returns the host in `user@host:path`.
fn of_login(word: &str) -> Option<String> {
    let (user, rest) = word.split_once('@')?;
    let (host, _) = rest.split_once(':')?;
    let is_user = !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if is_user && is_name(host) { Some(host.to_owned()) } else { None }
}

/// Returns the hosts among the operands of a program that talks to other machines.
fn of_program(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (name, rest) = (name_of(word), &words[at + 1..]);
        if let Some((_, valued)) = HOST_FIRST.iter().find(|(program, _)| *program == name) {
            let host = operands(rest, valued).next().and_then(of_operand);
            found.extend(host);
        } else if COPIES.contains(&name) {
            found.extend(operands(rest, "").filter_map(of_copy));
        } else if let Some((_, valued)) = ADDRESSES.iter().find(|(program, _)| *program == name) {
            found.extend(operands(rest, valued).filter_map(of_bare_address));
        }
    }
    found
}

/// Returns the words that are neither options nor the values of the options in `valued`.
fn operands<'a>(words: &'a [String], valued: &str) -> impl Iterator<Item = &'a str> {
    let mut is_value = false;
    words.iter().map(String::as_str).filter(move |word| {
        let was_value = std::mem::take(&mut is_value);
        if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let is_long = letters.starts_with('-');
            let last = letters.chars().next_back().filter(|_| !is_long);
            is_value = last.is_some_and(|last| valued.contains(last)) || (is_long && !letters.contains('='));
            return false;
        }
        !was_value
    })
}

/// Returns the host in `user@host` or `host`.
fn of_operand(word: &str) -> Option<String> {
    let host = word.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    is_name(host).then(|| host.to_owned())
}

/// Returns the host in `host:path`.
fn of_copy(word: &str) -> Option<String> {
    let (before, after) = word.split_once(':')?;
    if after.starts_with("//") {
        return None;
    }
    let host = before.rsplit('@').next().unwrap_or_default();
    (!before.contains('/') && is_name(host)).then(|| host.to_owned())
}

/// Returns the host in `host`, `host:80` or `host/path`, if there is no such file.
fn of_bare_address(word: &str) -> Option<String> {
    if word.contains("://") || Path::new(word).exists() {
        return None;
    }
    let host = host_of(word.split(['/', '?', '#']).next().unwrap_or_default())?;
    let last = host.rsplit('.').next().unwrap_or_default();
    let has_domain = host.contains('.') && last.chars().all(|c| c.is_ascii_alphabetic()) && last.len() > 1;
    (has_domain || host.parse::<std::net::IpAddr>().is_ok()).then_some(host)
}

/// Returns the host of `host:port`, without the brackets of IPv6.
fn host_of(authority: &str) -> Option<String> {
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return Some(host.to_owned());
    }
    let host = authority.split(':').next().unwrap_or_default();
    is_name(host).then(|| host.to_owned())
}

/// Returns true if the text can be the name of a host.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && !text.starts_with(['-', '.']) && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<String> {
        hosts(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn of_shell(line: &str, item: &str) -> Vec<String> {
        hosts(&["sh", "-c", line, "sh", item].map(str::to_owned))
    }

    #[test]
    fn a_host_is_found_however_it_is_written() {
        for (line, host) in [
            ("curl -s https://example.com/a", "example.com"),
            ("curl -so out.html http://user:pw@example.com:8080/", "example.com"),
            ("curl --url=https://example.com", "example.com"),
            ("curl -s example.com/a", "example.com"),
            ("wget -q -O page.html example.com", "example.com"),
            ("wget http://[2001:db8::1]/x", "2001:db8::1"),
            ("python3 fetch.py https://example.com/", "example.com"),
            ("ssh -p 22 user@web1 uptime", "web1"),
            ("ssh web1 uptime", "web1"),
            ("sudo ssh -o BatchMode=yes web1.internal df", "web1.internal"),
            ("scp a.tar user@backup:/srv/", "backup"),
            ("scp backup:/srv/a.tar .", "backup"),
            ("rsync -a ./data/ backup::module/x", "backup"),
            ("rsync -a ./data/ rsync://backup/x", "backup"),
            ("git clone git@github.com:a/b.git", "github.com"),
            ("ping -c 1 10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(of(line), [host], "{line}");
        }
    }

    #[test]
    fn this_machine_and_names_that_are_no_host_are_left_alone() {
        for line in [
            "curl -s http://localhost:8000/a",
            "curl -s 127.0.0.1:8000/a",
            "curl http://[::1]/",
            "wget http://api.localhost/",
            "ssh localhost true",
            "curl -o example.html file:///tmp/a",
            "convert a.png b.jpg",
            "sleep 0.1",
            "echo user@example.com",
            "scp ./a:b /tmp/c",
            "python3 scraper.py 12:30",
            "grep -r curl src",
            "ssh -V",
        ] {
            assert_eq!(of(line), [] as [&str; 0], "{line}");
        }
    }

    #[test]
    fn lines_for_a_shell_are_searched_with_their_item() {
        assert_eq!(of_shell("curl -s \"${1}\" | wc -c", "https://example.com/a"), ["example.com"]);
        assert_eq!(of_shell("cd /tmp && ssh \"${1}\" uptime", "web1"), ["web1"]);
        assert_eq!(of_shell("curl -s 'http://localhost/a?x=1&y=2' > out", ""), [] as [&str; 0]);
    }
}
