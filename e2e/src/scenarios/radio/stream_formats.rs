//! Every format reaches a listener packet for packet as it is in the file: from the very first one for whoever was there before, and
//! after a late join.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::stream_station::{PATIENCE, for_each_format, packets, place_of, song, station};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/stream_formats", needs: &[Need::Program("ffmpeg"), Need::Program("curl")], run };

fn run(context: &Context) -> Verdict {
    for_each_format(|name, codec| one_format(context, name, codec))
}

fn one_format(context: &Context, name: &str, codec: &[&str]) -> Verdict {
    let folder = context.scratch().path().join(name.replace('.', "-"));
    let path = song(context, &folder, name, codec, 4, 440)?;
    let station = station(context, &folder, &[])?;
    let extension = match name.rsplit('.').next() {
        Some("mp3") => "mp3",
        Some("aac" | "m4a") => "aac",
        _ => "ogg",
    };
    let mount = format!("/{extension}");
    let whole = folder.with_extension(format!("whole.{extension}"));
    let late = folder.with_extension(format!("late.{extension}"));
    // The first listens from before the first chunk on; the other comes in the middle of a song.
    let mut first = station.record(context, &mount, 12, &whole)?;
    station.process.wait_for("ready", PATIENCE, |line| (line == "ready").then_some(()))?;
    let mut second = station.record(context, "/", 9, &late)?;
    first.wait(PATIENCE)?;
    second.wait(PATIENCE)?;
    let expected = packets(context, &path)?;
    ensure!(expected.len() > 20, "the file has {} packets", expected.len());
    let heard = without_headers(packets(context, &whole)?, &expected)?;
    let place = place_of(&expected, &heard);
    ensure!(
        place == Some(0),
        "the song is not whole at the beginning of what was heard: {place:?} in {} packets",
        heard.len()
    );
    let heard = without_headers(packets(context, &late)?, &expected)?;
    // Whoever comes late hears the rest of one playing and the beginning of the next.
    let twice = [expected.clone(), expected.clone(), expected.clone(), expected].concat();
    // Players may need a packet or two to get into step, and the recording ends anywhere.
    let middle = heard.get(3..heard.len().saturating_sub(3)).unwrap_or_default();
    ensure!(middle.len() > 10, "late: {} packets heard", heard.len());
    ensure!(place_of(middle, &twice).is_some(), "late: what was heard is not what is in the file");
    Ok(())
}

/// Where one Ogg stream follows another, ffmpeg finds the headers of the second (three at most) among the packets.
fn without_headers(heard: Vec<String>, song: &[String]) -> Result<Vec<String>, Failure> {
    let (audio, headers): (Vec<String>, Vec<String>) = heard.into_iter().partition(|packet| song.contains(packet));
    let begun = audio.iter().filter(|packet| **packet == song[0]).count();
    ensure!(headers.len() <= 3 * begun, "{} packets that are not the song's in {begun} playings", headers.len());
    Ok(audio)
}
