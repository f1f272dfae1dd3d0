//! A context to test commands on: a library in a directory of its own, and a station that does what it is told without any sound.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};

use control::log::Logging;
use radio_library::Library;
use radio_library::import::ImportOptions;
use radio_stream::link::{Answer, Event, Flags, LibraryEnd, Playback, Request, Status, StreamEnd, ToLibrary, ToStream};
use tokio::sync::watch;

use crate::commands::{self, Origin, Streams};
use crate::context::{Context, ContextParts};
use crate::importer::Importer;
use crate::program::Program;
use crate::rights::Rights;
use crate::station::Station;
use crate::users::{User, Users};

/// Everything of a radio but the sound.
pub(crate) struct Bench {
    pub(crate) context: Arc<Context>,
    pub(crate) music: PathBuf,
    /// What the station was asked for, but for questions.
    asked: mpsc::Receiver<Request>,
    pub(crate) status: watch::Sender<Option<Arc<Status>>>,
    stream_end: Arc<Mutex<Option<StreamEnd>>>,
    _directory: tempfile::TempDir,
    users: watch::Sender<Arc<Users>>,
}

/// What a command did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: u8,
    pub(crate) output: String,
    pub(crate) error: String,
}

impl Bench {
    /// An empty library.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let music = directory.path().join("music");
        std::fs::create_dir(&music).unwrap();
        let library = Arc::new(Library::open(&directory.path().join("state")).unwrap());
        let (near, far) = UnixStream::pair().unwrap();
        let (record, asked) = mpsc::channel();
        let stream_end: Arc<Mutex<Option<StreamEnd>>> = Arc::default();
        let answering = Arc::clone(&stream_end);
        let end = StreamEnd::start(near, move |message| {
            if let Ok(ToStream::Request { id, request }) = message {
                let result = Ok(answer(&request));
                if !matches!(request, Request::Status | Request::List { .. }) {
                    let _ = record.send(request);
                }
                let end = answering.lock().unwrap();
                let _ = end.as_ref().map(|end| end.send(&ToLibrary::Answer { id, result }));
            }
        });
        *stream_end.lock().unwrap() = Some(end.unwrap());
        let program: Arc<std::sync::OnceLock<Arc<Program>>> = Arc::default();
        let hearing = Arc::clone(&program);
        let link = LibraryEnd::start(far, move |event| {
            if let Ok(event) = event {
                hearing.wait().happened(event);
            }
        });
        let link = link.unwrap();
        let (status, watched) = watch::channel(Some(Arc::new(stopped())));
        let (users_sender, users) = watch::channel(Arc::default());
        let started = Program::start(Arc::clone(&library), link.clone(), 1, None).unwrap();
        let _ = program.set(Arc::clone(&started));
        let context = Arc::new(Context::new(ContextParts {
            program: started,
            station: Station::new(link, watched),
            import: Importer::new(Arc::clone(&library)),
            logging: Logging::with_console("radio", Box::new(std::io::sink())),
            directories: vec![music.clone()],
            users,
            library,
        }));
        Self { context, music, asked, status, stream_end, _directory: directory, users: users_sender }
    }

    /// A library with three songs in it: `one.mp3`, `two.mp3` and `three.mp3`.
    pub(crate) fn with_songs() -> Self {
        let bench = Self::new();
        for (number, name) in ["one", "two", "three"].into_iter().enumerate() {
            bench.put_song(name, u8::try_from(number).unwrap());
        }
        let mut observer = |_: radio_library::import::Progress<'_>| std::ops::ControlFlow::Continue(());
        bench.context.import.run(std::slice::from_ref(&bench.music), &ImportOptions::new(1), &mut observer).unwrap();
        bench
    }

    /// Puts a file of some silent frames beside the others; it differs from those of other seeds.
    pub(crate) fn put_song(&self, name: &str, seed: u8) {
        let mut file = std::fs::File::create(self.music.join(format!("{name}.mp3"))).unwrap();
        // MPEG 1 layer III, 128 kbit/s, 44.1 kHz, without a checksum: 417 bytes a frame.
        let mut frame = vec![0_u8; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
        frame[40] = seed;
        for _ in 0..40 {
            file.write_all(&frame).unwrap();
        }
    }

    /// The path of a song.
    pub(crate) fn song(&self, name: &str) -> String {
        self.music.join(format!("{name}.mp3")).display().to_string()
    }

    /// Runs a command line with all rights and nothing to read.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_as(Rights::ALL, line, "")
    }

    /// Runs a command line with these rights and this input.
    pub(crate) fn run_as(&self, rights: Rights, line: &str, input: &str) -> Ran {
        let words = shell_words::split(line).unwrap();
        let origin =
            Origin { user: User { name: "anna".into(), rights }, front: "ssh", peer: "127.0.0.1:1".to_owned() };
        let (mut output, mut error) = (Vec::new(), Vec::new());
        let (_sender, interrupted) = watch::channel(false);
        let streams = Streams { input: &mut input.as_bytes(), output: &mut output, error: &mut error, interrupted };
        let status = commands::run(&self.context, &origin, &words, streams);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status, output: text(output), error: text(error) }
    }

    /// What the station was asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.try_iter().collect()
    }

    /// What the station is asked for next.
    pub(crate) fn next_request(&self) -> Request {
        self.asked.recv_timeout(std::time::Duration::from_secs(30)).unwrap()
    }

    /// These may log in from now on.
    pub(crate) fn set_users(&self, users: Users) {
        self.users.send_replace(Arc::new(users));
    }

    /// Tells the library side that something happened.
    pub(crate) fn happens(&self, event: Event) {
        let end = self.stream_end.lock().unwrap();
        end.as_ref().unwrap().send(&ToLibrary::Event { event }).unwrap();
    }
}

impl Ran {
    /// What it printed; it has to have succeeded.
    pub(crate) fn printed(self) -> String {
        assert_eq!((self.status, self.error.as_str()), (0, ""), "{}", self.output);
        self.output
    }
}

fn answer(request: &Request) -> Answer {
    match request {
        Request::Status => Answer::Status { status: Box::new(stopped()) },
        Request::List { .. } => Answer::Queue { entries: Vec::new(), version: 0, length: 0, more_from: None },
        Request::Ahead { .. } | Request::Add { .. } => Answer::Added { ids: Vec::new() },
        Request::Sender { arguments } => Answer::Text { text: format!("{}\n", arguments.join(" ")) },
        Request::Service { words } => Answer::Text { text: format!("{}\n", words.join(" ")) },
        _ => Answer::Done,
    }
}

/// A station that does nothing.
pub(crate) fn stopped() -> Status {
    Status {
        playback: Playback::Stopped,
        flags: Flags::default(),
        current: None,
        next: None,
        next_position: 0,
        random: false,
        queue_version: 0,
        queue_length: 0,
        senders: Vec::new(),
        songs_begun: 0,
        late_files: 0,
        started_wall_ms: 0,
    }
}
