//! The page of the manual about moods is what the tables say. `UPDATE_REFERENCE=1` writes it.

use std::path::Path;
use std::{fs, io};

use radio_library::mood;

#[test]
fn reference_of_moods_is_current() -> io::Result<()> {
    let page = mood::reference_page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/radio-moods.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &page)?;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/radio-moods.md is not what the tables say; \
         UPDATE_REFERENCE=1 cargo test -p radio_library --test reference writes it"
    );
    Ok(())
}
