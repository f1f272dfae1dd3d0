//! A library without a service: imported, interrupted, looked at, taken elsewhere.

use std::path::Path;

use e2e::context::{Context, Finished};
use e2e::failure::{Failure, Verdict};
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use radio_media::synthesis::PIECES;
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario = Scenario { name: "radio/library", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let music = context.scratch().path().join("music");
    std::fs::create_dir(&music)?;
    let flac = PIECES[0].flac();
    std::fs::write(music.join("a.flac"), &flac)?;
    std::fs::write(music.join("b.flac"), PIECES[1].flac())?;
    without_a_directory(context)?;
    imports(context, &music)?;
    renames(context, &music)?;
    goes_elsewhere(context)?;
    one_at_a_time(context, &music, &flac)
}

fn radio(context: &Context, command: &str, arguments: &[&str]) -> Result<Finished, Failure> {
    context.run(&[&["radio", command, "--state", "library"], arguments].concat())
}

/// Demands an exit status and what was said on standard output.
fn says(finished: &Finished, status: i32, output: &str) -> Verdict {
    ensure_eq!(finished.status, Some(status), "exit status; it said: {}", finished.error);
    ensure_eq!(finished.output.as_str(), output, "output");
    Ok(())
}

/// Where the state is unless somebody says so: where a service's would be.
fn without_a_directory(context: &Context) -> Verdict {
    says(&context.run(&["radio", "import", "music"])?, 0, "2 files, 2 added\n")?;
    says(&context.run(&["radio", "check"])?, 0, "nothing is wrong\n")?;
    let place = context.scratch().path().join("state/radio/library.sqlite");
    ensure!(place.is_file(), "{} is not there", place.display());
    Ok(())
}

fn imports(context: &Context, music: &Path) -> Verdict {
    let finished = radio(context, "import", &["--verbose", "music"])?;
    let expected = format!("added {0}/a.flac\nadded {0}/b.flac\n2 files, 2 added\n", music.display());
    let mut lines: Vec<_> = finished.output.lines().collect();
    lines.sort_unstable_by_key(|line| !line.starts_with("added"));
    says(&Finished { output: lines.join("\n") + "\n", ..finished }, 0, &expected)?;
    says(&radio(context, "import", &["music"])?, 0, "2 files, nothing changed\n")?;
    std::fs::write(music.join("noise.mp3"), "noise")?;
    let finished = radio(context, "import", &["music"])?;
    says(&finished, 0, "3 files, 1 not playable\n")?;
    ensure!(finished.error.contains("noise.mp3: no audio in the first"), "{}", finished.error);
    let finished = radio(context, "import", &["nowhere"])?;
    says(&finished, 1, "")?;
    ensure!(finished.error.contains("nowhere: No such file"), "{}", finished.error);
    Ok(())
}

fn renames(context: &Context, music: &Path) -> Verdict {
    let list = format!("{0}/a.flac\n{0}/b.flac\n", music.display());
    let document = serde_json::json!({
        "tidegate_radio_library": 1,
        "playlists": [{ "name": "all", "content": list }],
        "moods": [{ "name": "broken", "content": "artist =~" }],
    });
    std::fs::write(context.scratch().path().join("more.json"), document.to_string())?;
    let said = "0 recordings, 0 songs added, 0 known already, 2 images, lyrics, moods and playlists\n";
    says(&radio(context, "import-json", &["more.json"])?, 0, said)?;
    std::fs::rename(music.join("a.flac"), music.join("z.flac"))?;
    std::fs::remove_file(music.join("b.flac"))?;
    std::fs::remove_file(music.join("noise.mp3"))?;
    let finished = radio(context, "check", &["--files"])?;
    ensure_eq!(finished.status, Some(1), "files are gone");
    ensure!(finished.output.contains("a.flac: its file is gone; import its directory again"), "{}", finished.output);
    says(&radio(context, "import", &["music"])?, 0, "1 files, 1 renamed, 1 removed\n")?;
    let finished = radio(context, "check", &[])?;
    ensure_eq!(finished.status, Some(1), "a mood is broken");
    for part in [
        "problem: mood 'broken': ",
        "a.flac is ",
        "b.flac is not in the library; it is skipped",
        "note: 1 recordings: they have no file any more",
    ] {
        ensure!(finished.output.contains(part), "expected {part:?} in: {}", finished.output);
    }
    let finished = radio(context, "check", &["--forget", "--files"])?;
    says(&finished, 0, "1 recordings forgotten\nnothing is wrong\n")
}

fn goes_elsewhere(context: &Context) -> Verdict {
    says(&radio(context, "export", &["library.json"])?, 0, "")?;
    let finished = radio(context, "export", &["library.json"])?;
    ensure_eq!(finished.status, Some(1), "a document that is there is not written over");
    let document = std::fs::read_to_string(context.scratch().path().join("library.json"))?;
    let finished = context.run(&["radio", "import-json", "--state", "other", "library.json"])?;
    ensure_eq!(finished.status, Some(0), "{}", finished.error);
    says(&context.run(&["radio", "export", "--state", "other"])?, 0, &document)?;
    std::fs::write(context.scratch().path().join("half.json"), &document[..document.len() / 2])?;
    let finished = context.run(&["radio", "import-json", "--state", "third", "half.json"])?;
    says(&finished, 1, "")?;
    ensure!(finished.error.contains("line "), "it does not say where: {}", finished.error);
    Ok(())
}

/// While one works on the library a second one is told so; and one that is asked to end has done what it said.
fn one_at_a_time(context: &Context, music: &Path, flac: &[u8]) -> Verdict {
    // As many that the import takes a while: each is another file by its last byte, which is damage that is stepped over.
    for number in 0..400_u32 {
        std::fs::write(music.join(format!("{number}.flac")), [flac, &number.to_be_bytes()].concat())?;
    }
    let command = context.tidegate(&["radio", "import", "--state", "library", "--workers", "1", "--force", "music"]);
    let mut process = context.start("import", command)?;
    // It holds the library once its number is in there; then it is held up until somebody else has been refused.
    let lock = context.scratch().path().join("library/library.lock");
    let number = process.pid()?.as_raw_nonzero().to_string();
    while std::fs::read_to_string(&lock)?.trim() != number {
        ensure!(process.is_running()?, "the import has ended without the library");
        std::thread::yield_now();
    }
    process.signal(Signal::STOP)?;
    let finished = radio(context, "check", &["--moods"])?;
    let expected = format!("the library is in use by process {number}");
    ensure!(finished.error.contains(&expected), "expected {expected:?} in: {}", finished.error);
    process.signal(Signal::INT)?;
    process.signal(Signal::CONT)?;
    let status = process.wait(PROMPTLY)?;
    ensure!(matches!(status.code(), Some(0 | 1)), "{status:?}");
    let finished = radio(context, "import", &["music"])?;
    ensure_eq!(finished.status, Some(0), "{}", finished.error);
    says(&radio(context, "import", &["music"])?, 0, "401 files, nothing changed\n")
}
