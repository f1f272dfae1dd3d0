//! The listening sockets of one front, taken from in turn: a flood at one address does not keep those out who come to another.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;

use tokio::net::{TcpListener, TcpStream};

/// Some listening sockets.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    /// The one that is asked first.
    next: usize,
}

impl From<Vec<TcpListener>> for Listeners {
    fn from(sockets: Vec<TcpListener>) -> Self {
        Self { sockets, next: 0 }
    }
}

impl Listeners {
    /// Waits for the next connection, wherever it comes. Of no sockets none ever does.
    ///
    /// # Errors
    /// What the kernel says, such as that there are no descriptors left.
    pub async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|context| {
            let count = self.sockets.len();
            for index in (self.next..count).chain(0..self.next.min(count)) {
                if let Poll::Ready(accepted) = self.sockets[index].poll_accept(context) {
                    self.next = index + 1;
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_socket_has_its_turn() {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [first.local_addr().unwrap(), second.local_addr().unwrap()];
        let mut listeners = Listeners::from(vec![first, second]);
        let mut clients = Vec::new();
        for address in [addresses[0], addresses[0], addresses[0], addresses[1]] {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let mut came_to = Vec::new();
        for _ in 0..4 {
            came_to.push(listeners.accept().await.unwrap().0.local_addr().unwrap());
        }
        assert_eq!(came_to, [addresses[0], addresses[1], addresses[0], addresses[0]]);
    }
}
