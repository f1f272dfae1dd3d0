//! Stickers: what clients note about songs, such as ratings; and about other things by a kind and a name. Parity: MPD 0.23's for
//! songs, 0.24's kinds.

use std::collections::HashSet;

use radio_library::search::Filter;
use radio_library::song::SongId;
use radio_library::stickers::StickerSubject;

use super::super::refusal::Refusal;
use super::{Call, Entry, READ, WRITE, entry};

pub(super) const ENTRIES: &[Entry] =
    &[entry("sticker", READ, (3, 6), sticker), entry("stickernames", READ, (0, 0), names)];

fn sticker(call: &mut Call<'_>) -> Result<(), Refusal> {
    let changes = matches!(call.argument(0), "set" | "delete");
    if changes && !call.server.rights(call.client).include(WRITE) {
        return Err(Refusal::new(super::Code::Permission, "you don't have permission for \"sticker set\""));
    }
    match (call.argument(0), call.arguments.len()) {
        ("get", 4) => get(call),
        ("set", 5) => set(call),
        ("delete", 3 | 4) => delete(call),
        ("list", 3) => list(call),
        ("find", 4 | 6) => find(call),
        ("get" | "set" | "delete" | "list" | "find", _) => {
            Err(Refusal::argument("wrong number of arguments for \"sticker\""))
        }
        (other, _) => {
            Err(Refusal::argument(format_args!("bad request: {other}; expected get, set, delete, list or find")))
        }
    }
}

/// Of what the sticker is, from the kind and the name that a client gives.
fn subject<'a>(call: &'a Call<'_>) -> Result<StickerSubject<'a>, Refusal> {
    let (kind, name) = (call.argument(1), call.argument(2));
    if kind == "song" {
        Ok(StickerSubject::Song(call.named_song(name)?.id))
    } else {
        Ok(StickerSubject::Other { kind, name })
    }
}

fn get(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.argument(3).to_owned();
    let value = call.server.context.library.sticker(subject(call)?, &name)?;
    let value = value.ok_or_else(|| Refusal::no_exist("no such sticker"))?;
    call.reply.line("sticker", format_args!("{name}={value}"));
    Ok(())
}

fn set(call: &mut Call<'_>) -> Result<(), Refusal> {
    Ok(call.server.context.library.set_sticker(subject(call)?, call.argument(3), call.argument(4))?)
}

fn delete(call: &mut Call<'_>) -> Result<(), Refusal> {
    let name = call.arguments.get(3).map(String::as_str);
    match call.server.context.library.remove_sticker(subject(call)?, name)? {
        0 => Err(Refusal::no_exist("no such sticker")),
        _ => Ok(()),
    }
}

fn list(call: &mut Call<'_>) -> Result<(), Refusal> {
    for (name, value) in call.server.context.library.stickers(subject(call)?)? {
        call.reply.line("sticker", format_args!("{name}={value}"));
    }
    Ok(())
}

/// Everything of a kind that has the sticker, below a directory, perhaps with a value that compares so.
fn find(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (kind, name) = (call.argument(1).to_owned(), call.argument(3).to_owned());
    let wanted = Wanted::read(call)?;
    let library = &call.server.context.library;
    let found: Vec<(String, String)> = if kind == "song" {
        let base = call.places.path(call.argument(2))?;
        let below: HashSet<SongId> =
            library.catalogue().find(&Filter::Below(base)).into_iter().map(|song| song.id).collect();
        let songs = library.songs_with_sticker(&name)?.into_iter().filter(|(song, _)| below.contains(&song.id));
        songs.map(|(song, value)| (call.places.name(&song.path), value)).collect()
    } else {
        library.others_with_sticker(&kind, &name)?
    };
    let line = if kind == "song" { "file" } else { kind.as_str() };
    for (subject, value) in found.into_iter().filter(|(_, value)| wanted.holds(value)) {
        call.reply.line(line, subject);
        call.reply.line("sticker", format_args!("{name}={value}"));
    }
    Ok(())
}

/// How a value has to be.
enum Wanted {
    Any,
    Compared { operator: Operator, value: String },
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    Less,
    Greater,
    /// As numbers.
    NumberEqual,
    NumberLess,
    NumberGreater,
    Contains,
    StartsWith,
}

impl Wanted {
    fn read(call: &Call<'_>) -> Result<Self, Refusal> {
        if call.arguments.len() < 6 {
            return Ok(Self::Any);
        }
        let operator = match call.argument(4) {
            "=" => Operator::Equal,
            "<" => Operator::Less,
            ">" => Operator::Greater,
            "eq" => Operator::NumberEqual,
            "lt" => Operator::NumberLess,
            "gt" => Operator::NumberGreater,
            "contains" => Operator::Contains,
            "starts_with" => Operator::StartsWith,
            other => {
                let expected = "=, <, >, eq, lt, gt, contains or starts_with";
                return Err(Refusal::argument(format_args!("bad operator: {other}; expected {expected}")));
            }
        };
        Ok(Self::Compared { operator, value: call.argument(5).to_owned() })
    }

    fn holds(&self, found: &str) -> bool {
        let Self::Compared { operator, value } = self else { return true };
        let numbers = || Some((found.parse::<i64>().ok()?, value.parse::<i64>().ok()?));
        match operator {
            Operator::Equal => found == value,
            Operator::Less => found < value.as_str(),
            Operator::Greater => found > value.as_str(),
            Operator::NumberEqual => numbers().is_some_and(|(found, value)| found == value),
            Operator::NumberLess => numbers().is_some_and(|(found, value)| found < value),
            Operator::NumberGreater => numbers().is_some_and(|(found, value)| found > value),
            Operator::Contains => found.contains(value.as_str()),
            Operator::StartsWith => found.starts_with(value.as_str()),
        }
    }
}

fn names(call: &mut Call<'_>) -> Result<(), Refusal> {
    for name in call.server.context.library.sticker_names()? {
        call.reply.line("name", name);
    }
    Ok(())
}
