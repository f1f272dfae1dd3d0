//! The tab key behind `tidegate ctl`, in each shell: the name of a running service, its own commands, paths of its state.

use std::path::Path;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;

use super::Demo;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "control/completion", needs: &[Need::Program("zsh"), Need::Program("fish")], run };

/// What is typed before the tab key, and what it becomes when there is one way to go on only.
const LINES: &[(&str, &str)] = &[
    ("tidegate ctl -t de", "demo"),
    ("tidegate ctl --target de", "demo"),
    ("tidegate ctl -t demo echo_", "echo_error"),
    ("tidegate ctl vers", "version"),
    ("tidegate ctl -t demo show mem", "memory/"),
    ("tidegate ctl -t demo show memory/se", "memory/sessions"),
    ("tidegate ctl -t demo vlog/set conso", "console"),
    ("tidegate ctl --form", "--format"),
    // Behind another command nothing has changed.
    ("tidegate comp", "completion"),
];

fn run(context: &Context) -> Verdict {
    let _demo = Demo::start(context)?;
    // What is typed is `tidegate`, whatever the program under test is called.
    let programs = context.scratch().path().join("bin");
    std::fs::create_dir(&programs)?;
    std::os::unix::fs::symlink(std::path::absolute(context.binary())?, programs.join("tidegate"))?;
    for (shell, complete) in
        [("bash", bash as fn(&Context, &Path, &str) -> Result<String, Failure>), ("zsh", zsh), ("fish", fish)]
    {
        let script = context.run(&["completion", shell])?.output;
        let path = context.scratch().path().join(format!("completion.{shell}"));
        std::fs::write(&path, script)?;
        for (line, expected) in LINES {
            ensure_eq!(complete(context, &path, line)?, *expected, "{shell}: {line}");
        }
    }
    Ok(())
}

/// What a shell prints that runs `text`, with `tidegate` on its search path and the scenario's services around it.
fn shell(context: &Context, arguments: &[&str]) -> Result<String, Failure> {
    let (name, arguments) = arguments.split_first().ok_or_else(|| Failure::new("no shell"))?;
    let programs = context.scratch().path().join("bin");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", path)
        .env("HOME", context.scratch().path())
        .env("TERM", "dumb")
        .env("TIDEGATE_RUNDIR", context.scratch().path().join("run"));
    let finished = context.finish(name, command, PROMPTLY)?;
    if finished.status == Some(0) {
        return Ok(finished.output.trim().to_owned());
    }
    Err(Failure::new(format!("{name}: status {:?}: {}{}", finished.status, finished.output, finished.error)))
}

/// Calls the function that bash would call, with the variables that bash would set.
fn bash(context: &Context, script: &Path, line: &str) -> Result<String, Failure> {
    let (before, word) = line.rsplit_once(' ').unwrap_or(("", line));
    let previous = before.rsplit(' ').next().unwrap_or_default();
    let count = before.split(' ').count();
    let text = format!(
        "source {} && COMP_WORDS=({line}) COMP_CWORD={count} && _tidegate tidegate '{word}' '{previous}' \
         && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    shell(context, &["bash", "--norc", "-c", &text])
}

/// What the interactive zsh begins with: a key that shows the line as it stands.
const ZSH_START: &str = r#"
PS1= PS2=
setopt no_list_beep
autoload -Uz compinit && compinit -u
show() { print -r -- "<<$BUFFER>>"; zle .send-break }
zle -N show
bindkey '^X' show
bindkey '^I' complete-word
"#;

/// Presses the tab key in an interactive zsh that has a terminal of its own.
fn zsh(context: &Context, script: &Path, line: &str) -> Result<String, Failure> {
    let start = context.scratch().path().join("start.zsh");
    std::fs::write(&start, format!("{ZSH_START}source {}\nprint -r -- rea''dy\n", script.display()))?;
    let text = format!(
        r#"
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner "source {start}"
        zpty -r -m inner output '*ready*'
        zpty -w -n inner '{line}'$'\t\x18'
        zpty -r -m inner output '*<<*>>*'
        print -r -- "$output"
        zpty -d inner
        "#,
        start = start.display(),
    );
    let output = shell(context, &["zsh", "-f", "-c", &text])?;
    let buffer = output.rsplit_once("<<").and_then(|(_, rest)| rest.split_once(">>")).map(|(buffer, _)| buffer);
    let buffer = buffer.ok_or_else(|| Failure::new(format!("zsh shows no line: {output}")))?;
    Ok(buffer.trim().rsplit(' ').next().unwrap_or_default().to_owned())
}

/// Asks fish for what it would offer.
fn fish(context: &Context, script: &Path, line: &str) -> Result<String, Failure> {
    let text = format!("source {}; complete -C '{line}'", script.display());
    let offered = shell(context, &["fish", "--no-config", "-c", &text])?;
    let words: Vec<&str> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
    Ok(words.join(" "))
}
