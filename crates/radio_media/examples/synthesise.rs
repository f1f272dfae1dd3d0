//! Writes the pieces of `radio_media::synthesis` to a folder: `cargo run --release -p radio_media --example synthesise -- DIR`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for piece in radio_media::synthesis::PIECES {
        std::fs::write(folder.join(piece.file_stem).with_extension("flac"), piece.flac())?;
    }
    Ok(())
}
