//! The line on a terminal that tells how far the jobs are, beside fio's: when it is shown, what it looks like, and what follows it.

use std::collections::BTreeSet;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure;
use e2e::ensure_eq;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::terminal::{Size, Terminal};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "bench/status_line", needs: &[Need::Program("fio"), Need::Program("setsid")], run };

const SIZE: Size = Size { rows: 40, columns: 160 };
const JOB: [&str; 7] =
    ["--name=a", "--ioengine=null", "--rw=randrw", "--bs=4k", "--size=1t", "--time_based", "--runtime=5"];
const RATE: &str = "--rate_iops=500,300";
/// A line in which everything is known, digits as `N`.
const WHOLE: &str = "Jobs: N (f=N), N-N IOPS: [m(N)][N%][r=NB/s,w=NB/s][r=N,w=N IOPS][eta Nm:Ns]";
/// What may be missing in others: at the start, at the end, and where a job did nothing for a while.
const RATES: [&str; 4] = ["[r=NB/s,w=NB/s][r=N,w=N IOPS]", "[r=NB/s][r=N IOPS]", "[w=NB/s][w=N IOPS]", ""];

/// What a program has written on a terminal: fio or ours.
struct Written {
    bytes: String,
}

impl Written {
    /// The lines, each with whether it begins a new one on the screen.
    fn lines(&self) -> Vec<(&str, bool)> {
        let begins = self.bytes.match_indices("Jobs: ").map(|(at, _)| at);
        begins
            .map(|at| {
                let line = self.bytes[at..].split(['\r', '\n']).next().unwrap_or_default();
                (line, self.bytes[..at].ends_with('\n'))
            })
            .collect()
    }

    fn shapes(&self) -> BTreeSet<String> {
        self.lines().into_iter().map(|(line, _)| shape(line)).collect()
    }

    /// What follows the last line.
    fn end(&self) -> &str {
        self.bytes.rfind("Jobs: ").map_or("", |at| self.bytes[at..].split_once('\r').map_or("", |(_, rest)| rest))
    }
}

/// Whether it is a line of fio's, whole or with less.
fn is_known(shape: &str) -> bool {
    let with_rates = |rates: &str| WHOLE.replace(RATES[0], rates);
    let brief = |line: &str| line.split(": [").next().unwrap_or_default().to_owned();
    let with_less = RATES.map(with_rates).into_iter().flat_map(|line| [brief(&line), line]);
    with_less.flat_map(|line| [line.replace(", N-N IOPS", ""), line]).any(|line| line == shape)
}

/// The line with `N` for numbers, units of one kind, and every state of a job as `m`.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for letter in line.trim_end().replace("-.-%", "0%").chars() {
        match letter {
            '0'..='9' | '.' if shape.ends_with('N') => {}
            '0'..='9' => shape.push('N'),
            other => shape.push(other),
        }
    }
    if let Some(states) = shape.find(": [") {
        shape.replace_range(states + 3..states + 4, "m");
    }
    shape.replace("KiB/s", "B/s").replace("MiB/s", "B/s")
}

/// Both programs with the same words, each on a terminal of its own.
struct Runs {
    ours: Terminal,
    fio: Terminal,
}

impl Runs {
    fn start(context: &Context, words: &[&str]) -> Result<Self, Failure> {
        let mut ours = context.tidegate(&["bench"]);
        let mut fio = Command::new("fio");
        fio.current_dir(context.scratch().path());
        for command in [&mut ours, &mut fio] {
            command.args(JOB).arg(RATE).args(words);
        }
        Ok(Self { ours: Terminal::start("tidegate bench", &ours, SIZE)?, fio: Terminal::start("fio", &fio, SIZE)? })
    }

    /// What ours and fio have written.
    fn wait(&mut self) -> Result<[Written; 2], Failure> {
        let written = |terminal: &mut Terminal| {
            let (status, _) = terminal.wait(PROMPTLY)?;
            ensure!(status.success(), "{status}");
            Ok(Written { bytes: terminal.written() })
        };
        Ok([written(&mut self.ours)?, written(&mut self.fio)?])
    }
}

fn run(context: &Context) -> Verdict {
    let report = format!("--output={}", context.scratch().path().join("report").display());
    let shown = [
        &[][..],
        &["--eta=always"],
        &["--eta-interval=250ms"],
        &["--eta-newline=1", "--eta-interval=500ms"],
        &["--output-format=json", &report],
    ];
    let not_shown = [&["--eta=never"][..], &["--output-format=json"], &["--output-format=json", "--eta=always"]];
    let start = |words: &&[&str]| Runs::start(context, words);
    let runs: Vec<Runs> = shown.iter().chain(&not_shown).map(start).collect::<Result<_, _>>()?;
    let written: Vec<[Written; 2]> = runs.into_iter().map(|mut runs| runs.wait()).collect::<Result<_, _>>()?;
    let (with_line, without) = written.split_at(shown.len());
    for ([ours, fio], words) in with_line.iter().zip(shown) {
        for (who, shapes) in [("fio", fio.shapes()), ("we", ours.shapes())] {
            ensure!(shapes.contains(WHOLE), "{words:?}: {who} show no such line as {WHOLE}: {shapes:?}");
            let other = shapes.iter().find(|shape| !is_known(shape));
            ensure!(other.is_none(), "{words:?}: {who} show {other:?}");
        }
    }
    for (written, words) in without.iter().zip(not_shown) {
        ensure!(written.iter().all(|written| written.lines().is_empty()), "{words:?}: there is a line");
    }
    for [ours, fio] in &with_line[..2] {
        // The report begins a line; nothing else stands between.
        for written in [ours, fio] {
            ensure!(written.end().starts_with("\r\na: (groupid=0"), "what follows: {:?}", written.end());
            ensure!(written.lines().iter().skip(1).all(|(_, is_new)| !is_new), "a line is not written over");
        }
    }
    for which in [0, 1] {
        let count = |run: usize| with_line[run][which].lines().len();
        ensure!(count(2) > count(0), "{} lines in all, {} with a smaller interval", count(0), count(2));
        let begun = with_line[3][which].lines().iter().skip(1).filter(|(_, is_new)| *is_new).count();
        ensure!(begun >= 1, "no new line is begun: {:?}", with_line[3][which].bytes);
    }
    // fio leaves the shell's prompt on its line.
    ensure_eq!(with_line[4][0].end(), "\r\n", "what follows when the report goes elsewhere");
    piped(context)
}

/// Elsewhere than on a terminal it is shown only when asked for.
fn piped(context: &Context) -> Verdict {
    for (word, is_shown) in [("--eta=auto", false), ("--eta=always", true), ("--eta=never", false)] {
        let finished = context.run(&[&["bench"], &JOB[..], &[RATE, "--runtime=2", word]].concat())?;
        ensure_eq!(finished.status, Some(0), "exit status, with {}", finished.error);
        ensure_eq!(finished.output.contains("Jobs: "), is_shown, "whether the line is there with {word}");
    }
    Ok(())
}
