//! Streams, groups and packets in every order in which they may arrive.

use super::*;
use crate::testing::Random;

const CODE: (usize, usize) = (3, 5);

/// The packets of one group.
pub(super) fn packets(header: &PacketHeader, data: &[u8]) -> Vec<Vec<u8>> {
    let group_bytes = u32::try_from(data.len()).unwrap();
    let size = slice_bytes(group_bytes, header.code);
    let mut group = data.to_vec();
    group.resize(header.code.data_slices() * size, 0);
    header.code.add_repair(&mut group, size);
    let slices = (0..header.code.slices()).map(|slice| {
        let mut packet = Vec::new();
        let header = PacketHeader { slice: u8::try_from(slice).unwrap(), group_bytes, ..*header };
        header.encode(&group[slice * size..(slice + 1) * size], &mut packet);
        packet
    });
    slices.collect()
}

fn header(stream: u32, group: u32, is_header: bool, is_last: bool) -> PacketHeader {
    let code = Code::new(CODE.0, CODE.1).unwrap();
    PacketHeader { stream, group, is_header, is_last, code, slice: 0, group_bytes: 0, start_ms: 0, duration_ms: 100 }
}

fn stream_header(stream: u32) -> StreamHeader {
    StreamHeader { media_type: "audio/ogg".into(), title: format!("song {stream}"), bytes: vec![9; 100] }
}

fn data(stream: u32, group: u32) -> Vec<u8> {
    format!("audio of group {group} of stream {stream}").into_bytes()
}

/// The packets of a stream, group by group; the header first.
fn stream(id: u32, groups: u32) -> Vec<Vec<Vec<u8>>> {
    let mut all = vec![packets(&header(id, 0, true, false), &stream_header(id).encode())];
    all.extend((0..groups).map(|group| packets(&header(id, group, false, group + 1 == groups), &data(id, group))));
    all
}

fn deliveries(receiver: &mut Receiver) -> Vec<Delivery> {
    std::iter::from_fn(|| receiver.next_delivery()).collect()
}

fn whole(id: u32, groups: u32) -> Vec<Delivery> {
    let mut all = vec![Delivery::Begin(stream_header(id))];
    all.extend((0..groups).map(|group| Delivery::Data(data(id, group))));
    all.push(Delivery::End);
    all
}

#[test]
fn streams_in_a_row_arrive_whole_without_loss_and_with_what_can_be_repaired() {
    for lost in 0..=CODE.1 - CODE.0 {
        let mut receiver = Receiver::new();
        for id in [7, 8, 9] {
            for group in stream(id, 6) {
                for packet in &group[lost..] {
                    receiver.receive(packet).unwrap();
                }
            }
        }
        receiver.finish();
        let expected: Vec<_> = [7, 8, 9].into_iter().flat_map(|id| whole(id, 6)).collect();
        assert_eq!(deliveries(&mut receiver), expected, "{lost} lost of each group");
        assert_eq!(receiver.counts().repaired, if lost > 0 { 18 } else { 0 });
    }
}

#[test]
fn packets_may_overtake_each_other_and_come_twice() {
    let mut random = Random::seeded();
    let mut all: Vec<Vec<u8>> = [1, 2].into_iter().flat_map(|id| stream(id, 20)).flatten().collect();
    for place in 0..all.len() {
        let other = (place + random.below(6)).min(all.len() - 1);
        all.swap(place, other);
    }
    let mut receiver = Receiver::new();
    for packet in &all {
        receiver.receive(packet).unwrap();
        receiver.receive(packet).unwrap();
    }
    receiver.finish();
    let expected: Vec<_> = [1, 2].into_iter().flat_map(|id| whole(id, 20)).collect();
    assert_eq!(deliveries(&mut receiver), expected);
    assert!(receiver.counts().useless >= all.len() as u64);
}

#[test]
fn a_lost_group_is_told_and_the_rest_goes_on() {
    let mut receiver = Receiver::new();
    for (place, group) in stream(1, 10).into_iter().enumerate() {
        let kept = if place == 4 || place == 5 { CODE.0 - 1 } else { CODE.1 };
        group[..kept].iter().for_each(|packet| receiver.receive(packet).unwrap());
    }
    let mut expected = whole(1, 10);
    expected.splice(4..6, [Delivery::Lost(2)]);
    assert_eq!(deliveries(&mut receiver), expected);
    assert_eq!((receiver.counts().groups, receiver.counts().lost), (8, 2));
}

