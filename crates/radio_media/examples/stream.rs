//! Writes the stream that listeners get to standard output: the songs in a row, or, with `--from N`, what somebody gets who joins
//! the first song at its chunk N.
//!
//! `cargo run -p radio_media --example stream -- [--from N] FILE…`

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use radio_media::{Framing, Inspector, Wanted};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut joined = 0;
    if arguments.next_if_eq("--from").is_some() {
        joined = arguments.next().ok_or("--from needs a number")?.parse()?;
    }
    let mut inspector = Inspector::new(Wanted::STREAM);
    let mut output = std::io::stdout().lock();
    let (mut raw, mut framed) = (Vec::new(), Vec::new());
    for (serial, path) in (1..).zip(arguments) {
        let file = File::open(&path)?;
        let song = Arc::new(inspector.inspect(&file)?);
        let mut framing = Framing::new(Arc::clone(&song), serial, 0);
        output.write_all(framing.header())?;
        for (index, chunk) in song.chunks.iter().enumerate() {
            chunk.read(&file, &mut raw)?;
            framed.clear();
            framing.frame(index, &raw, &mut framed);
            if index >= joined {
                output.write_all(&framed)?;
            }
        }
        joined = 0;
    }
    Ok(())
}
