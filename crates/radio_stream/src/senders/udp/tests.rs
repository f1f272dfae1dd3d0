//! The sender over real sockets.

use std::net::UdpSocket;

use radio_media::Container;

use super::*;
use crate::piece::{SentChunk, StreamInfo};
use crate::receiver::{Delivery, Receiver};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn sender(targets: Vec<Target>) -> Box<dyn Sender> {
    let udp = UdpSettings { targets, ..UdpSettings::default() };
    start(&mut SenderSettings { udp: Some(udp), ..SenderSettings::default() }).unwrap().unwrap()
}

fn begin(sender: &mut dyn Sender, id: u32) {
    let title = format!("song {id}");
    let info = Arc::new(StreamInfo { id, format: "x", container: Container::Ogg, title, header: b"HEAD".to_vec() });
    sender.piece(&Piece::Announce(Arc::clone(&info)));
    sender.piece(&Piece::Begin(info));
}

fn chunk(sender: &mut dyn Sender, stream: u32, bytes: Vec<u8>) {
    sender.piece(&Piece::Chunk(Arc::new(SentChunk { stream, bytes, start_ns: 0, duration_ns: 20_000_000 })));
}

/// Receives until the end of a stream.
fn receive(socket: &UdpSocket) -> Vec<Delivery> {
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut receiver = Receiver::new();
    let mut deliveries = Vec::new();
    let mut buffer = [0; 2000];
    loop {
        let count = socket.recv(&mut buffer).unwrap();
        receiver.receive(&buffer[..count]).unwrap();
        while let Some(delivery) = receiver.next_delivery() {
            let ended = delivery == Delivery::End;
            deliveries.push(delivery);
            if ended {
                return deliveries;
            }
        }
    }
}

fn heard(deliveries: &[Delivery]) -> Vec<u8> {
    let data =
        deliveries.iter().map(|delivery| if let Delivery::Data(bytes) = delivery { bytes.as_slice() } else { &[] });
    data.flatten().copied().collect()
}

#[test]
fn targets_of_different_slicings_hear_the_same() {
    let sockets: Vec<UdpSocket> = (0..3).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let slicings = ["1400:16:20", "500:3:5", "1400:16:20"];
    let targets = sockets.iter().zip(slicings).map(|(socket, slicing)| {
        let text = format!("{}/{slicing}", socket.local_addr().unwrap());
        WrittenTarget::parse(&text, PORT_DEFAULT).unwrap().numeric().unwrap()
    });
    let mut sender = sender(targets.collect());
    begin(&mut *sender, 1);
    let mut sent = Vec::new();
    for number in 0..30 {
        sent.extend([number; 700]);
        chunk(&mut *sender, 1, vec![number; 700]);
    }
    sender.piece(&Piece::End { stream: 1, bytes: Arc::default() });
    for socket in &sockets {
        let deliveries = receive(socket);
        assert!(
            matches!(&deliveries[0], Delivery::Begin(header) if header.title == "song 1" && header.bytes == b"HEAD")
        );
        assert!(heard(&deliveries) == sent);
    }
    sender.stop();
}

#[test]
fn a_song_that_does_not_fit_one_target_is_heard_by_the_others() {
    let sockets: Vec<UdpSocket> = (0..2).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let mut sender = sender(Vec::new());
    for (socket, slicing) in sockets.iter().zip(["1400:16:20", "500:3:5"]) {
        let target = format!("add {}/{slicing}", socket.local_addr().unwrap());
        sender.command(&words(&target)).unwrap().unwrap();
    }
    begin(&mut *sender, 1);
    chunk(&mut *sender, 1, vec![1; 2000]);
    sender.piece(&Piece::End { stream: 1, bytes: Arc::default() });
    assert!(heard(&receive(&sockets[0])) == [1; 2000]);
    begin(&mut *sender, 2);
    chunk(&mut *sender, 2, vec![2; 1000]);
    sender.piece(&Piece::End { stream: 2, bytes: Arc::default() });
    let deliveries = receive(&sockets[1]);
    assert!(heard(&deliveries) == [2; 1000], "{deliveries:?}");
    sender.stop();
}

#[test]
fn targets_come_and_go_while_it_runs() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut sender = sender(Vec::new());
    begin(&mut *sender, 1);
    chunk(&mut *sender, 1, vec![1; 100]);
    sender.command(&words(&format!("add {address}"))).unwrap().unwrap();
    chunk(&mut *sender, 1, vec![2; 100]);
    sender.piece(&Piece::End { stream: 1, bytes: Arc::default() });
    // Whether it hears the first chunk depends on whether the thread was there for it already.
    assert!(heard(&receive(&socket)).ends_with(&[2; 100]), "joined in the middle");
    assert!(sender.report().contains(&address.to_string()));
    sender.command(&words(&format!("delete {address}"))).unwrap().unwrap();
    assert_eq!(sender.status().listeners, 0, "{}", sender.report());
    let refusal = sender.command(&words(&format!("delete {address}"))).unwrap().unwrap_err();
    assert!(refusal.contains("is no target"), "{refusal}");
    assert!(sender.command(&words("add")).unwrap().is_err() && sender.command(&words("fly")).is_none());
    sender.stop();
}

#[test]
fn several_targets_are_added_and_deleted_at_once_or_none() {
    let mut sender = sender(Vec::new());
    let mut command = |text: &str| {
        let answer = sender.command(&words(text)).unwrap();
        let targets: Vec<String> =
            sender.report().lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect();
        (answer, targets.join(" "))
    };
    let (answer, targets) = command("add 127.0.0.1:1 127.0.0.1:2/500:3:5 127.0.0.1:1/500:3:4 127.0.0.1:3");
    assert_eq!(answer, Ok(String::new()));
    assert_eq!(targets, "127.0.0.1:2/500:3:5 127.0.0.1:1/500:3:4 127.0.0.1:3/1400:16:20");
    let (answer, same) = command("add 127.0.0.1:4 127.0.0.1:0");
    assert!(answer.unwrap_err().contains("127.0.0.1:0") && same == targets, "{same}");
    let (answer, same) = command("delete 127.0.0.1:1 127.0.0.1:4");
    assert!(answer.unwrap_err().contains("127.0.0.1:4 is no target") && same == targets, "{same}");
    let many: Vec<String> = (4..UDP_TARGETS_MAX + 2).map(|port| format!("127.0.0.2:{port}")).collect();
    let (answer, same) = command(&format!("add {}", many.join(" ")));
    assert!(answer.unwrap_err().contains("is the most") && same == targets);
    let (answer, left) = command("delete 127.0.0.1:1 127.0.0.1:3");
    assert_eq!((answer, left.as_str()), (Ok(String::new()), "127.0.0.1:2/500:3:5"));
    sender.stop();
}
