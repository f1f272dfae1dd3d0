//! The log: what a service notes while it runs, on standard error, with local priorities.
//!
//! `TIDEGATE_LOG` takes directives such as `nvme_target=debug` and wins over `-v`.

use tracing_subscriber::EnvFilter;

/// Starts logging. `verbosity` is the number of `-v`: 0 warnings and what an operator must know, 1 information,
/// 2 debugging, 3 every command.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("TIDEGATE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}
