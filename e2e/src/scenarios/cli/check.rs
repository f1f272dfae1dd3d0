//! `tidegate check`: exit status 0 for a good configuration, 2 and file, line and key for a bad one; `up` refuses the same.

use e2e::context::Context;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

use super::refused;

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/check", needs: &[], run };

/// A configuration and what its one line of error must contain.
struct Bad {
    text: &'static str,
    words: &'static [&'static str],
}

const BAD: &[Bad] = &[
    Bad { text: "", words: &["tidegate.toml", "[target]"] },
    Bad { text: "[target]\ndevices = [\"memory:1M\"]\nlisen = []\n", words: &["tidegate.toml:3", "lisen", "listen"] },
    Bad {
        text: "[target]\ndevices = [\n  \"memory:1M\",\n  \"memory:x\",\n]\n",
        words: &["tidegate.toml:4", "target.devices", "memory:x"],
    },
    Bad {
        text: "[target]\nnqn = \"disk\"\ndevices = [\"memory:1M\"]\n",
        words: &["tidegate.toml:2", "target.nqn", "nqn."],
    },
    Bad { text: "[target]\nlisten = [\"127.0.0.1\"]\ndevices = [\"memory:1M\"]\n", words: &["tidegate.toml:2"] },
    Bad { text: "[target\n", words: &["tidegate.toml:1"] },
    Bad { text: "[up]\norphans = \"die\"\n[target]\ndevices = [\"memory:1M\"]\n", words: &["tidegate.toml:2", "keep"] },
    Bad {
        text: "[target]\ndevices = [\"memory:1M\"]\n[target.service]\nwatchdog_s = -1\n",
        words: &["tidegate.toml:4", "seconds"],
    },
    Bad {
        text: "[target]\ndevices = [\"memory:1M\"]\n[target.service]\nuser = \"a:b:c\"\n",
        words: &["tidegate.toml:4", "target.service.user", "USER:GROUP"],
    },
    Bad {
        text: "[target]\ndevices = [\"memory:1M\"]\n[target.service]\nlog = [\n  \"file:paper\",\n]\n",
        words: &["tidegate.toml:5", "target.service.log", "paper"],
    },
    Bad {
        text: "[target]\ndevices = [\"memory:1M\"]\n[target.service]\nsandbox_off = [\"firewall\"]\n",
        words: &["tidegate.toml:4", "target.service.sandbox_off", "landlock"],
    },
    Bad {
        text: "[target]\ndevices = [\"memory:1M\"]\n[target.service.restart]\nsignals = [\"SEGFAULT\"]\n",
        words: &["tidegate.toml:4", "target.service.restart.signals", "SEGFAULT", "KILL"],
    },
    Bad {
        text: "[[target]]\ndevices = [\"memory:1M\"]\n[[target]]\ndevices = [\"memory:1M\"]\n",
        words: &["tidegate.toml:3", "target.name"],
    },
];

fn run(context: &Context) -> Verdict {
    let path = context.scratch().path().join("tidegate.toml");
    refused(&context.run(&["check"])?, 2, &["tidegate.toml", "No such file"])?;

    std::fs::write(&path, "[target]\nlisten = [\"127.0.0.1:0\"]\ndevices = [\"memory:1M\"]\n")?;
    let good = context.run(&["check"])?;
    ensure_eq!(good.status, Some(0), "exit status for a good configuration ({})", good.error);
    ensure_eq!(good.output, "tidegate.toml: fine\n", "standard output for a good configuration");

    for bad in BAD {
        std::fs::write(&path, bad.text)?;
        let in_it = |failure: e2e::failure::Failure| failure.during(format_args!("configuration {:?}", bad.text));
        refused(&context.run(&["check", "-c", "tidegate.toml"])?, 2, bad.words).map_err(in_it)?;
        refused(&context.run(&["up", "-c", "tidegate.toml"])?, 2, bad.words).map_err(in_it)?;
    }
    Ok(())
}
