//! The client's own session, and the service.

use radio_library::search::Tag;
use radio_stream::link::Request;

use super::super::refusal::{Code, Refusal};
use super::super::reply::TagMask;
use super::{ANY, Call, Entry, entry};
use crate::rights::Rights;

pub(super) const ENTRIES: &[Entry] = &[
    entry("ping", Rights::NONE, (0, 0), |_| Ok(())),
    entry("password", Rights::NONE, (1, 1), password),
    entry("tagtypes", Rights::NONE, (0, ANY), tag_types),
    entry("protocol", Rights::NONE, (0, ANY), protocol),
    entry("kill", Rights::ALL, (0, 0), |call| call.ask(Request::Service { words: vec!["end".to_owned()] }).map(drop)),
];

fn password(call: &mut Call<'_>) -> Result<(), Refusal> {
    let given = call.argument(0).to_owned();
    if call.server.access.borrow().of_password(&given).is_none() {
        tracing::warn!(peer = %call.client.peer, "mpd: incorrect password");
        return Err(Refusal::new(Code::Password, "incorrect password"));
    }
    call.client.password = Some(given);
    Ok(())
}

/// Without arguments: the tags that the client is told of. `all`, `clear`, `reset`, `enable TAG…`, `disable TAG…`, `available`.
fn tag_types(call: &mut Call<'_>) -> Result<(), Refusal> {
    let named = |names: &[String]| -> Result<Vec<Tag>, Refusal> {
        if names.is_empty() {
            return Err(Refusal::argument("Not enough arguments"));
        }
        let tag = |name: &String| Tag::named(name).ok_or_else(|| Refusal::argument("Unknown tag type"));
        names.iter().map(tag).collect()
    };
    if let ["all" | "clear" | "available", _, ..] = call.arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return Err(Refusal::argument("Too many arguments"));
    }
    match call.arguments {
        [] => {
            let wanted: Vec<Tag> = call.client.wanted_tags().collect();
            wanted.into_iter().for_each(|tag| call.reply.line("tagtype", tag));
        }
        [verb, names @ ..] => match verb.as_str() {
            "all" => call.client.tags = TagMask::default(),
            "clear" => call.client.tags.clear(),
            "available" => TagMask::offered().for_each(|tag| call.reply.line("tagtype", tag)),
            "enable" => named(names)?.into_iter().for_each(|tag| call.client.tags.set(tag, true)),
            "disable" => named(names)?.into_iter().for_each(|tag| call.client.tags.set(tag, false)),
            "reset" => {
                let tags = named(names)?;
                call.client.tags.clear();
                tags.into_iter().for_each(|tag| call.client.tags.set(tag, true));
            }
            _ => return Err(Refusal::argument("Unknown sub command; expected all, clear, enable, disable or reset")),
        },
    }
    Ok(())
}

/// Features that a client may switch: none.
fn protocol(call: &mut Call<'_>) -> Result<(), Refusal> {
    match call.argument(0) {
        "" | "clear" | "all" | "available" => Ok(()),
        _ => Err(Refusal::argument("Unknown protocol feature")),
    }
}
