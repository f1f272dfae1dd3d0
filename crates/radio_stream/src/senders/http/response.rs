//! What listeners are answered.

use std::fmt::Write as _;

use radio_media::Container;

use super::icy;
use super::request::{Mount, Request};

/// What a station says about itself in its answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The station's name.
    pub name: String,
    /// A line about it.
    pub description: String,
    /// What it plays.
    pub genre: String,
    /// Its page.
    pub url: String,
}

/// Why there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    Denied,
    NotFound,
    Method,
    Timeout,
    HeadTooLarge,
    Version,
    /// More listeners than are allowed.
    Full,
    /// The sender is switched off.
    Off,
    /// Nothing was played yet.
    NothingPlayed,
}

impl Refusal {
    /// The status line's words, and a line for people.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("400 Bad Request", "This is not a request of HTTP/1.0 or HTTP/1.1."),
            Self::Denied => ("403 Forbidden", "Your address may not listen to this station."),
            Self::NotFound => ("404 Not Found", "There is no such stream. There are:"),
            Self::Method => ("405 Method Not Allowed", "GET and HEAD are accepted."),
            Self::Timeout => ("408 Request Timeout", "The request did not come in time."),
            Self::HeadTooLarge => {
                ("431 Request Header Fields Too Large", "The request has too many headers, or too long ones.")
            }
            Self::Version => ("505 HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are accepted."),
            Self::Full => {
                ("503 Service Unavailable", "As many listeners as are allowed are here. Please try again later.")
            }
            Self::Off => {
                ("503 Service Unavailable", "The station does not send at the moment. Please try again later.")
            }
            Self::NothingPlayed => ("503 Service Unavailable", "Nothing is played yet. Please try again in a moment."),
        }
    }

    /// Seconds after which it may be otherwise.
    fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::Full | Self::Off => Some(30),
            Self::NothingPlayed => Some(5),
            _ => None,
        }
    }

    /// The whole answer.
    pub(super) fn answer(self) -> Vec<u8> {
        let (status, line) = self.words();
        let mut body = format!("{line}\n");
        if self == Self::NotFound {
            for (path, _) in Mount::all() {
                let _ = writeln!(body, "{path}");
            }
        }
        let mut head = format!(
            "HTTP/1.1 {status}\r\nServer: Tidegate\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\nAccess-Control-Allow-Origin: *\r\n",
            body.len()
        );
        if self == Self::Method {
            head.push_str("Allow: GET, HEAD, OPTIONS\r\n");
        }
        if let Some(seconds) = self.retry_after_s() {
            let _ = write!(head, "Retry-After: {seconds}\r\n");
        }
        head.push_str("\r\n");
        head.push_str(&body);
        head.into_bytes()
    }
}

/// The answer to a browser that asks whether it may ask.
pub(super) fn options() -> Vec<u8> {
    b"HTTP/1.1 204 No Content\r\nServer: Tidegate\r\nAllow: GET, HEAD, OPTIONS\r\nAccess-Control-Allow-Origin: *\r\n\
      Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\nAccess-Control-Allow-Headers: *\r\nConnection: close\r\n\r\n"
        .to_vec()
}

/// Whether titles go into the stream of this listener.
pub(super) fn has_titles(request: &Request, container: Container) -> bool {
    // An Ogg stream has its own.
    request.wants_titles && container != Container::Ogg
}

/// The head before the stream.
pub(super) fn head(request: &Request, container: Container, description: &Description) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.{} 200 OK\r\nServer: Tidegate\r\nContent-Type: {}\r\nCache-Control: no-cache, no-store\r\nPragma: no-cache\r\n\
         Expires: 0\r\nConnection: close\r\nAccept-Ranges: none\r\nAccess-Control-Allow-Origin: *\r\n\
         Access-Control-Expose-Headers: icy-metaint, icy-name, icy-description, icy-genre, icy-url\r\n",
        request.version,
        container.media_type()
    );
    let lines = [
        ("icy-name", &description.name),
        ("icy-description", &description.description),
        ("icy-genre", &description.genre),
        ("icy-url", &description.url),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(head, "{name}: ");
        head.extend(value.chars().map(|character| if character.is_control() { ' ' } else { character }));
        head.push_str("\r\n");
    }
    head.push_str("icy-pub: 0\r\n");
    if has_titles(request, container) {
        let _ = write!(head, "icy-metaint: {}\r\n", icy::INTERVAL_BYTES);
    }
    head.push_str("\r\n");
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Request = Request { mount: Mount::Default, is_head: false, wants_titles: true, version: 1 };

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_head_says_what_follows() {
        let description = Description { name: "Tide\r\nEvil: 1".into(), ..Description::default() };
        let mp3 = text(head(&REQUEST, Container::Mp3, &description));
        assert!(mp3.starts_with("HTTP/1.1 200 OK\r\n") && mp3.ends_with("\r\n\r\n"));
        for line in ["Content-Type: audio/mpeg", "icy-metaint: 16000", "icy-name: Tide  Evil: 1", "Connection: close"] {
            assert!(mp3.contains(&format!("\r\n{line}\r\n")), "{line} in {mp3}");
        }
        assert!(!mp3.contains("\r\nicy-genre"));
        let ogg = text(head(&Request { version: 0, ..REQUEST }, Container::Ogg, &description));
        assert!(ogg.starts_with("HTTP/1.0 200 OK\r\n") && !ogg.contains("\r\nicy-metaint"));
    }

    #[test]
    fn each_refusal_has_a_body_of_its_length() {
        use Refusal::*;
        for refusal in [Malformed, Denied, NotFound, Method, Timeout, HeadTooLarge, Version, Full, Off, NothingPlayed] {
            let answer = text(refusal.answer());
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
            assert_eq!(head.contains("Retry-After"), head.contains(" 503 "));
        }
        assert!(text(NotFound.answer()).ends_with("/\n/mp3\n/ogg\n/aac\n"));
    }
}
