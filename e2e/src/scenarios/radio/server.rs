//! A radio under test: a directory of songs whose frames are numbered, people with keys, and OpenSSH to give commands with.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::{Context, Finished};
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process, Stream};

/// Bytes of each frame: MPEG 1 layer III at 128 kbit/s and 44.1 kHz, without padding and checksum.
pub(super) const FRAME_BYTES: usize = 417;

/// How each frame begins.
const FRAME_HEADER: [u8; 4] = [0xff, 0xfb, 0x90, 0xc4];

/// Where in a frame its song and its number are: in what a decoder takes for silence.
const MARK_OFFSET: usize = 300;

/// Writes a song of so many frames, 26 ms each.
pub(super) fn put_song(path: &Path, song: u8, frames: u16) -> Verdict {
    let mut bytes = Vec::new();
    for number in 0..frames {
        let mut frame = vec![0; FRAME_BYTES];
        frame[..4].copy_from_slice(&FRAME_HEADER);
        frame[MARK_OFFSET] = song;
        frame[MARK_OFFSET + 1..MARK_OFFSET + 3].copy_from_slice(&number.to_be_bytes());
        bytes.extend(frame);
    }
    Ok(std::fs::write(path, bytes)?)
}

/// A radio, and the people who use it.
pub(super) struct Radio<'a> {
    pub(super) context: &'a Context,
    pub(super) process: Process,
    pub(super) http: SocketAddr,
    pub(super) ssh: SocketAddr,
    pub(super) music: PathBuf,
}

/// A directory with three songs of two seconds each.
pub(super) fn three_songs(context: &Context) -> Result<PathBuf, Failure> {
    let music = context.scratch().path().join("music");
    std::fs::create_dir_all(&music)?;
    for (song, name) in (1..).zip(["one", "two", "three"]) {
        put_song(&music.join(name).with_extension("mp3"), song, 77)?;
    }
    Ok(music)
}

/// Makes a key for somebody, and tells its public half.
pub(super) fn make_key(context: &Context, name: &str) -> Result<String, Failure> {
    let path = context.scratch().path().join(name);
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path);
    let made = context.finish("ssh-keygen", command, PROMPTLY)?;
    ensure!(made.status == Some(0), "ssh-keygen: {}", made.error);
    Ok(std::fs::read_to_string(path.with_extension("pub"))?.trim().to_owned())
}

/// Writes the users file: names, each with a key of its own, and rights.
pub(super) fn write_users(context: &Context, users: &[(&str, &str)]) -> Verdict {
    let mut text = String::new();
    for (name, rights) in users {
        let path = context.scratch().path().join(name).with_extension("pub");
        let key =
            if path.exists() { std::fs::read_to_string(path)?.trim().to_owned() } else { make_key(context, name)? };
        let _ = writeln!(text, "user {name} {key} {rights}");
    }
    Ok(std::fs::write(context.scratch().path().join("users"), text)?)
}

/// Starts `tidegate radio serve` on free ports with three songs and these users, and waits until it is ready.
pub(super) fn start<'a>(context: &'a Context, users: &[(&str, &str)], options: &[&str]) -> Result<Radio<'a>, Failure> {
    let music = three_songs(context)?;
    write_users(context, users)?;
    start_again(context, music, options)
}

/// As [`start`], with songs, users and state as they are.
pub(super) fn start_again<'a>(context: &'a Context, music: PathBuf, options: &[&str]) -> Result<Radio<'a>, Failure> {
    let mut command =
        context.tidegate(&["radio", "serve", "-vconsole:info", "--pidfile", "--state", "station", "--users", "users"]);
    command.args(["--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0"]);
    if !options.contains(&"--mpd") {
        command.args(["--mpd", "none"]);
    }
    command.arg("--library").arg(&music).args(options);
    let process = context.start("tidegate radio", command)?;
    process.wait_for("ready", PROMPTLY, |line| (line == "ready").then_some(()))?;
    let field = |label: &str| {
        process.wait_for(label, PROMPTLY, |line| line.strip_prefix(label).map(|rest| rest.trim().to_owned()))
    };
    let http = field("listen ")?;
    let http = http.trim_start_matches("http://").trim_end_matches('/').parse()?;
    let ssh = field("ssh ")?.parse()?;
    Ok(Radio { context, process, http, ssh, music })
}

