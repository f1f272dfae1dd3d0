//! What a listener asks for: the head of an HTTP/1.0 or 1.1 request.
//!
//! Of the headers only `Icy-MetaData` matters. A `Range` is not looked at: the stream has no beginning, and the answer says
//! `Accept-Ranges: none`. Bodies are not read; a request that has one is answered all the same and the connection is closed.

use radio_media::Container;

use super::response::Refusal;
use crate::limits::{REQUEST_BYTES_MAX, REQUEST_HEADERS_MAX};

/// A request that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) mount: Mount,
    /// The answer has no body.
    pub(super) is_head: bool,
    /// Titles within the stream are wanted.
    pub(super) wants_titles: bool,
    /// The minor version: 0 or 1.
    pub(super) version: u8,
}

/// What can be listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mount {
    /// `/`: what is played, in its own format. Ends where another container begins.
    Default,
    /// `/mp3`, `/ogg`, `/aac`: what is played in this container. Silent while another one is played.
    Of(Container),
}

/// A head that is complete, or the need for more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Request(Request),
    /// A browser asks whether it may ask.
    Options,
    Incomplete,
}

impl Mount {
    /// Every mount with its path.
    pub(super) fn all() -> impl Iterator<Item = (String, Self)> {
        let families =
            Container::ALL.into_iter().map(|container| (format!("/{}", container.name()), Self::Of(container)));
        std::iter::once(("/".to_owned(), Self::Default)).chain(families)
    }
}

/// Reads a head. Nothing beyond the limit is looked at, so that it does not matter in which pieces it arrives.
///
/// # Errors
/// The answer to it.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; REQUEST_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let bytes = &bytes[..bytes.len().min(REQUEST_BYTES_MAX)];
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if bytes.len() == REQUEST_BYTES_MAX => return Err(Refusal::HeadTooLarge),
        Ok(httparse::Status::Partial) => return Ok(Parsed::Incomplete),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(httparse::Error::Version) => return Err(Refusal::Version),
        Err(_) => return Err(Refusal::Malformed),
    }
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    if method == "OPTIONS" {
        return Ok(Parsed::Options);
    }
    if !matches!(method, "GET" | "HEAD") {
        return Err(Refusal::Method);
    }
    let path = path_of(target);
    let Some((_, mount)) = Mount::all().find(|(mount, _)| mount == path) else {
        return Err(Refusal::NotFound);
    };
    let wants_titles = request
        .headers
        .iter()
        .any(|header| header.name.eq_ignore_ascii_case("icy-metadata") && header.value.trim_ascii() == b"1");
    let version = request.version.unwrap_or_default();
    Ok(Parsed::Request(Request { mount, is_head: method == "HEAD", wants_titles, version }))
}

/// The path of a target, which may be a whole URL, without its query.
fn path_of(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => path,
    };
    // One slash at the end is forgiven.
    if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path }
}

