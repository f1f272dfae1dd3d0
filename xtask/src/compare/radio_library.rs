//! `cargo xtask compare radio-library`: the radio's library beside MPD's database, over the same files.
//!
//! The files are short clips (1.5 s) in five formats, with tags that differ in all of them; generated once and read in turns, so
//! that both find them in the page cache. MPD reads tags; the radio reads the whole file, for its frames and for the hash that
//! statistics stay with. What MPD is asked goes over its socket and includes its answer's lines; the radio is asked in its process.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::{Arg, ArgMatches, value_parser};
use reactor::clock::{self, Duration};
use serde_json::Value;

use super::{Comparison, Samples, machine, programs, with_rounds};
use crate::task::{TaskError, describe, say};
use crate::workspace;

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// Where the report goes.
const REPORT: &str = "docs/measurements/radio-library.md";
/// Clips of each format.
const CLIPS: u32 = 20;
/// The formats as ffmpeg makes them.
const FORMATS: &[(&str, &[&str])] = &[
    ("mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("flac", &["-c:a", "flac"]),
    ("ogg", &["-c:a", "libvorbis", "-q:a", "4"]),
    ("opus", &["-c:a", "libopus", "-b:a", "96k"]),
    ("m4a", &["-c:a", "aac", "-b:a", "128k"]),
];
/// The goals for the first import: five times MPD's rate.
const IMPORT_GOAL: &str = "ratio ≤ 0.2";
const RESCAN_GOAL: &str = "ratio ≤ 1";
const LIST_GOAL: &str = "ratio ≤ 1";
const SEARCH_GOAL: &str = "< 5 ms";
const MOOD_GOAL: &str = "< 5 ms";
const CHOICE_GOAL: &str = "< 1 ms";
/// Nothing was asked for.
const NO_GOAL: &str = "–";
/// What both are asked: its name, what MPD is sent, and the goal.
const QUESTIONS: &[(&str, &str, &str)] = &[
    ("search title amber", "search title amber", SEARCH_GOAL),
    ("search any \"neon amber\"", "search any \"neon amber\"", SEARCH_GOAL),
    ("genre == and date =~", "find \"((genre == 'Jazz') AND (date =~ '^199'))\"", SEARCH_GOAL),
    ("find artist, no match", "find artist \"nobody at all\"", SEARCH_GOAL),
    ("list album", "list album", LIST_GOAL),
    ("list artist", "list artist", LIST_GOAL),
    ("every song", "listallinfo", NO_GOAL),
];
/// What only the radio does, and the goal.
const OWN_QUESTIONS: &[(&str, &str)] = &[
    ("FTS5: title amber", NO_GOAL),
    ("FTS5: \"neon amber\"", NO_GOAL),
    ("a song is played (durable)", NO_GOAL),
    ("select: every song", MOOD_GOAL),
    ("select: one pattern", MOOD_GOAL),
    ("select: three patterns", MOOD_GOAL),
    ("select: three regular expressions", MOOD_GOAL),
    ("select: lines", MOOD_GOAL),
    ("a choice and its play, by statistics", CHOICE_GOAL),
    ("a choice and its play, random scores", CHOICE_GOAL),
    ("why, by statistics", CHOICE_GOAL),
    ("why, random scores", CHOICE_GOAL),
];
/// How often MPD is asked; the median counts, as it does for the radio.
const ASKED: usize = 21;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(5);

fn arguments() -> clap::Command {
    with_rounds(clap::Command::new("radio-library").about("The radio's library against MPD's database")).arg(
        Arg::new("files")
            .long("files")
            .value_name("N")
            .value_parser(value_parser!(u64).range(100..=200_000))
            .default_value("50000")
            .help("How many files there are"),
    )
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(3);
    let files = matches.get_one::<u64>("files").copied().unwrap_or(50_000);
    let folder = std::env::temp_dir().join(format!("tidegate-compare-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(rounds, files, &folder);
    std::fs::remove_dir_all(&folder)?;
    let report = report(&measured?, rounds, files)?;
    let path = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| workspace::root().join(REPORT));
    std::fs::write(&path, &report)?;
    say(&report);
    say(format_args!("written to {}", path.display()));
    Ok(())
}

/// Samples of one side.
#[derive(Debug, Default)]
struct Side {
    first_ms: Samples,
    first_cpu_ms: Samples,
    rescan_ms: Samples,
    resident_bytes: Samples,
    file_bytes: Samples,
    /// Nanoseconds, in the order of [`QUESTIONS`].
    questions_ns: Vec<Samples>,
}

#[derive(Debug, Default)]
struct Measured {
    mpd: Side,
    radio: Side,
    /// Nanoseconds, in the order of [`OWN_QUESTIONS`].
    own_ns: Vec<Samples>,
    /// Songs that the questions found, in the order of [`QUESTIONS`].
    found: Vec<u64>,
}

fn measure(rounds: u32, files: u64, folder: &Path) -> Result<Measured, TaskError> {
    let program = workspace::build_example("radio_library", "library_cost")?;
    let choice = workspace::build_example("radio_library", "choice_cost")?;
    let music = generate(&program, files, folder)?;
    let mut measured = Measured {
        own_ns: vec![Samples::default(); OWN_QUESTIONS.len()],
        mpd: Side { questions_ns: vec![Samples::default(); QUESTIONS.len()], ..Side::default() },
        radio: Side { questions_ns: vec![Samples::default(); QUESTIONS.len()], ..Side::default() },
        ..Measured::default()
    };
    // The first round warms the page cache and counts for nothing.
    for round in 0..=rounds {
        let mut discarded = Side { questions_ns: vec![Samples::default(); QUESTIONS.len()], ..Side::default() };
        mpd(if round > 0 { &mut measured.mpd } else { &mut discarded }, &music, files, &folder.join("mpd"))?;
        radio([&program, &choice], &mut measured, round > 0, &music, &folder.join("radio"))?;
        say(format_args!("round {round} of {rounds}"));
    }
    Ok(measured)
}

fn generate(program: &Path, files: u64, folder: &Path) -> Result<PathBuf, TaskError> {
    let (clips, music) = (folder.join("clips"), folder.join("music"));
    std::fs::create_dir_all(&clips)?;
    std::fs::create_dir_all(&music)?;
    for clip in 0..CLIPS {
        let tone = format!("sine=frequency={}:beep_factor=3:duration=1.5", 200 + 40 * clip);
        for (suffix, encoder) in FORMATS {
            let path = clips.join(format!("{suffix}-{clip}.{suffix}"));
            let mut command = Command::new("ffmpeg");
            command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &tone, "-ac", "2"]).args(*encoder).arg(path);
            programs::finish(&mut command)?;
        }
    }
    let (clips, path) = (clips.display().to_string(), music.display().to_string());
    programs::finish(Command::new(program).args(["generate", &clips, &path, &files.to_string()]))?;
    Ok(music)
}

