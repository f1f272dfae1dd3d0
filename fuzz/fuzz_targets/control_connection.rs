//! Any bytes, cut anywhere, on the control socket: the pieces make no difference, every request is answered once and in
//! order, and what is kept in memory is bounded.
#![no_main]

use control::Answer;
use control::wire::{Connection, ProtocolError, Request};
use libfuzzer_sys::fuzz_target;

/// The requests in a stream that arrives in pieces of `piece` bytes, and how it ended.
fn requests(bytes: &[u8], piece: usize) -> (Vec<Request>, Option<ProtocolError>) {
    let mut connection = Connection::new();
    let mut requests = Vec::new();
    let mut pieces = bytes.chunks(piece);
    loop {
        match connection.next_request() {
            Ok(Some(request)) => {
                connection.answer(&Ok(Answer::Text(request.method.clone())));
                connection.sent(connection.output().len());
                requests.push(request);
            }
            Ok(None) => match pieces.next() {
                Some(piece) => connection.receive(piece),
                None => return (requests, None),
            },
            Err(error) => return (requests, Some(error)),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = requests(bytes, bytes.len().max(1));
    assert_eq!(requests(bytes, usize::from(piece).max(1)), whole);
    assert_eq!(requests(bytes, 1), whole);
});
