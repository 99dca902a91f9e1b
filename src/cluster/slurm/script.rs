//! The script of an array task.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cluster::slurm::config::SlurmConfig;

/// Writes the script that runs one part of the work on a node: its first argument is the number of the first part of
/// the array. Items are in files; no text of an item is part of it.
///
/// # Errors
/// When a word has a NUL byte, which no script can have.
pub(crate) fn script(
    config: &SlurmConfig,
    shared: &Path,
    working: &Path,
    environment: &[(&str, OsString)],
) -> Result<Vec<u8>, shlex::QuoteError> {
    let quoted = |text: &OsStr| shlex::bytes::try_quote(text.as_bytes()).map(std::borrow::Cow::into_owned);
    let mut out = b"#!/bin/sh\n".to_vec();
    let mut line = |parts: &[&[u8]]| {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.push(b'\n');
    };
    for (name, value) in environment {
        line(&[name.as_bytes(), b"=", &quoted(value)?, b"; export ", name.as_bytes()]);
    }
    line(&[b"cd ", &quoted(working.as_os_str())?, b" || exit 1"]);
    line(&[b"shared=", &quoted(shared.as_os_str())?]);
    line(&[b"part=$shared/$(( $1 + ${SLURM_ARRAY_TASK_ID:-0} ))"]);
    line(&[b"resume="]);
    // A task that Slurm has requeued, or submitted again, goes on where it was.
    line(&[b"if [ -s \"$part/journal\" ]; then resume=--resume; fi"]);
    let mut words = Vec::new();
    for word in config.node_options.iter().chain(&config.work) {
        words.push(b' ');
        words.extend_from_slice(&quoted(word)?);
    }
    line(&[
        b"exec \"$shared/conc\" run --quiet --progress none --numbered-items \"$part/items\" \
          --journal \"$part/journal\" $resume --results \"$part/results.jsonl\" \
          --cpus \"${SLURM_CPUS_PER_TASK:-1}\"",
        &words,
        b" >/dev/null 2>>\"$part/log\"",
    ]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn words_of_the_command_stay_words_whatever_is_in_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let shared = directory.path().join("it's; shared");
        std::fs::create_dir_all(shared.join("7")).expect("made");
        // In the place of conc a program that writes its arguments down.
        let program = "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >\"$0.args\"\n";
        std::fs::write(shared.join("conc"), program).expect("written");
        let executable = Command::new("chmod").arg("+x").arg(shared.join("conc")).status();
        assert!(executable.expect("run").success());
        let config = SlurmConfig {
            partition: None,
            nodes: None,
            cpus: 1,
            time: None,
            account: None,
            sbatch_args: Vec::new(),
            directory: None,
            detaches: false,
            attaches: false,
            node_options: vec!["--retries".into(), "2".into()],
            work: ["--", "sh", "-c", "echo $(touch bad) '`x`' {}; touch bad"].map(Into::into).to_vec(),
            arguments: Vec::new(),
        };
        let environment =
            [("PATH", std::env::var_os("PATH").unwrap_or_default()), ("HOME", "/it's; x".into())];
        let text = script(&config, &shared, directory.path(), &environment).expect("a script");
        std::fs::write(shared.join("task.sh"), text).expect("written");
        let mut command = Command::new("/bin/sh");
        command.arg(shared.join("task.sh")).arg("3").env_clear().env("SLURM_ARRAY_TASK_ID", "4");
        assert!(command.status().expect("run").success());
        let words = std::fs::read_to_string(shared.join("conc.args")).expect("readable");
        let words: Vec<&str> = words.lines().collect();
        assert_eq!(words[..3], ["run", "--quiet", "--progress"]);
        assert!(words.contains(&shared.join("7/items").to_str().expect("text")), "{words:?}");
        assert_eq!(
            words[words.len() - 6..],
            ["--retries", "2", "--", "sh", "-c", "echo $(touch bad) '`x`' {}; touch bad"]
        );
        assert!(!directory.path().join("bad").exists());
    }
}
