//! `tidegate completion SHELL`: the completion script of a shell.
//!
//! What is fixed is written into the script. What depends on the services that run (the words behind `ctl`) is asked of
//! `tidegate completion --candidates WORD…` when the tab key is pressed.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use control::client::RunDirectories;
use daemon::Position;

use super::CommandEntry;
use super::candidates::{Candidate, candidates};
use crate::{Outcome, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "completion", arguments, run };

/// The function that each generated script has, and what bash and zsh do in it first.
const ENTRANCE: &str = "_tidegate() {\n";

const BASH_ENTRANCE: &str = r#"    if [[ ${COMP_WORDS[1]-} == ctl && $COMP_CWORD -ge 2 ]]; then
        _tidegate_ctl
        return
    fi
"#;

/// Candidates come with a description behind a tab, for which bash has no place.
const BASH_CTL: &str = r#"_tidegate_ctl() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" completion --candidates -- "${COMP_WORDS[@]:2:COMP_CWORD-1}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}

"#;

const ZSH_ENTRANCE: &str = r#"    if (( CURRENT > 2 )) && [[ $words[2] == ctl ]]; then
        _tidegate_ctl
        return
    fi
"#;

/// A path that goes on gets no space behind it.
const ZSH_CTL: &str = r#"_tidegate_ctl() {
    local line
    local -a ends shown_ends inner shown_inner
    for line in "${(@f)$(${(Q)words[1]} completion --candidates -- "${(@Q)words[3,CURRENT]}" 2>/dev/null)}"; do
        case ${line%%$'\t'*} in
            '') ;;
            */) inner+=("${line%%$'\t'*}"); shown_inner+=("${line//$'\t'/  -- }") ;;
            *) ends+=("${line%%$'\t'*}"); shown_ends+=("${line//$'\t'/  -- }") ;;
        esac
    done
    (( $#ends )) && compadd -l -d shown_ends -a ends
    (( $#inner )) && compadd -S '' -l -d shown_inner -a inner
    return 0
}

"#;

/// Fish shows descriptions behind a tab by itself.
const FISH_CTL: &str = r#"
function __fish_tidegate_ctl
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    $words[1] completion --candidates -- $words[3..-1] "$word" 2>/dev/null
end
complete -c tidegate -n "__fish_seen_subcommand_from ctl" -f -a "(__fish_tidegate_ctl)"
complete -c tidegate -n "__fish_seen_subcommand_from ctl" -s t -l target -x -a "(__fish_tidegate_ctl)" -d "The service"
"#;

fn arguments() -> Command {
    Command::new("completion")
        .about("Print the completion script of a shell")
        .after_help(
            "bash: tidegate completion bash > /etc/bash_completion.d/tidegate\n\
             zsh:  tidegate completion zsh > /usr/local/share/zsh/site-functions/_tidegate\n\
             fish: tidegate completion fish > ~/.config/fish/completions/tidegate.fish",
        )
        .arg(
            Arg::new("shell")
                .required_unless_present("candidates")
                .value_name("SHELL")
                .value_parser(value_parser!(Shell)),
        )
        .arg(
            Arg::new("candidates")
                .long("candidates")
                .hide(true)
                .action(ArgAction::SetTrue)
                .requires("words")
                .conflicts_with("shell")
                .help("Print what the last of the words behind ctl could be, with descriptions"),
        )
        .arg(Arg::new("words").hide(true).last(true).num_args(0..).allow_hyphen_values(true))
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    if matches.get_flag("candidates") {
        let words: Vec<&str> = matches.get_many::<String>("words").into_iter().flatten().map(String::as_str).collect();
        for Candidate { word, description } in candidates(&words, &RunDirectories::of_this_user()) {
            let description = description.split(char::is_control).collect::<Vec<_>>().join(" ");
            message::line(if description.is_empty() { word } else { format!("{word}\t{description}") });
        }
        return Outcome::Success;
    }
    let Some(&shell) = matches.get_one::<Shell>("shell") else {
        return Outcome::Usage;
    };
    message::line(script(shell).trim_end());
    Outcome::Success
}

/// What clap generates, with the questions about running services put in.
fn script(shell: Shell) -> String {
    let mut generated = Vec::new();
    clap_complete::generate(shell, &mut crate::command_line(), "tidegate", &mut generated);
    let generated = String::from_utf8_lossy(&generated);
    match shell {
        Shell::Bash => generated.replacen(ENTRANCE, &format!("{BASH_CTL}{ENTRANCE}{BASH_ENTRANCE}"), 1),
        Shell::Zsh => generated.replacen(ENTRANCE, &format!("{ZSH_CTL}{ENTRANCE}{ZSH_ENTRANCE}"), 1),
        Shell::Fish => {
            let is_ours = |line: &&str| line.contains("subcommand ctl") && line.contains("-l target");
            let kept: String = generated.lines().filter(|line| !is_ours(line)).flat_map(|line| [line, "\n"]).collect();
            kept + FISH_CTL
        }
        _ => generated.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_generated_script_finds_its_place() {
        for (shell, entrance) in [(Shell::Bash, BASH_ENTRANCE), (Shell::Zsh, ZSH_ENTRANCE)] {
            let script = script(shell);
            assert_eq!(script.matches(entrance).count(), 1, "{shell}");
            assert!(script.contains("_tidegate_ctl() {"), "{shell}");
        }
        let script = script(Shell::Fish);
        assert_eq!(script.lines().filter(|line| line.contains("-l target ")).count(), 1);
    }
}
