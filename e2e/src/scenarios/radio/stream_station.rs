//! A station with songs that ffmpeg makes, and a recorder that takes its stream apart into packets.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::process::Process;
use reactor::clock::Duration;

/// How long anything of a station may take: songs have seconds, and they are heard in their own time.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The formats: the file's name, and what ffmpeg has to be told.
const FORMATS: &[(&str, &[&str])] = &[
    ("song.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("song.ogg", &["-c:a", "libvorbis", "-q:a", "4"]),
    ("song.opus", &["-c:a", "libopus", "-b:a", "96k"]),
    ("song.flac", &["-c:a", "flac"]),
    ("song.aac", &["-c:a", "aac", "-b:a", "128k"]),
    ("song.m4a", &["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"]),
];

/// Does something for each format, for all at once: most of it is waiting for what is played.
pub(super) fn for_each_format(work: impl Fn(&str, &[&str]) -> Verdict + Sync) -> Verdict {
    std::thread::scope(|scope| {
        let start = |&(name, codec): &(&'static str, &'static [&'static str])| {
            let work = &work;
            (name, scope.spawn(move || work(name, codec)))
        };
        let running: Vec<_> = FORMATS.iter().map(start).collect();
        running.into_iter().try_for_each(|(name, thread)| {
            let verdict = thread.join().unwrap_or_else(|_| Err(Failure::new("panicked")));
            verdict.map_err(|failure| failure.during(name))
        })
    })
}

/// A running `tidegate radio serve`.
pub(super) struct Station {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

/// Makes a song of so many seconds, which sounds unlike any other frequency.
pub(super) fn song(
    context: &Context,
    folder: &Path,
    name: &str,
    codec: &[&str],
    seconds: u32,
    tone: u32,
) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(name);
    let source = format!("sine=frequency={tone}:duration={seconds},tremolo=f=5:d=0.8");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", &source, "-ac", "2", "-ar", "48000"]);
    command.args(codec).arg(&path);
    let made = context.finish("ffmpeg (encoding)", command, PATIENCE)?;
    if made.status == Some(0) { Ok(path) } else { Err(Failure::new(made.error)) }
}

/// Starts a station that plays what is in the folder.
pub(super) fn station(context: &Context, folder: &Path, more: &[&str]) -> Result<Station, Failure> {
    station_by(context, folder, more, |command| command)
}

/// The same by another command, which is made of the plain one.
pub(super) fn station_by(
    context: &Context,
    folder: &Path,
    more: &[&str],
    change: impl FnOnce(Command) -> Command,
) -> Result<Station, Failure> {
    let mut command =
        context.tidegate(&["radio", "serve", "--autoplay", "--http", "127.0.0.1:0", "--ssh", "none", "--mpd", "none"]);
    command.arg("--library").arg(folder).arg("--state").arg(folder.with_extension("state")).args(more);
    let process = context.start("tidegate radio serve", change(command))?;
    let address = process.wait_for("the address for listeners", PATIENCE, |line| {
        line.strip_prefix("listen")?.trim().strip_prefix("http://")?.strip_suffix('/')?.parse().ok()
    })?;
    Ok(Station { process, address })
}

impl Station {
    /// The URL of a mount.
    pub(super) fn url(&self, mount: &str) -> String {
        format!("http://{}{mount}", self.address)
    }

    /// Starts to record a mount for so many seconds.
    pub(super) fn record(&self, context: &Context, mount: &str, seconds: u32, path: &Path) -> Result<Process, Failure> {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--max-time", &seconds.to_string(), "--output"])
            .arg(path)
            .arg(self.url(mount));
        context.start("curl", command)
    }
}

/// The packets of a file or a recording: the size and the checksum of each, as ffmpeg finds them.
pub(super) fn packets(context: &Context, path: &Path) -> Result<Vec<String>, Failure> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-i"]).arg(path);
    // ADTS headers are framing; files in MP4 have none.
    if path.extension().is_some_and(|extension| extension == "aac") {
        command.args(["-bsf:a", "aac_adtstoasc"]);
    }
    command.args(["-map", "0:a", "-c", "copy", "-f", "framecrc", "-"]);
    let found = context.finish("ffmpeg (packets)", command, PATIENCE)?;
    let fields = |line: &str| line.split(',').map(|field| field.trim().to_owned()).collect::<Vec<_>>();
    // stream, dts, pts, duration, size, checksum, …
    let lines = found.output.lines().filter(|line| !line.starts_with('#')).map(fields);
    Ok(lines.filter(|fields| fields.len() >= 6).map(|fields| format!("{} bytes {}", fields[4], fields[5])).collect())
}

/// Where one list stands within the other, whole and in order.
pub(super) fn place_of(part: &[String], whole: &[String]) -> Option<usize> {
    whole.windows(part.len().max(1)).position(|window| window == part)
}