impl Radio<'_> {
    /// `ssh USER@RADIO`, without anything that could ask a person, and with nothing of the machine's own configuration.
    pub(super) fn ssh_command(&self, user: &str, options: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.current_dir(self.context.scratch().path());
        command.args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new"]);
        command.args(["-o", "UserKnownHostsFile=known_hosts", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
        command.args(["-o", "LogLevel=ERROR", "-i", user, "-p", &self.ssh.port().to_string()]).args(options);
        command.arg(format!("{user}@{}", self.ssh.ip())).args(words);
        command
    }

    /// Gives a command as somebody.
    pub(super) fn ssh(&self, user: &str, words: &[&str]) -> Result<Finished, Failure> {
        self.context.finish("ssh", self.ssh_command(user, &[], words), PROMPTLY)
    }

    /// Gives a command as somebody, with this for standard input.
    pub(super) fn ssh_with_input(
        &self,
        user: &str,
        options: &[&str],
        words: &[&str],
        input: &str,
    ) -> Result<Finished, Failure> {
        let path = self.context.scratch().path().join("input");
        std::fs::write(&path, input)?;
        let ssh = self.ssh_command(user, options, words);
        // The harness gives no input itself.
        let mut command = Command::new("sh");
        command.current_dir(self.context.scratch().path()).args(["-c", "exec \"$0\" \"$@\" <input"]);
        command.arg(ssh.get_program()).args(ssh.get_args());
        self.context.finish("ssh", command, PROMPTLY)
    }

    /// What a command prints that has to succeed.
    pub(super) fn output(&self, user: &str, words: &[&str]) -> Result<String, Failure> {
        let finished = self.ssh(user, words)?;
        ensure!(finished.status == Some(0), "{words:?}: status {:?}: {}", finished.status, finished.error);
        Ok(finished.output)
    }

    /// The value of an item of `stat`.
    pub(super) fn item(&self, user: &str, name: &str) -> Result<String, Failure> {
        let text = self.output(user, &["stat", "-n", "1"])?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        Ok(value.unwrap_or_default().to_owned())
    }

    /// The process of the library side.
    pub(super) fn library_process(&self) -> Result<String, Failure> {
        Ok(self.context.ctl("radio", &["show", "library_process/process"])?.trim().to_owned())
    }

    /// Waits until the directory is imported.
    pub(super) fn imported(&self) -> Verdict {
        self.process.wait_for("the import", PROMPTLY, |line| line.contains("import: ").then_some(()))
    }

    /// Waits for a line of the log, and tells it.
    pub(super) fn logged(&self, part: &str) -> Result<String, Failure> {
        self.process.wait_for(part, PROMPTLY, |line| line.contains(part).then(|| line.to_owned()))
    }

    /// What the log says.
    pub(super) fn log(&self) -> String {
        self.process.transcript().text(Stream::Error)
    }
}

/// Somebody who listens, and looks at each frame: songs follow each other whole, and no frame is missing or comes twice.
pub(super) struct Listener {
    stream: TcpStream,
    bytes: Vec<u8>,
    last: Option<(u8, u16)>,
    /// Songs whose first frame was heard.
    pub(super) songs: Vec<u8>,
}

impl Listener {
    /// Connects, and reads the head of the answer.
    pub(super) fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PROMPTLY))?;
        stream.write_all(b"GET /mp3 HTTP/1.0\r\n\r\n")?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        ensure!(head.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&head));
        Ok(Self { stream, bytes: Vec::new(), last: None, songs: Vec::new() })
    }

    /// Listens to so many frames.
    pub(super) fn frames(&mut self, count: usize) -> Verdict {
        for _ in 0..count {
            while self.bytes.len() < FRAME_BYTES {
                let mut buffer = [0; 4096];
                let length = self.stream.read(&mut buffer)?;
                ensure!(length > 0, "the stream has ended after {:?}", self.last);
                self.bytes.extend_from_slice(&buffer[..length]);
            }
            let frame: Vec<u8> = self.bytes.drain(..FRAME_BYTES).collect();
            self.look_at(&frame)?;
        }
        Ok(())
    }

    fn look_at(&mut self, frame: &[u8]) -> Verdict {
        ensure!(frame[..4] == FRAME_HEADER, "no frame begins where one should, after {:?}", self.last);
        let song = frame[MARK_OFFSET];
        let number = u16::from_be_bytes([frame[MARK_OFFSET + 1], frame[MARK_OFFSET + 2]]);
        if number == 0 {
            self.songs.push(song);
        }
        match self.last {
            Some((before, last)) if number != 0 => {
                ensure!(before == song && number == last + 1, "{:?} is followed by {:?}", self.last, (song, number));
            }
            _ => {}
        }
        self.last = Some((song, number));
        Ok(())
    }
}
