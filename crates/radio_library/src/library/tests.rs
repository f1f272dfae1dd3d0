//! A library that is opened twice, killed, or finds no room.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::change::BlobKind;
use crate::check::Check;
use crate::import::{ImportOptions, Progress};
use crate::testing::{Random, Scratch, mp3};

/// Tells the child what to do, and where.
const CHILD: &str = "LIBRARY_TEST_CHILD";

fn import(library: &Library, path: &Path) {
    library.import(&[path.to_owned()], &ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
}

fn music(scratch: &Scratch, count: u64) -> PathBuf {
    let music = scratch.path().join("music");
    fs::create_dir_all(&music).unwrap();
    for number in 0..count {
        fs::write(music.join(format!("{number:05}.mp3")), mp3(number, &[])).unwrap();
    }
    music
}

fn assert_sound(library: &Library) {
    assert_eq!(library.check(&[Check::Database, Check::Attributes]).unwrap(), []);
}

#[test]
fn a_second_process_is_told_who_has_it() {
    let scratch = Scratch::new("library_lock");
    let directory = scratch.path().join("a/b");
    let library = Library::open(&directory).unwrap();
    let error = Library::open(&directory).unwrap_err();
    assert!(
        matches!(error, LibraryError::InUse { process: Some(process), .. } if process == std::process::id()),
        "{error}"
    );
    assert!(error.to_string().contains("in use by process"), "{error}");
    drop(library);
    Library::open(&directory).unwrap();
}

#[test]
fn files_of_others_are_not_touched() {
    let scratch = Scratch::new("library_foreign");
    let path = scratch.path().join(DATABASE);
    fs::write(&path, "This is a text that somebody wrote, and it is longer than the head of a database. ".repeat(20))
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = Library::open(scratch.path()).unwrap_err();
    assert!(matches!(error, LibraryError::Damaged(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE mail (text)").unwrap();
    let error = Library::open(scratch.path()).unwrap_err();
    assert!(matches!(error, LibraryError::NotALibrary(_)), "{error}");
}

#[test]
fn a_file_of_the_future_is_named() {
    let scratch = Scratch::new("library_future");
    drop(Library::open(scratch.path()).unwrap());
    Connection::open(scratch.path().join(DATABASE)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Library::open(scratch.path()).unwrap_err();
    assert!(
        error.to_string().contains("written by a later version of this program (its tables are number 99"),
        "{error}"
    );
}

#[test]
fn what_fails_changes_nothing_and_tells_nobody() {
    let scratch = Scratch::new("library_fails");
    let library = Library::open(&scratch.path().join("library")).unwrap();
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    library.subscribe(move |changes| *count.lock().unwrap() += changes.len());
    let result: Result<(), _> = library.write(|work| {
        store::attributes::insert_attribute(&work.transaction, "calm")?;
        work.changes.push(Change::Sticker);
        Err(LibraryError::NoSuchSong("x".to_owned()))
    });
    assert!(result.is_err());
    assert_eq!(*told.lock().unwrap(), 0);
    assert_eq!(library.add_attributes(&["calm"]).unwrap(), ["calm"], "it was not added before");
    assert_eq!(*told.lock().unwrap(), 1);
}

/// Not a test by itself: what the killed processes do.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let (task, directory) = task.split_once(' ').unwrap();
    let directory = Path::new(directory);
    let library = Library::open(&directory.join("library")).unwrap();
    match task {
        "play" => {
            let id = library.catalogue().songs().next().unwrap().id;
            for number in 1.. {
                library.played(id, number).unwrap();
                say(format_args!("done {number}"));
            }
        }
        _ => {
            let mut observer = |progress: Progress<'_>| {
                if let Progress::File { path, .. } = progress {
                    say(format_args!("done {}", path.display()));
                }
                ControlFlow::Continue(())
            };
            library.import(&[directory.join("music")], &ImportOptions::new(1), &mut observer).unwrap();
        }
    }
}

/// Past the test runner, which keeps what is printed.
fn say(text: fmt::Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    output.write_fmt(format_args!("{text}\n")).and_then(|()| output.flush()).unwrap();
}

/// A process that says `done WHAT` for everything that it has done.
struct Victim {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Victim {
    fn start(task: &str, scratch: &Scratch) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "library::tests::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{task} {}", scratch.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits until it has said so often that something is done, kills it with SIGKILL, and returns all that it said.
    fn kill_after(mut self, count: usize) -> Vec<String> {
        let mut done = Vec::new();
        let what = |line: String| line.split_once("done ").map(|(_, what)| what.to_owned());
        while done.len() < count {
            let line = self.lines.next().expect("it ended by itself").unwrap();
            done.extend(what(line));
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // What it said before it died counts too; the last line may have been cut.
        let rest: Vec<_> = self.lines.map_while(Result::ok).collect();
        done.extend(rest.into_iter().filter_map(what));
        done
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_said_was_done() {
    let scratch = Scratch::new("library_killed");
    let music = music(&scratch, 1);
    import(&Library::open(&scratch.path().join("library")).unwrap(), &music);
    let mut random = Random::new();
    let mut before = 0;
    for _ in 0..5 {
        let done = Victim::start("play", &scratch).kill_after(1 + random.below(30) as usize);
        let said = done.len() as u64;
        let library = Library::open(&scratch.path().join("library")).unwrap();
        let statistics = library.catalogue().songs().next().unwrap().statistics.clone();
        let counted = statistics.play_count - before;
        assert!(counted == said || counted == said + 1, "{said} said, {counted} found");
        assert_eq!(library.history(usize::MAX >> 1).unwrap().len() as u64, statistics.play_count);
        assert_sound(&library);
        before = statistics.play_count;
    }
}

#[test]
fn a_killed_import_goes_on() {
    let scratch = Scratch::new("library_import_killed");
    let count = crate::limits::BATCH_FILES_MAX as u64 + 100;
    music(&scratch, count);
    let done = Victim::start("import", &scratch).kill_after(1);
    let library = Library::open(&scratch.path().join("library")).unwrap();
    for path in done.iter().map(Path::new).filter(|path| path.extension().is_some()) {
        assert!(library.catalogue().song_at(path).is_some(), "{} was told and is not there", path.display());
    }
    let before = library.catalogue().len() as u64;
    assert!(before >= done.len() as u64);
    assert_sound(&library);
    let options = ImportOptions::new(1);
    let summary = library.rescan(&options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((summary.added, summary.seen), (count - before, count));
    assert_sound(&library);
}

/// A file system of a few blocks, as long as this lives.
struct SmallFilesystem(PathBuf);

impl SmallFilesystem {
    fn mount(path: PathBuf) -> Self {
        use rustix::mount::{MountFlags, mount};
        fs::create_dir_all(&path).unwrap();
        mount("tmpfs", &path, "tmpfs", MountFlags::empty(), Some(c"size=1m")).unwrap();
        Self(path)
    }

    fn grow(&self) {
        rustix::mount::mount_remount(&self.0, rustix::mount::MountFlags::empty(), c"size=8m").unwrap();
    }
}

impl Drop for SmallFilesystem {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_is_told_and_the_library_goes_on() {
    if !rustix::process::geteuid().is_root() {
        // A small file system cannot be mounted by others.
        return;
    }
    let scratch = Scratch::new("library_full");
    let music = music(&scratch, 3);
    let small = SmallFilesystem::mount(scratch.path().join("small"));
    let library = Library::open(&small.0).unwrap();
    import(&library, &music);
    let song = Arc::clone(library.catalogue().songs().next().unwrap());

    let content = |number: u8| vec![number; 100_000];
    let mut stored = 0;
    let error = loop {
        match library.put_blob(BlobKind::Image, &format!("{stored:03}"), &content(stored)) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 100, "10 MB went into a file system of 1 MB");
    };
    assert!(matches!(error, LibraryError::DiskFull(_)), "{error:?}");
    // To the last block, so that no small change finds room either.
    let mut filler = File::create(small.0.join("filler")).unwrap();
    while filler.write_all(&[0; 512]).is_ok() {}
    let plays = || library.catalogue().song(song.id).unwrap().statistics.play_count;
    let mut played = 0;
    let error = loop {
        // There may still be room in what the file has already.
        match library.played(song.id, 1) {
            Ok(()) => played += 1,
            Err(error) => break error,
        }
        assert!(played < 1000, "so many transactions without room");
    };
    assert!(matches!(error, LibraryError::DiskFull(_)), "{error:?}");
    assert_eq!(plays(), played, "what is not durable is not shown");
    fs::write(music.join("new.mp3"), mp3(99, &[])).unwrap();
    let result = library.rescan(&ImportOptions::new(1), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(result, Err(LibraryError::DiskFull(_))), "{result:?}");

    for number in 0..stored {
        assert_eq!(library.blob(BlobKind::Image, &format!("{number:03}")).unwrap(), content(number));
    }
    small.grow();
    library.played(song.id, 1).unwrap();
    assert_eq!(plays(), played + 1);
    library.rescan(&ImportOptions::new(1), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(library.catalogue().len(), 4);
    assert_sound(&library);
    drop(library);
    let library = Library::open(&small.0).unwrap();
    assert_eq!(library.catalogue().song(song.id).unwrap().statistics.play_count, played + 1);
    assert_eq!(library.blobs(BlobKind::Image, &[]).unwrap().len(), usize::from(stored));
}