#[test]
fn a_stream_is_joined_in_its_middle_once_its_header_comes() {
    let groups = stream(1, 10);
    let mut receiver = Receiver::new();
    for group in &groups[5..8] {
        group.iter().for_each(|packet| receiver.receive(packet).unwrap());
    }
    assert_eq!(deliveries(&mut receiver), []);
    groups[0].iter().for_each(|packet| receiver.receive(packet).unwrap());
    let expected = [
        Delivery::Begin(stream_header(1)),
        Delivery::Data(data(1, 4)),
        Delivery::Data(data(1, 5)),
        Delivery::Data(data(1, 6)),
    ];
    assert_eq!(deliveries(&mut receiver), expected);
}

#[test]
fn a_stream_whose_end_is_lost_gives_way_to_the_next() {
    let mut receiver = Receiver::new();
    for group in &stream(1, 10)[..6] {
        group.iter().for_each(|packet| receiver.receive(packet).unwrap());
    }
    for group in stream(2, 6) {
        group.iter().for_each(|packet| receiver.receive(packet).unwrap());
    }
    let mut expected = whole(1, 10);
    expected.truncate(6);
    expected.extend(whole(2, 6));
    assert_eq!(deliveries(&mut receiver), expected);
}

#[test]
fn a_flood_of_large_groups_is_bounded() {
    let mut receiver = Receiver::new();
    let code = Code::new(4, 256).unwrap();
    for group in 0..100 {
        let group_bytes = 4 * 60_000;
        let header = PacketHeader { code, group, group_bytes, ..header(1, 0, false, false) };
        let mut packet = Vec::new();
        header.encode(&[0; 60_000], &mut packet);
        receiver.receive(&packet).unwrap();
        assert!(receiver.held_bytes() <= WINDOW_BYTES_MAX);
    }
}

#[test]
fn a_flood_of_tiny_groups_is_bounded() {
    let mut receiver = Receiver::new();
    stream(1, 1)[0].iter().for_each(|packet| receiver.receive(packet).unwrap());
    for stream in [1, 2] {
        for group in 0..10_000 {
            let mut packet = Vec::new();
            header(stream, group, false, false).encode(&[], &mut packet);
            receiver.receive(&packet).unwrap();
        }
    }
    for stream in receiver.streams() {
        assert!(stream.groups.len() <= GROUPS_MAX, "{} groups without a byte", stream.groups.len());
    }
    assert!(receiver.following.is_some());
}

#[test]
fn a_group_as_large_as_there_are_is_put_together_beside_another() {
    let mut receiver = Receiver::new();
    let code = Code::new(255, 256).unwrap();
    let largest = PacketHeader { code, group_bytes: 255 * 65_000, ..header(1, 0, false, false) };
    packets(&header(1, 0, true, false), &stream_header(1).encode())
        .iter()
        .for_each(|packet| receiver.receive(packet).unwrap());
    let whole = |group| packets(&PacketHeader { group, ..largest }, &vec![9; 255 * 65_000]);
    // One slice of the next group comes early.
    receiver.receive(&whole(1)[0]).unwrap();
    whole(0).iter().for_each(|packet| receiver.receive(packet).unwrap());
    assert_eq!(receiver.counts().groups, 1);
}

#[test]
fn nothing_follows_the_last_group_of_a_stream() {
    let mut receiver = Receiver::new();
    stream(1, 2).concat().iter().for_each(|packet| receiver.receive(packet).unwrap());
    assert_eq!(deliveries(&mut receiver), whole(1, 2));
    for packet in packets(&header(1, 7, false, false), &data(1, 7)) {
        receiver.receive(&packet).unwrap();
    }
    receiver.finish();
    assert_eq!(deliveries(&mut receiver), []);
    // Nor does what came before the last one.
    let mut receiver = Receiver::new();
    let late = packets(&header(1, 7, false, false), &data(1, 7));
    let sent = stream(1, 2);
    let all = [sent[..2].concat(), late, sent[2].clone()].concat();
    all.iter().for_each(|packet| receiver.receive(packet).unwrap());
    receiver.finish();
    assert_eq!(deliveries(&mut receiver), whole(1, 2));
}

#[test]
fn a_stream_that_was_announced_and_never_sent_gives_way_to_a_short_one() {
    let mut receiver = Receiver::new();
    let mut sent = vec![stream(1, 1).swap_remove(0)];
    sent.extend(stream(2, 1));
    for packet in sent.iter().flatten() {
        receiver.receive(packet).unwrap();
    }
    let mut expected = vec![Delivery::Begin(stream_header(1))];
    expected.extend(whole(2, 1));
    assert_eq!(deliveries(&mut receiver), expected);
}
