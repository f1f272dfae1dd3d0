//! A library that follows a directory.

use std::fs;

use super::*;
use crate::testing::{Scratch, mp3};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    watcher: Watcher,
    told: Receiver<Watched>,
    library: Arc<Library>,
    scratch: Scratch,
}

impl Bench {
    /// A library that remembers the directory, whether it is there or not, and watches it.
    fn new(name: &str, options: WatchOptions, there: bool) -> Self {
        let scratch = Scratch::new(name);
        let library = Arc::new(Library::open(&scratch.path().join("library")).unwrap());
        let music = scratch.path().join("music");
        fs::create_dir(&music).unwrap();
        library
            .import(std::slice::from_ref(&music), &ImportOptions::new(1), &mut |_| ControlFlow::Continue(()))
            .unwrap();
        if !there {
            fs::remove_dir(&music).unwrap();
        }
        let (sender, told) = channel();
        let watcher = Watcher::start(Arc::clone(&library), options, move |watched| drop(sender.send(watched)));
        Self { watcher: watcher.unwrap(), told, library, scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join("music").join(name)
    }

    fn next(&self) -> Watched {
        self.told.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits until the songs are these.
    fn wait_for(&self, names: &[&str]) {
        loop {
            let catalogue = self.library.catalogue();
            let found: Vec<_> = catalogue.songs().map(|song| song.path.clone()).collect();
            drop(catalogue);
            if found == names.iter().map(|name| self.path(name)).collect::<Vec<_>>() {
                return;
            }
            self.next();
        }
    }
}

fn quick() -> WatchOptions {
    WatchOptions { quiet: Duration::from_millis(20), rescan: Duration::from_hours(1) }
}

#[test]
fn files_that_come_change_move_and_go_are_followed() {
    let bench = Bench::new("follow", quick(), true);
    assert!(matches!(bench.next(), Watched::Listening(_)));
    fs::write(bench.path("a.mp3"), mp3(1, &[])).unwrap();
    bench.wait_for(&["a.mp3"]);
    let id = bench.library.catalogue().song_at(&bench.path("a.mp3")).unwrap().id;

    fs::create_dir(bench.path("new")).unwrap();
    fs::write(bench.path("new/b.mp3"), mp3(2, &[])).unwrap();
    bench.wait_for(&["a.mp3", "new/b.mp3"]);
    // A directory that was made while it was watched is watched too.
    fs::write(bench.path("new/c.mp3"), mp3(3, &[])).unwrap();
    bench.wait_for(&["a.mp3", "new/b.mp3", "new/c.mp3"]);

    fs::rename(bench.path("a.mp3"), bench.path("z.mp3")).unwrap();
    bench.wait_for(&["new/b.mp3", "new/c.mp3", "z.mp3"]);
    assert_eq!(bench.library.catalogue().song_at(&bench.path("z.mp3")).unwrap().id, id);

    fs::rename(bench.path("new"), bench.path("old")).unwrap();
    bench.wait_for(&["old/b.mp3", "old/c.mp3", "z.mp3"]);
    fs::remove_dir_all(bench.path("old")).unwrap();
    bench.wait_for(&["z.mp3"]);

    fs::write(bench.path("z.mp3"), mp3(1, &[("TIT2", "Title")])).unwrap();
    while bench.library.catalogue().song_at(&bench.path("z.mp3")).unwrap().tags.title.is_empty() {
        bench.next();
    }
}

#[test]
fn a_directory_that_is_remembered_later_is_watched() {
    let bench = Bench::new("remembered_later", quick(), true);
    let other = bench.scratch.path().join("other");
    fs::create_dir(&other).unwrap();
    bench
        .library
        .import(std::slice::from_ref(&other), &ImportOptions::new(1), &mut |_| ControlFlow::Continue(()))
        .unwrap();
    loop {
        match bench.next() {
            Watched::Listening(roots) if roots.contains(&other) => break,
            _ => {}
        }
    }
    fs::write(other.join("a.mp3"), mp3(1, &[])).unwrap();
    while bench.library.catalogue().is_empty() {
        bench.next();
    }
}

#[test]
fn what_cannot_be_heard_is_looked_through_now_and_then() {
    let options = WatchOptions { rescan: Duration::from_millis(50), ..quick() };
    let bench = Bench::new("deaf", options, false);
    match bench.next() {
        Watched::Rescanning { reason, .. } => assert!(reason.ends_with("music is not there"), "{reason}"),
        other => panic!("{other:?}"),
    }
    fs::create_dir(bench.path("")).unwrap();
    fs::write(bench.path("a.mp3"), mp3(1, &[])).unwrap();
    // From then on it is heard.
    let mut listening = false;
    while !listening {
        listening = matches!(bench.next(), Watched::Listening(_));
    }
    bench.wait_for(&["a.mp3"]);
    drop(bench.watcher);
}

#[test]
fn limits_of_the_kernel_are_named() {
    let error = notify::Error::new(ErrorKind::MaxFilesWatch);
    assert!(reason(&error).contains("fs.inotify.max_user_watches"));
    let error = notify::Error::io(io::Error::from(rustix::io::Errno::MFILE));
    assert!(reason(&error).contains("fs.inotify.max_user_instances"));
}

#[test]
fn only_the_outermost_paths_are_looked_at() {
    let paths: BTreeSet<PathBuf> = ["/m/a", "/m/a/b", "/m/a/b/c", "/m/ab", "/m"].map(PathBuf::from).into();
    assert_eq!(outermost(paths.iter()), [PathBuf::from("/m")]);
    let paths: BTreeSet<PathBuf> = ["/m/a", "/m/a/b", "/m/a b", "/m/ab"].map(PathBuf::from).into();
    assert_eq!(outermost(paths.iter()), ["/m/a", "/m/a b", "/m/ab"].map(PathBuf::from));
}

/// Set where the kernel has room for two watches only.
const FEW_WATCHES: &str = "LIBRARY_TEST_FEW_WATCHES";

/// Not a test by itself: what runs where there are few watches.
#[test]
fn with_few_watches() {
    if std::env::var_os(FEW_WATCHES).is_none() {
        return;
    }
    let options = WatchOptions { rescan: Duration::from_millis(50), ..quick() };
    let bench = Bench::new("few_watches", options, true);
    let limit = |watched: &Watched| matches!(watched, Watched::Rescanning { reason, .. } if reason.contains("max_user_watches"));
    // Directories that come later find no watch.
    for name in ["1", "2", "3", "4"] {
        fs::create_dir(bench.path(name)).unwrap();
    }
    while !limit(&bench.next()) {}
    fs::write(bench.path("4/a.mp3"), mp3(1, &[])).unwrap();
    bench.wait_for(&["4/a.mp3"]);
    fs::remove_file(bench.path("4/a.mp3")).unwrap();
    bench.wait_for(&[]);

    // Nor do they when there are too many from the beginning.
    let Bench { watcher, library, told, .. } = bench;
    drop((watcher, told));
    let (sender, told) = channel();
    // Nobody listens once the test is over.
    let tell = move |watched| drop(sender.send(watched));
    let _watcher = Watcher::start(library, options, tell).unwrap();
    while !limit(&told.recv_timeout(PATIENCE).unwrap()) {}
}

#[test]
fn where_there_are_too_few_watches_it_says_so_and_looks_now_and_then() {
    let unshare = |command: &str| {
        let program = std::env::current_exe().unwrap();
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "sh", "-c", command]).arg(program).env(FEW_WATCHES, "1");
        unshare.output()
    };
    let few = "echo 2 > /proc/sys/user/max_inotify_watches";
    if !unshare(few).is_ok_and(|output| output.status.success()) {
        // The kernel gives no namespace in which there could be a limit of its own.
        return;
    }
    let output = unshare(&format!("{few} && exec \"$0\" --exact watch::tests::with_few_watches --nocapture")).unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
