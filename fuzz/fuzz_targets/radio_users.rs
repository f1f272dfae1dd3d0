//! A users file of any words: whoever is in it is found with the key and the rights of his line, or the file is refused with its line.
//! Words name no file that exists.
#![no_main]

use std::path::Path;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use radio_server::users::Users;

const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X",
];

#[derive(Arbitrary, Debug)]
enum Word<'a> {
    User,
    Key(bool),
    Rights(u8),
    Text(&'a str),
    LineEnd,
}

fuzz_target!(|words: Vec<Word<'_>>| {
    let mut text = String::new();
    for word in &words {
        match word {
            Word::User => text.push_str("user "),
            Word::Key(first) => text.push_str(KEYS[usize::from(*first)]),
            Word::Rights(rights) => {
                text.push_str(["AR", "AW", "VR", "VW", "all", "none", "AR,VR", "x"][usize::from(rights % 8)]);
            }
            Word::Text(words) => text.push_str(&words.replace(['/', '~'], "")),
            Word::LineEnd => text.push('\n'),
        }
        if !matches!(word, Word::LineEnd) {
            text.push(' ');
        }
    }
    match Users::parse(Path::new("/nowhere/users"), &text) {
        Ok(users) => {
            assert!(users.entries().len() <= text.lines().count() && users.key_files().is_empty());
            for entry in users.entries() {
                let found = users.find(&entry.name, &entry.key).expect("whoever is in it is found");
                assert!(users.knows(&entry.name) && found.rights == entry.rights);
            }
        }
        Err(error) => assert!(error.to_string().starts_with("/nowhere/users:"), "{error}"),
    }
});
