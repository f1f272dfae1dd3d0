//! The pages of the manual are what the tables say. `UPDATE_REFERENCE=1` writes them.

use std::path::Path;
use std::{fs, io};

use bench::{command_line, options};

fn check(name: &str, page: &str) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::create_dir_all(&folder)?;
        fs::write(&path, page)?;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/reference/{name} is not what the table says; UPDATE_REFERENCE=1 cargo test -p bench reference writes it"
    );
    Ok(())
}

#[test]
fn reference_of_options_of_jobs_is_current() -> io::Result<()> {
    check("bench-options.md", &options::reference_page())
}

#[test]
fn reference_of_options_of_the_program_is_current() -> io::Result<()> {
    check("bench-command-line.md", &command_line::reference_page())
}