fn radio(
    [program, choice]: [&Path; 2],
    measured: &mut Measured,
    counts: bool,
    music: &Path,
    state: &Path,
) -> Result<(), TaskError> {
    let state_text = state.display().to_string();
    let music = music.display().to_string();
    let began = clock::now();
    let first = answer(Command::new(program).args(["import", &state_text, &music]))?;
    let first_ms = milliseconds(clock::now() - began);
    let rescan = answer(Command::new(program).args(["rescan", &state_text, &music]))?;
    let questions = answer(Command::new(program).args(["questions", &state_text]))?;
    let choices = answer(Command::new(choice).arg(&state_text))?;
    std::fs::remove_dir_all(state)?;
    if number(&first, "refused")? > 0 || number(&rescan, "added")? > 0 {
        return Err(TaskError::new(format_args!("the radio did not take all files: {first} {rescan}")));
    }
    if !counts {
        return Ok(());
    }
    let side = &mut measured.radio;
    side.first_ms.add(first_ms);
    side.first_cpu_ms.add(number(&first, "cpu_ms")?);
    side.rescan_ms.add(number(&rescan, "import_ns")? / 1_000_000);
    side.resident_bytes.add(number(&rescan, "resident_bytes")?);
    side.file_bytes.add(number(&first, "file_bytes")?);
    measured.found.clear();
    for ((name, ..), samples) in QUESTIONS.iter().zip(&mut side.questions_ns) {
        samples.add(number(&questions[*name], "ns")?);
        measured.found.push(number(&questions[*name], "found")?);
    }
    for ((name, _), samples) in OWN_QUESTIONS.iter().zip(&mut measured.own_ns) {
        let answer = questions.get(*name).unwrap_or(&choices[*name]);
        samples.add(number(answer, "ns")?);
    }
    Ok(())
}

/// A running MPD.
struct Server {
    process: Child,
    reader: BufReader<UnixStream>,
}

