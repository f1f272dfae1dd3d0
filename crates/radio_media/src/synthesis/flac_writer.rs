//! A small FLAC encoder: fixed predictors, Rice codes, left and right or middle and side, whichever is shorter.
//!
//! Specification: RFC 9639 §9.2 (subframes), §9.2.7 (residuals).

use crc_fast::CrcAlgorithm;

use super::FREQUENCY_HZ;
use crate::formats::flac_crc8;

/// Samples of a frame.
const BLOCK: usize = 4096;
/// Samples of a partition with a Rice parameter of its own, as a power of two of them in a block.
const PARTITION_ORDER: u32 = 4;
/// The largest Rice parameter of four bits; the one above stands for something else.
const RICE_MAX: u32 = 14;
/// Highest order of a fixed predictor.
const ORDER_MAX: usize = 4;

/// A whole file.
pub(super) fn file(samples: &[[i16; 2]], comments: &[String]) -> Vec<u8> {
    let mut bytes = b"fLaC".to_vec();
    bytes.extend([0, 0, 0, 34]);
    bytes.extend(stream_information(samples.len()));
    let mut block = Vec::new();
    put_text("tidegate", &mut block);
    block.extend(u32::try_from(comments.len()).unwrap_or(0).to_le_bytes());
    comments.iter().for_each(|comment| put_text(comment, &mut block));
    let [_, high, middle, low] = u32::try_from(block.len()).unwrap_or(0).to_be_bytes();
    bytes.extend([0x84, high, middle, low]);
    bytes.extend(block);
    for (number, samples) in (0..).zip(samples.chunks(BLOCK)) {
        frame(number, samples, &mut bytes);
    }
    bytes
}

fn put_text(text: &str, block: &mut Vec<u8>) {
    block.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
    block.extend(text.as_bytes());
}

/// The first metadata block. Frame sizes and the digest are left unknown.
fn stream_information(samples: usize) -> [u8; 34] {
    let mut block = [0; 34];
    block[..4].copy_from_slice(&[0x10, 0x00, 0x10, 0x00]);
    let packed = u64::from(FREQUENCY_HZ) << 44 | 1 << 41 | 15 << 36 | samples as u64;
    block[10..18].copy_from_slice(&packed.to_be_bytes());
    block
}

/// A channel of a frame, ready to be written.
struct Subframe {
    samples: Vec<i32>,
    bits: u32,
    order: usize,
    residual: Vec<i32>,
    /// Sum of the residual's absolute values: about how long it gets.
    size: u64,
}

impl Subframe {
    /// The best fixed predictor for these samples of so many bits.
    fn new(samples: Vec<i32>, bits: u32) -> Self {
        let mut best: Option<(usize, Vec<i32>, u64)> = None;
        let mut residual = samples.clone();
        for order in 0..=ORDER_MAX.min(samples.len().saturating_sub(1)) {
            if order > 0 {
                residual = residual.windows(2).map(|pair| pair[1] - pair[0]).collect();
            }
            let size = residual.iter().map(|value| u64::from(value.unsigned_abs())).sum();
            if best.as_ref().is_none_or(|(_, _, least)| size < *least) {
                best = Some((order, residual.clone(), size));
            }
        }
        let (order, residual, size) = best.unwrap_or((0, samples.clone(), 0));
        Self { samples, bits, order, residual, size }
    }

    fn write(&self, out: &mut Bits) {
        out.put(8 + u32::try_from(self.order).unwrap_or(0), 7);
        out.put(0, 1);
        for sample in &self.samples[..self.order] {
            out.put(sample.cast_unsigned(), self.bits);
        }
        let partition_order = if self.samples.len() == BLOCK { PARTITION_ORDER } else { 0 };
        out.put(0, 2);
        out.put(partition_order, 4);
        let mut rest = &self.residual[..];
        let partition = self.samples.len() >> partition_order;
        for index in 0..1 << partition_order {
            let length = if index == 0 { partition - self.order } else { partition };
            let (values, behind) = rest.split_at(length.min(rest.len()));
            rest = behind;
            rice(values, out);
        }
    }
}

/// Writes values with the parameter that fits their mean.
fn rice(values: &[i32], out: &mut Bits) {
    let sum: u64 = values.iter().map(|value| u64::from(zigzag(*value))).sum();
    let mean = sum / (values.len().max(1) as u64);
    let parameter = (u64::BITS - mean.leading_zeros()).saturating_sub(1).min(RICE_MAX);
    out.put(parameter, 4);
    for value in values {
        let folded = zigzag(*value);
        let mut quotient = folded >> parameter;
        while quotient >= 31 {
            out.put(0, 31);
            quotient -= 31;
        }
        out.put(1, quotient + 1);
        out.put(folded, parameter);
    }
}

/// Small numbers for values near zero, whatever their sign.
const fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31).cast_unsigned()
}

fn frame(number: u32, samples: &[[i16; 2]], bytes: &mut Vec<u8>) {
    let channel = |index: usize| samples.iter().map(|pair| i32::from(pair[index])).collect::<Vec<_>>();
    let (left, right) = (channel(0), channel(1));
    let middle = left.iter().zip(&right).map(|(left, right)| (left + right) >> 1).collect();
    let side = left.iter().zip(&right).map(|(left, right)| left - right).collect();
    let plain = [Subframe::new(left, 16), Subframe::new(right, 16)];
    let mixed = [Subframe::new(middle, 16), Subframe::new(side, 17)];
    let size = |pair: &[Subframe; 2]| pair[0].size + pair[1].size;
    let (assignment, pair) = if size(&mixed) < size(&plain) { (10, mixed) } else { (1, plain) };
    let start = bytes.len();
    let is_whole = samples.len() == BLOCK;
    bytes.extend([0xff, 0xf8, if is_whole { 0xc9 } else { 0x79 }, assignment << 4 | 4 << 1]);
    put_coded_number(number, bytes);
    if !is_whole {
        bytes.extend(u16::try_from(samples.len() - 1).unwrap_or(0).to_be_bytes());
    }
    bytes.push(flac_crc8(&bytes[start..]));
    let mut bits = Bits::default();
    pair.iter().for_each(|subframe| subframe.write(&mut bits));
    bytes.extend(bits.finish());
    let checksum = crc_fast::checksum(CrcAlgorithm::Crc16Umts, &bytes[start..]).to_be_bytes();
    bytes.extend(&checksum[6..]);
}

/// A frame's number, coded as UTF-8 codes letters.
fn put_coded_number(number: u32, bytes: &mut Vec<u8>) {
    let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
    bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Bits, the highest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    /// Appends the lowest `count` bits of `value`, at most 32.
    fn put(&mut self, value: u32, count: u32) {
        let mask = (1_u64 << count) - 1;
        self.pending = self.pending << count | u64::from(value) & mask;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count).to_le_bytes()[0]);
        }
        self.pending &= (1 << self.count) - 1;
    }

    /// All bytes, the last filled up with zeroes.
    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
        self.bytes
    }
}
