//! Streams every song of a directory, again and again: the stream side without a library.
//!
//! `cargo run -p radio_stream --example stream_directory -- DIRECTORY [HTTP_ADDRESS]`; commands of the station are lines on standard
//! input: `play`, `pause`, `stop`, `next`, `jump PERCENT`, `ff SECONDS`, `nomore`, `sender …`, `status`, `show`, `quit`. The end of the
//! input is no end.

#![expect(clippy::print_stdout, reason = "a program for people and tests")]

use std::io::BufRead;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;

use control::State;
use radio_stream::link::{Answer, Event, LibraryEnd, Request, Song};
use radio_stream::senders::{SenderSettings, http, udp};
use radio_stream::station::StationSettings;
use radio_stream::stream_side::{StreamSettings, StreamSide};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let address: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    raise_descriptor_limit()?;
    let mut songs: Vec<PathBuf> = std::fs::read_dir(std::fs::canonicalize(directory)?)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    songs.sort();
    let socket = http::bind(address)?;
    println!("http://{}/", socket.local_addr()?);
    let station = StationSettings { autoplay_ns: Some(0), ..StationSettings::default() };
    let senders =
        SenderSettings { http: Some(http::HttpSettings::new(vec![socket])), udp: Some(udp::UdpSettings::default()) };
    let stream_side = StreamSide::start(StreamSettings { station, senders, ..StreamSettings::default() })?;
    let (near, far) = UnixStream::pair()?;
    stream_side.attach(near);
    choose(far, songs)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.first().is_some_and(|word| word == "quit") {
            stream_side.stop();
            return Ok(());
        }
        if words.first().is_some_and(|word| word == "show") {
            println!("{}", State::of(&*stream_side.state(), "")?);
            continue;
        }
        match request(&words).map(|request| stream_side.ask(request)) {
            None => println!("what is \"{line}\"?"),
            Some(Ok(Answer::Text { text })) => print!("{text}"),
            Some(Ok(answer)) => println!("{answer:?}"),
            Some(Err(refusal)) => println!("{refusal}"),
        }
    }
    // Nobody asks any more; it plays on until it is killed.
    loop {
        std::thread::park();
    }
}

fn request(words: &[String]) -> Option<Request> {
    let (first, rest) = words.split_first()?;
    let argument = rest.first().map(String::as_str);
    Some(match first.as_str() {
        "play" => Request::Play,
        "pause" => Request::Pause,
        "stop" => Request::Stop,
        "next" => Request::Next,
        "nomore" => Request::NoMore,
        "jump" => Request::Jump { percent: argument?.parse().ok()? },
        "ff" => Request::FastForward { delta_ms: argument?.parse::<i64>().ok()? * 1000 },
        "sender" => Request::Sender { arguments: rest.to_vec() },
        "status" => Request::Status,
        _ => return None,
    })
}

/// Gives the station what it wants, song after song.
fn choose(socket: UnixStream, songs: Vec<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    let (sender, wanted) = mpsc::channel();
    let library = LibraryEnd::start(socket, move |event| match event {
        Ok(Event::SongsWanted { count }) => drop(sender.send(count)),
        Ok(Event::Began { song, .. }) => println!("began {}", song.path.display()),
        Ok(Event::Ended { song, reason, .. }) => println!("ended {} {reason:?}", song.path.display()),
        Ok(Event::Failed { message, .. }) => println!("failed {message}"),
        _ => {}
    })?;
    library.request(Request::Subscribe, |_| {});
    std::thread::spawn(move || {
        let mut turn = (0_i64..).zip(songs.iter().cycle());
        for count in wanted {
            let songs: Vec<Song> = turn
                .by_ref()
                .take(usize::try_from(count).unwrap_or_default())
                .map(|(id, path)| {
                    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    Song { id, path: path.clone(), title, duration_ms: 0 }
                })
                .collect();
            library.request(Request::Ahead { songs, replace: false }, |answer| {
                if let Err(refusal) = answer {
                    println!("refused {refusal}");
                }
            });
        }
    });
    Ok(())
}

/// A listener is a descriptor.
fn raise_descriptor_limit() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}
