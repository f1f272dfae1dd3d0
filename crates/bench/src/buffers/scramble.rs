//! A buffer that is written again and again, a little different each time.

/// The sectors that are changed one by one.
const SECTOR: usize = 512;

/// Changes three words of each 512 bytes of `buffer`: the offset of the sector where a cache line of it starts, and the time at the
/// end of the first one.
///
/// `offset` is the byte of the file that the write starts at, the time is that of the write's start. What is beyond the last whole
/// sector stays.
///
/// Parity: `scramble_buffers`.
pub fn scramble(buffer: &mut [u8], offset: u64, seconds: u64, nanoseconds: u64) {
    // Which of the eight cache lines; the remainder of a division by eight fits.
    let line = usize::from((nanoseconds ^ offset).to_le_bytes()[0] & 7);
    let mut sector_offset = offset;
    let (sectors, _) = buffer.as_chunks_mut::<SECTOR>();
    for sector in sectors {
        sector[line * 64..][..8].copy_from_slice(&sector_offset.to_le_bytes());
        sector[48..56].copy_from_slice(&seconds.to_le_bytes());
        sector[56..64].copy_from_slice(&nanoseconds.to_le_bytes());
        sector_offset = sector_offset.wrapping_add(512);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_and_time_are_in_each_whole_sector() {
        let mut buffer = [0xa5; 1100];
        scramble(&mut buffer, 8192, 7, 13);
        for (index, sector) in buffer[..1024].chunks(512).enumerate() {
            assert_eq!(sector[5 * 64..][..8], (8192 + 512 * index as u64).to_le_bytes());
            assert_eq!(sector[48..56], 7_u64.to_le_bytes());
            assert_eq!(sector[56..64], 13_u64.to_le_bytes());
            assert_eq!(sector.iter().filter(|&&byte| byte == 0xa5).count(), 512 - 24);
        }
        assert_eq!(buffer[1024..], [0xa5; 76]);
    }
}
