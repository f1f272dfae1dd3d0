//! ncmpcpp on a terminal (tmux): it connects, shows the queue and the playing song, walks the library, starts a song, searches, and adds
//! songs to the queue; nothing that it asks for is refused.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::eventually;

use super::mpd_station::{Client, address, start};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/mpd_ncmpcpp", needs: &[Need::Program("ncmpcpp"), Need::Program("tmux")], run };

fn run(context: &Context) -> Verdict {
    let radio = start(context, &["-vconsole:dbg"])?;
    radio.imported()?;
    let address = address(&radio)?;
    let mut client = Client::connect(address)?;
    client.done("clear")?;
    client.done("add misterioso.mp3")?;
    let terminal = Terminal::start(context, address)?;
    terminal.shows("the queue", &["Playlist (", "Monk", "Misterioso", "Round"])?;
    // The browser: into the directory, and the song below ".." is played.
    terminal.press(&["2"])?;
    terminal.shows("the browser", &["jazz", "Misterioso"])?;
    terminal.press(&["Home", "Enter"])?;
    terminal.shows("the directory", &["Miles - All Blues", "Miles - So What"])?;
    terminal.press(&["Down", "Enter"])?;
    eventually("the song of the browser", || {
        let song = client.done("currentsong")?;
        Ok((song.value("Album") == Some("Blue")).then_some(()))
    })?;
    terminal.shows("the playing song", &["Playing", "Miles"])?;
    // The search engine: a word anywhere.
    terminal.press(&["3"])?;
    terminal.shows("the search engine", &["Any"])?;
    terminal.press(&["Enter"])?;
    terminal.press(&["M", "o", "n", "k", "Enter", "y"])?;
    terminal.shows("what was found", &["Found 1 ", "Misterioso"])?;
    // The media library, by tags: all of an artist goes into the queue.
    terminal.press(&["4"])?;
    terminal.shows("the media library", &["Artists", "Miles", "Monk"])?;
    let asked = |client: &mut Client| -> Result<usize, Failure> {
        Ok(client.done("playlistinfo")?.values("Artist").iter().filter(|artist| **artist == "Miles").count())
    };
    let before = asked(&mut client)?;
    terminal.press(&["Space"])?;
    terminal.shows("what was added", &["Songs with artist \"Miles\" added"])?;
    ensure!(asked(&mut client)? > before, "the queue has as few of his songs as before");
    terminal.press(&["1", "s"])?;
    eventually("the stop", || Ok((client.done("status")?.value("state") == Some("stop")).then_some(())))?;
    let refused: Vec<String> = radio.log().lines().filter(|line| line.contains("refused")).map(str::to_owned).collect();
    ensure!(refused.is_empty(), "it was refused something: {refused:?}");
    terminal.press(&["q"])
}

/// A terminal with ncmpcpp on it.
struct Terminal<'a> {
    context: &'a Context,
    socket: PathBuf,
}

impl<'a> Terminal<'a> {
    fn start(context: &'a Context, address: SocketAddr) -> Result<Self, Failure> {
        let home = context.scratch().path();
        let configuration = home.join("ncmpcpp.conf");
        std::fs::write(&configuration, format!("ncmpcpp_directory = {}\nuser_interface = classic\n", home.display()))?;
        let terminal = Self { context, socket: home.join("tmux") };
        let program =
            format!("ncmpcpp -q -c {} -b /dev/null -h {} -p {}", configuration.display(), address.ip(), address.port());
        terminal.tmux(&["new-session", "-d", "-x", "100", "-y", "30", &program])?;
        Ok(terminal)
    }

    fn tmux(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("tmux");
        command.env("TERM", "screen").env("LC_ALL", "C.UTF-8").env("HOME", self.context.scratch().path());
        command.args(["-f", "/dev/null", "-S"]).arg(&self.socket).args(words);
        let finished = self.context.finish("tmux", command, PROMPTLY)?;
        ensure!(finished.status == Some(0), "tmux {words:?}: {}", finished.error);
        Ok(finished.output)
    }

    fn press(&self, keys: &[&str]) -> Verdict {
        self.tmux(&[&["send-keys"], keys].concat()).map(drop)
    }

    /// Waits until each of these texts is on the screen.
    fn shows(&self, what: &str, texts: &[&str]) -> Verdict {
        eventually(what, || {
            let screen = self.tmux(&["capture-pane", "-p"])?;
            Ok(texts.iter().all(|text| screen.contains(text)).then_some(()))
        })
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // It has ended already, if all went well.
        let _ = self.tmux(&["kill-server"]);
    }
}
