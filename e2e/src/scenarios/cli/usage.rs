//! Wrong usage: exit status 2 and one line that names the mistake and says what would be accepted.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;

use super::refused;

pub(super) const SCENARIO: Scenario = Scenario { name: "cli/usage", needs: &[], run };

/// A mistake.
struct Mistake {
    arguments: &'static [&'static str],
    /// What the line must contain: the culprit, and something of what is accepted.
    words: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake { arguments: &["targte", "memory:1M"], words: &["targte", "target"] },
    Mistake { arguments: &["target"], words: &["DEVICE"] },
    Mistake { arguments: &["target", "--lisen", "x", "memory:1M"], words: &["--lisen", "--listen"] },
    Mistake { arguments: &["target", "-l", "localhost", "memory:1M"], words: &["localhost", "ADDR:PORT"] },
    Mistake { arguments: &["target", "-l", "127.0.0.1:99999", "memory:1M"], words: &["127.0.0.1:99999", "ADDR:PORT"] },
    Mistake { arguments: &["target", "--discovery", "off", "memory:1M"], words: &["off", "ADDR:PORT"] },
    Mistake { arguments: &["target", "-n", "disk1", "memory:1M"], words: &["disk1", "nqn."] },
    Mistake { arguments: &["target", "--spin-us", "2000000", "memory:1M"], words: &["--spin-us", "1000000"] },
    Mistake { arguments: &["target", "--file-backend", "aio", "memory:1M"], words: &["aio", "io-uring"] },
    Mistake { arguments: &["target", "memory:"], words: &["memory:"] },
    Mistake { arguments: &["target", "memory:ten"], words: &["memory:ten", "M"] },
    Mistake { arguments: &["target", "memory:0"], words: &["memory:0"] },
    Mistake { arguments: &["target", "memory:99999999999999999999T"], words: &["memory:99999999999999999999T"] },
    Mistake { arguments: &["target", "memory:1M,block_size=1000"], words: &["1000", "512"] },
    Mistake { arguments: &["target", "memory:1M,blocksize=512"], words: &["blocksize", "block_size"] },
    Mistake { arguments: &["target", "/nonexistent/disk.img"], words: &["/nonexistent/disk.img", "truncate"] },
    Mistake { arguments: &["target", "/"], words: &["/", "regular file"] },
    Mistake { arguments: &["target", "memory"], words: &["memory:SIZE"] },
    Mistake { arguments: &["target", "--cores", "x", "memory:1M"], words: &["--cores", "whole number"] },
    Mistake {
        arguments: &["target", "-l", "127.0.0.1:0", "--discovery", "none", "--cores", "8000", "memory:1M"],
        words: &["core 8000", "usable are 0"],
    },
    Mistake {
        arguments: &["target", "-l", "127.0.0.1:0", "--discovery", "none", "--congestion-control", "x", "memory:1M"],
        words: &["\"x\"", "tcp_available_congestion_control"],
    },
    Mistake { arguments: &["target", "--frob", "memory:1M"], words: &["--frob", "see tidegate target --help"] },
    Mistake { arguments: &["completion", "tcsh"], words: &["tcsh", "bash"] },
    Mistake { arguments: &["frob"], words: &["frob", "known: up, check, target"] },
    Mistake { arguments: &["nvme", "frob"], words: &["frob", "known: discover"] },
    Mistake { arguments: &["nvme", "list"], words: &["<ADDR>", "see tidegate nvme list --help"] },
    Mistake { arguments: &["ctl", "--frob"], words: &["--frob", "see tidegate ctl --help"] },
    Mistake { arguments: &["ctl"], words: &["<COMMAND>", "see tidegate ctl --help"] },
    Mistake { arguments: &["up", "--watchdog", "5"], words: &["--watchdog", "see tidegate up --help"] },
    Mistake { arguments: &["up", "--frob"], words: &["--frob", "see tidegate up --help"] },
    Mistake { arguments: &["up", "--service", "disk"], words: &["disk", "target, bench, radio"] },
    Mistake { arguments: &["radio", "serve"], words: &["--library", "see tidegate radio serve --help"] },
    Mistake { arguments: &["radio", "serve", "--library", "nowhere"], words: &["nowhere", "directory of music"] },
    Mistake {
        arguments: &["radio", "serve", "--library", "synthesis:", "--initial-mode", "jazz"],
        words: &["jazz", "m/NAME"],
    },
    Mistake { arguments: &["radio", "check"], words: &["no library", "--state", "radio import"] },
    Mistake { arguments: &["radio", "export", "--state", "nowhere"], words: &["nowhere: there is no library"] },
    Mistake { arguments: &["bench", "--server", "--frob"], words: &["--frob", "see tidegate bench --help"] },
];

fn run(context: &Context) -> Verdict {
    for mistake in MISTAKES {
        refused(&context.run(mistake.arguments)?, 2, mistake.words)
            .map_err(|failure| failure.during(format_args!("tidegate {}", mistake.arguments.join(" "))))?;
    }
    Ok(())
}
