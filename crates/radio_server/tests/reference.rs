//! The page of the manual about the MPD front is what the table says. `UPDATE_REFERENCE=1` writes it.

use std::path::Path;
use std::{fs, io};

use radio_server::mpd;

#[test]
fn reference_of_the_mpd_front_is_current() -> io::Result<()> {
    let page = mpd::reference_page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/radio-mpd.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &page)?;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/radio-mpd.md is not what the table says; \
         UPDATE_REFERENCE=1 cargo test -p radio_server --test reference writes it"
    );
    Ok(())
}