impl Server {
    /// Starts one and waits until its database has all files.
    fn start(folder: &Path, music: &Path, files: u64) -> Result<Self, TaskError> {
        std::fs::create_dir_all(folder)?;
        let socket = folder.join("socket");
        let configuration = folder.join("mpd.conf");
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        let text = format!(
            "music_directory {}\ndb_file {}\nbind_to_address {}\nauto_update \"no\"\nmax_output_buffer_size \"262144\"\n\
             audio_output {{\n type \"null\"\n name \"null\"\n}}\n",
            quoted(music),
            quoted(&folder.join("database")),
            quoted(&socket)
        );
        std::fs::write(&configuration, text)?;
        let mut command = Command::new("mpd");
        command.arg("--no-daemon").arg(&configuration);
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log"))?)
            .spawn()?;
        let stream = programs::wait_until("MPD listens", || UnixStream::connect(&socket).ok())?;
        let mut server = Self { process, reader: BufReader::new(stream) };
        let mut greeting = String::new();
        server.reader.read_line(&mut greeting)?;
        server.wait_for_update()?;
        let songs = server.ask("stats")?;
        let expected = format!("songs: {files}");
        if !songs.lines().any(|line| line == expected) {
            return Err(TaskError::new(format_args!("MPD did not take all {files} files: {songs}")));
        }
        Ok(server)
    }

    /// A command, and the lines of its answer.
    fn ask(&mut self, command: &str) -> Result<String, TaskError> {
        writeln!(self.reader.get_mut(), "{command}")?;
        let mut lines = String::new();
        loop {
            let start = lines.len();
            if self.reader.read_line(&mut lines)? == 0 || lines[start..].starts_with("ACK") {
                return Err(TaskError::new(format_args!("MPD answers {command} with {}", &lines[start..])));
            }
            if &lines[start..] == "OK\n" {
                return Ok(lines);
            }
        }
    }