/// Reads a head, and `padding` bytes of one more header, at once and in pieces of this size; for the fuzz target.
#[doc(hidden)]
pub fn fuzz(head: &[u8], padding: usize, piece: usize) {
    let head = [head, b"\r\nA: ", &vec![b'a'; padding]].concat();
    let first = |pieces: &mut dyn Iterator<Item = usize>| {
        pieces.map(|end| parse(&head[..end.min(head.len())])).find(|parsed| *parsed != Ok(Parsed::Incomplete))
    };
    let at_once = first(&mut std::iter::once(head.len()));
    assert_eq!(first(&mut (1..=head.len().div_ceil(piece.max(1))).map(|count| count * piece.max(1))), at_once);
    assert!(at_once.is_some() || head.len() < REQUEST_BYTES_MAX, "there is an answer before the limit");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    const GET: Request = Request { mount: Mount::Default, is_head: false, wants_titles: false, version: 1 };

    fn request(text: &str) -> Result<Parsed, Refusal> {
        parse(text.as_bytes())
    }

    #[test]
    fn what_players_send_is_understood() {
        let of = |container| Mount::Of(container);
        for (text, expected) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", GET),
            ("GET / HTTP/1.0\r\n\r\n", Request { version: 0, ..GET }),
            ("HEAD /mp3?x=1 HTTP/1.1\r\n\r\n", Request { mount: of(Container::Mp3), is_head: true, ..GET }),
            (
                "GET /ogg/ HTTP/1.1\r\nicy-metadata: 1 \r\n\r\n",
                Request { mount: of(Container::Ogg), wants_titles: true, ..GET },
            ),
            (
                "GET http://radio:8000/aac HTTP/1.1\r\nIcy-MetaData: 0\r\n\r\n",
                Request { mount: of(Container::Aac), ..GET },
            ),
            ("GET http://radio:8000 HTTP/1.1\r\nRange: bytes=0-\r\n\r\n", GET),
            ("GET /?a HTTP/1.1\n\n", GET),
        ] {
            assert_eq!(request(text), Ok(Parsed::Request(expected)), "{text}");
        }
        assert_eq!(request("OPTIONS * HTTP/1.1\r\n\r\n"), Ok(Parsed::Options));
    }

    #[test]
    fn what_cannot_be_answered_is_refused_by_its_kind() {
        for (text, expected) in [
            ("POST / HTTP/1.1\r\n\r\n", Refusal::Method),
            ("SOURCE /mp3 HTTP/1.0\r\n\r\n", Refusal::Method),
            ("GET /nothing HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("GET /../etc/passwd HTTP/1.1\r\n\r\n", Refusal::NotFound),
            ("GET / HTTP/2.0\r\n\r\n", Refusal::Version),
            ("GET /\r\n\r\n", Refusal::Malformed),
            ("\u{16}\u{3}\u{1}\u{2}", Refusal::Malformed),
            ("GET / HTTP/1.1\r\nbad header\r\n\r\n", Refusal::Malformed),
        ] {
            assert_eq!(request(text), Err(expected), "{text}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(REQUEST_HEADERS_MAX + 1));
        assert_eq!(request(&many), Err(Refusal::HeadTooLarge));
        let long = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(REQUEST_BYTES_MAX));
        assert_eq!(request(&long), Err(Refusal::HeadTooLarge));
    }

    #[test]
    fn a_head_beyond_the_limit_is_refused_in_whatever_pieces_it_arrives() {
        let end = "\r\n\r\n";
        for (length, expected) in
            [(REQUEST_BYTES_MAX, Ok(Parsed::Request(GET))), (REQUEST_BYTES_MAX + 1, Err(Refusal::HeadTooLarge))]
        {
            let begin = "GET / HTTP/1.1\r\na: ";
            let head = format!("{begin}{}{end}", "b".repeat(length - begin.len() - end.len()));
            assert_eq!(request(&head), expected, "{length} bytes at once");
            for piece in [1, 1000, REQUEST_BYTES_MAX - 1, REQUEST_BYTES_MAX] {
                let mut arrived = (1..).map(|count| request(&head[..(count * piece).min(length)]));
                let answer = arrived.find(|parsed| *parsed != Ok(Parsed::Incomplete));
                assert_eq!(answer.as_ref(), Some(&expected), "by {piece}");
            }
        }
        let late = format!("GET / HTTP/1.1\r\na: {}\0", "b".repeat(REQUEST_BYTES_MAX));
        assert_eq!(request(&late), Err(Refusal::HeadTooLarge), "what is wrong behind the limit is not looked at");
    }

    #[test]
    fn every_part_of_a_head_is_incomplete() {
        let text = "GET /mp3 HTTP/1.1\r\nHost: x\r\nIcy-MetaData: 1\r\n\r\n";
        for length in 0..text.len() {
            assert_eq!(request(&text[..length]), Ok(Parsed::Incomplete), "{length}");
        }
    }

    #[test]
    fn noise_is_never_a_stream() {
        let mut random = Random::seeded();
        for _ in 0..20_000 {
            let noise = random.bytes(200);
            assert!(!matches!(parse(&noise), Ok(Parsed::Request(_))));
        }
    }
}
