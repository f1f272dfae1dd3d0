//! Packets of every length through the writer and the reader.

use super::writer::{PageWriter, Place};
use crate::conformance;
use crate::error::Note;
use crate::inspect::inspect;

/// Lengths around what segments and pages have room for.
const LENGTHS: [usize; 10] = [1, 254, 255, 256, 65_024, 65_025, 65_026, 130_050, 130_051, 200_000];

/// A packet of 20 ms, which begins as Opus' do and is different everywhere.
fn packet(length: usize) -> Vec<u8> {
    let rest = (1..length).map(|index| (index * 7 + length).to_le_bytes()[0]);
    std::iter::once(0xf8).chain(rest).collect()
}

/// An Opus stream of these packets, each on pages of its own.
fn file(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = PageWriter::new(3);
    let mut out = Vec::new();
    writer.packet(b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0", 0, Place::First, &mut out);
    writer.packet(b"OpusTags\0\0\0\0\0\0\0\0", 0, Place::Within, &mut out);
    for (granule, packet) in (1..).zip(packets) {
        let place = if granule == packets.len() { Place::Last } else { Place::Within };
        writer.packet(packet, 960 * granule as u64, place, &mut out);
    }
    out
}

#[test]
fn packets_longer_than_pages_go_through_unchanged() {
    let packets: Vec<_> = LENGTHS.into_iter().map(packet).collect();
    let file = file(&packets);
    let song = conformance::check(&file).unwrap();
    assert_eq!(song.notes, []);
    assert_eq!(song.technical.samples, 960 * LENGTHS.len() as u64);
    assert_eq!(song.content_hash, *blake3::hash(&packets.concat()).as_bytes());
    let again = inspect(&conformance::stream(&file, &song, 0)).unwrap();
    assert_eq!((again.content_hash, again.technical), (song.content_hash, song.technical.clone()));
    assert_eq!(again.notes, []);
}

#[test]
fn payload_that_looks_like_a_tag_is_payload() {
    let mut last = packet(400);
    let place = last.len() - 128;
    last[place..place + 3].copy_from_slice(b"TAG");
    let song = conformance::check(&file(&[packet(300), last])).unwrap();
    assert_eq!((song.technical.samples, song.notes.len()), (2 * 960, 0));
}

#[test]
fn a_packet_of_which_a_page_is_lost_is_lost_alone() {
    let packets = [packet(300), packet(150_000), packet(400)];
    let mut file = file(&packets);
    let second_page = file.len() - 400 - 60_000;
    file[second_page] ^= 1;
    let song = conformance::check(&file).unwrap();
    assert_eq!(song.technical.samples, 2 * 960);
    assert!(matches!(song.notes[..], [Note::Skipped { .. }]), "{:?}", song.notes);
    let stream = conformance::stream(&file, &song, 0);
    let heard = inspect(&stream).unwrap();
    assert_eq!(heard.content_hash, *blake3::hash(&[&packets[0][..], &packets[2]].concat()).as_bytes());
}