    fn wait_for_update(&mut self) -> Result<(), TaskError> {
        // Asked without a pause: MPD answers beside its update, which is on a thread of its own.
        let give_up_at = clock::now() + PATIENCE;
        while self.ask("status")?.contains("updating_db") {
            if clock::now() >= give_up_at {
                return Err(TaskError::new("MPD's update does not end"));
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Time of the processor that it has had, in milliseconds.
    fn cpu_ms(&self) -> Result<u64, TaskError> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or(0));
        Ok(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mpd(side: &mut Side, music: &Path, files: u64, folder: &Path) -> Result<(), TaskError> {
    let began = clock::now();
    let mut server = Server::start(folder, music, files)?;
    side.first_ms.add(milliseconds(clock::now() - began));
    side.first_cpu_ms.add(server.cpu_ms()?);
    let began = clock::now();
    server.ask("update")?;
    server.wait_for_update()?;
    side.rescan_ms.add(milliseconds(clock::now() - began));
    side.resident_bytes.add(programs::resident_bytes(server.process.id())?);
    side.file_bytes.add(std::fs::metadata(folder.join("database"))?.len());
    for ((_, command, _), samples) in QUESTIONS.iter().zip(&mut side.questions_ns) {
        let mut times = Samples::default();
        for _ in 0..ASKED {
            let began = clock::now();
            server.ask(command)?;
            times.add(u64::try_from((clock::now() - began).as_nanos()).unwrap_or(u64::MAX));
        }
        samples.add(times.median());
    }
    drop(server);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The JSON that a command prints.
fn answer(command: &mut Command) -> Result<Value, TaskError> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(TaskError::new(format_args!("{} failed ({})", describe(command), output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(TaskError::new)
}

fn number(answer: &Value, name: &str) -> Result<u64, TaskError> {
    answer[name].as_u64().ok_or_else(|| TaskError::new(format_args!("no {name} in {answer}")))
}

fn report(measured: &Measured, rounds: u32, files: u64) -> Result<String, TaskError> {
    let mut text = format!(
        "# The radio's library beside MPD's database\n\n\
         `cargo xtask compare radio-library --rounds {rounds} --files {files}` measures this and writes it here.\n\n\
         Machine: {}. {files} clips of 1.5 s (40 % mp3, 30 % flac, 12 % ogg, 10 % opus, 8 % m4a), 500 artists with 10 albums of\n\
         10 songs, generated once and in the page cache. In turns, {rounds} rounds after one that does not count; medians, least and\n\
         most in parentheses. A ratio below 1 is in our favour. MPD reads tags; the radio reads every byte, for the frames and\n\
         for the hash that statistics stay with. MPD's scan has idle priority: on a busy machine, look at its processor time.\n\
         MPD's answers come over its socket with all their lines; the radio is asked in its process.\n\n\
         | what | MPD | Tidegate | ratio | goal |\n|---|---|---|---|---|\n",
        machine::description()?
    );
    let Measured { mpd, radio, own_ns, found } = measured;
    for (name, unit, original, own, goal) in [
        ("first import, from process start to end", Unit::Milliseconds, &mpd.first_ms, &radio.first_ms, IMPORT_GOAL),
        ("its time of the processors", Unit::Milliseconds, &mpd.first_cpu_ms, &radio.first_cpu_ms, NO_GOAL),
        ("nothing changed", Unit::Milliseconds, &mpd.rescan_ms, &radio.rescan_ms, RESCAN_GOAL),
        ("resident memory", Unit::Bytes, &mpd.resident_bytes, &radio.resident_bytes, NO_GOAL),
        ("file (MPD's is compressed)", Unit::Bytes, &mpd.file_bytes, &radio.file_bytes, NO_GOAL),
    ] {
        row(&mut text, name, unit, [original, own], goal);
    }
    let questions = QUESTIONS.iter().zip(found).zip(mpd.questions_ns.iter().zip(&radio.questions_ns));
    for (((name, _, goal), found), (original, own)) in questions {
        row(&mut text, &format!("`{name}` ({found} found)"), Unit::Nanoseconds, [original, own], goal);
    }
    let _ = write!(
        text,
        "\nWhat only the radio does, and what its search would take with SQLite's full-text index (FTS5, trigrams). The moods are in\n\
         `crates/radio_library/examples/choice_cost.rs`; songs have up to 2,000 invented plays over a year. A choice and its play are\n\
         asking for the next song and following the change; why is a song's score with its parts.\n\n"
    );
    let _ = write!(text, "| what | time | goal |\n|---|---|---|\n");
    for ((name, goal), samples) in OWN_QUESTIONS.iter().zip(own_ns) {
        let _ = writeln!(text, "| `{name}` | {} | {goal} |", Unit::Microseconds.with_spread(samples));
    }
    Ok(text)
}

fn row(text: &mut String, name: &str, unit: Unit, [original, own]: [&Samples; 2], goal: &str) {
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = own.median() as f64 / original.median().max(1) as f64;
    let (original, own) = (unit.with_spread(original), unit.with_spread(own));
    let _ = writeln!(text, "| {name} | {original} | {own} | {ratio:.3} | {goal} |");
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Milliseconds,
    /// Of nanoseconds, as milliseconds.
    Nanoseconds,
    /// Of nanoseconds, as microseconds.
    Microseconds,
    Bytes,
}

impl Unit {
    fn with_spread(self, samples: &Samples) -> String {
        let (least, most) = samples.spread();
        format!("{} ({}–{})", self.text(samples.median()), self.text(least), self.text(most))
    }

    fn text(self, value: u64) -> String {
        match self {
            Self::Milliseconds => format!("{}.{:02} s", value / 1000, value % 1000 / 10),
            Self::Nanoseconds => format!("{}.{:03} ms", value / 1_000_000, value % 1_000_000 / 1000),
            Self::Microseconds => format!("{}.{} µs", value / 1000, value % 1000 / 100),
            Self::Bytes => format!("{}.{} MB", value / 1_000_000, value % 1_000_000 / 100_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_every_row_with_its_unit() {
        let sample = |value| {
            let mut samples = Samples::default();
            samples.add(value);
            samples
        };
        let side = |factor: u64| Side {
            first_ms: sample(2000 * factor),
            first_cpu_ms: sample(1000 * factor),
            rescan_ms: sample(100 * factor),
            resident_bytes: sample(1_000_000 * factor),
            file_bytes: sample(500_000 * factor),
            questions_ns: vec![sample(1_500_000 * factor); QUESTIONS.len()],
        };
        let measured = Measured {
            mpd: side(2),
            radio: side(1),
            own_ns: vec![sample(20_000); OWN_QUESTIONS.len()],
            found: vec![7; QUESTIONS.len()],
        };
        let text = report(&measured, 1, 100).unwrap();
        assert_eq!(text.matches("| 0.500 | ").count(), 5 + QUESTIONS.len(), "{text}");
        assert!(text.contains("| first import, from process start to end | 4.00 s (4.00 s–4.00 s) | 2.00 s"), "{text}");
        assert!(text.contains("(7 found) | 3.000 ms (3.000 ms–3.000 ms) | 1.500 ms"), "{text}");
        assert_eq!(text.matches("| 20.0 µs").count(), OWN_QUESTIONS.len(), "{text}");
        assert!(text.contains("µs) | < 1 ms |") && text.contains("| 0.500 | ratio ≤ 0.2 |"), "{text}");
    }
}
