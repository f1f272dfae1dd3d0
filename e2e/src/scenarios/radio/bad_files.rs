//! Files that are broken, cut short, hostile or unreadable come into the directory of a station that plays: each is told in one line that
//! names it, none is taken for a song that it is not, and who listens hears every frame. A mood that is wrong changes nothing.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};

use super::server::{FRAME_BYTES, Listener, Radio, put_song, start};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "radio/bad_files", needs: &[Need::Program("ssh"), Need::Program("ssh-keygen")], run };

/// A tag that is longer than any that is read into memory.
const HUGE_TAG_BYTES: u64 = 100 << 20;

/// What the station may grow by meanwhile: less than the tag.
const GROWTH_BYTES_MAX: u64 = 64 << 20;

fn run(context: &Context) -> Verdict {
    let radio = start(context, &[("anna", "all")], &["--autoplay"])?;
    radio.imported()?;
    let mut listener = Listener::connect(radio.http)?;
    listener.frames(20)?;
    let before = radio.process.resident_bytes()?;
    files(&radio)?;
    listener.frames(40)?;
    huge_tag(&radio)?;
    listener.frames(40)?;
    unreadable(&radio)?;
    moods(&radio)?;
    listener.frames(160)?;
    let grown = radio.process.resident_bytes()?.saturating_sub(before);
    ensure!(grown < GROWTH_BYTES_MAX, "the stream side has grown by {grown} bytes");
    ensure_eq!(
        context.ctl("radio", &["show", "library_process/restarts"])?.trim(),
        "0",
        "restarts of the library side"
    );
    Ok(())
}

/// Each is refused by `add` with its name and a reason, and is no song afterwards.
fn files(radio: &Radio<'_>) -> Verdict {
    let song = std::fs::read(radio.music.join("one.mp3"))?;
    let mut random = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.to_be_bytes()[0]
    })
    .take(200_000)
    .collect();
    let mut lying_ogg = b"OggS\0\x02".to_vec();
    lying_ogg.extend([0xff; 21]);
    lying_ogg.extend([0xff; 255]);
    let mut lying_m4a = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\xff\xff\xff\xffmoov".to_vec();
    lying_m4a.extend(&noise[..1000]);
    let flac = b"fLaC\x80\xff\xff\xff".to_vec();
    for (name, bytes) in [
        ("empty.mp3", &[][..]),
        ("noise.mp3", &noise),
        ("half a frame.mp3", &song[..FRAME_BYTES / 2]),
        ("lying.ogg", &lying_ogg),
        ("lying.m4a", &lying_m4a),
        ("lying.flac", &flac),
        ("truncated.opus", b"OggS"),
    ] {
        let path = radio.music.join(name);
        std::fs::write(&path, bytes)?;
        let added = radio.ssh("anna", &["add", &format!("'{}'", path.display())])?;
        ensure_eq!(added.status, Some(1), "{name}: {}{}", added.output, added.error);
        let said = format!("{}{}", added.output, added.error);
        ensure_eq!(said.lines().filter(|line| line.contains(name)).count(), 1, "lines about {name}: {said}");
    }
    let songs = radio.output("anna", &["ls"])?;
    ensure_eq!(songs.lines().count(), 3, "songs: {songs}");
    Ok(())
}

/// A song behind a tag of 100 MB is a song; the tag is passed over.
fn huge_tag(radio: &Radio<'_>) -> Verdict {
    let path = radio.music.join("huge tag.mp3");
    put_song(&path, 9, 77)?;
    let frames = std::fs::read(&path)?;
    let mut file = File::create(&path)?;
    file.write_all(b"ID3\x04\0\0")?;
    let size: Vec<u8> =
        (0..4).rev().map(|part| u8::try_from((HUGE_TAG_BYTES >> (7 * part)) & 0x7f)).collect::<Result<_, _>>()?;
    file.write_all(&size)?;
    // One text frame that says it fills the tag; the rest is a hole.
    file.write_all(b"TIT2")?;
    file.write_all(&size)?;
    file.set_len(10 + HUGE_TAG_BYTES)?;
    drop(file);
    let mut file = File::options().append(true).open(&path)?;
    file.write_all(&frames)?;
    ensure!(path.metadata()?.size() > HUGE_TAG_BYTES, "it is small");
    let library: u64 = resident_bytes(&radio.library_process()?)?;
    let added = radio.ssh("anna", &["add", &format!("'{}'", path.display())])?;
    let said = format!("{}{}", added.output, added.error);
    ensure!(said.lines().filter(|line| line.contains("huge tag.mp3")).count() <= 1, "{said}");
    let grown = resident_bytes(&radio.library_process()?)?.saturating_sub(library);
    ensure!(grown < GROWTH_BYTES_MAX, "the library side has grown by {grown} bytes");
    Ok(())
}

fn resident_bytes(process: &str) -> Result<u64, e2e::failure::Failure> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// A directory that cannot be read, links that lead nowhere or round, a pipe in which nobody writes; and what the sandbox leaves out.
fn unreadable(radio: &Radio<'_>) -> Verdict {
    let closed = radio.music.join("closed");
    std::fs::create_dir(&closed)?;
    put_song(&closed.join("inside.mp3"), 10, 77)?;
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000))?;
    std::os::unix::fs::symlink("nowhere", radio.music.join("dangling.mp3"))?;
    std::os::unix::fs::symlink(".", radio.music.join("loop"))?;
    rustix::fs::mkfifoat(rustix::fs::CWD, radio.music.join("pipe.mp3"), rustix::fs::Mode::RUSR)?;
    let added = radio.ssh("anna", &["add", &radio.music.display().to_string()])?;
    if !rustix::process::geteuid().is_root() {
        ensure!(added.error.contains("closed"), "{}", added.error);
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755))?;
    for (path, reason) in [("/etc/passwd", "Permission denied"), ("/nowhere/at/all.mp3", "No such file")] {
        let refused = radio.ssh("anna", &["add", path])?;
        ensure_eq!(refused.status, Some(1), "{path}: {}", refused.output);
        ensure!(refused.error.contains(path) && refused.error.contains(reason), "{path}: {}", refused.error);
    }
    Ok(())
}

/// A mood that is wrong is not taken, with where and what was expected; what was selected stays.
fn moods(radio: &Radio<'_>) -> Verdict {
    radio.ssh_with_input("anna", &[], &["addmood", "good"], "true\n")?;
    radio.output("anna", &["select", "m/good"])?;
    for (text, part) in [
        ("artist =~ /(unclosed/", "line 1, column"),
        ("num_played > \n", "expected"),
        ("accept if\n", "expected"),
        ("\u{1}\u{2}", "line 1, column 1"),
    ] {
        let refused = radio.ssh_with_input("anna", &[], &["addmood", "good"], text)?;
        ensure_eq!(refused.status, Some(1), "{text:?}: {}", refused.output);
        ensure!(refused.error.contains(part), "{text:?}: {}", refused.error);
    }
    ensure_eq!(radio.output("anna", &["catmood", "good"])?, "true\n", "the mood");
    let deep = format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000));
    let refused = radio.ssh_with_input("anna", &[], &["addmood", "deep"], &deep)?;
    ensure_eq!(refused.status, Some(1), "a mood that is nested too deeply: {}", refused.output);
    eventually("the selection", || Ok((radio.item("anna", "afs_mode")? == "m/good").then_some(())))
}
