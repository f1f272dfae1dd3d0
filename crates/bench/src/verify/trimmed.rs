//! What was trimmed reads as zeroes (`trim_verify_zero`).

use super::diagnosis::diagnose;
use super::failure::{Failure, FailureKind, Place};
use super::header::Header;
use super::method::Method;
use super::verifier::Expected;

/// Checks a block that was trimmed.
///
/// Cost: one comparison of the block with itself, a byte shifted.
#[must_use]
pub fn check_trimmed(method: &'static Method, block: &[u8], offset: u64) -> Option<Failure> {
    let (first, rest) = block.split_first()?;
    if *first == 0 && *rest == block[..rest.len()] {
        return None;
    }
    let at = block.iter().position(|&byte| byte != 0)?;
    let kind = FailureKind::NotZero { at };
    let place = Place { block_offset: offset, block_length: block.len(), unit_start: 0, unit_length: block.len() };
    let header = Header::read(block);
    let expected = Expected { offset, seed: None, number: None };
    let diagnosis = diagnose(&kind, header, block, &expected, &place, Vec::new);
    Some(Failure { kind, method, media_code: None, place, diagnosis })
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::*;
    use crate::verify::{Diagnosis, WriteIdentity};

    #[test]
    fn the_first_byte_that_is_not_zero_is_named() {
        let method = Method::named("md5").expect("a method");
        assert_eq!(check_trimmed(method, &[], 0), None);
        assert_eq!(check_trimmed(method, &[0; 512], 0), None);
        let same = check_trimmed(method, &[5; 512], 0).expect("not zero");
        assert_eq!((same.kind, same.diagnosis), (FailureKind::NotZero { at: 0 }, Diagnosis::Foreign));
        for at in 0..512 {
            let mut block = [0; 512];
            block[at] = 1;
            block[511] = 2;
            let failure = check_trimmed(method, &block, 4096).expect("not zero");
            assert_eq!(failure.kind, FailureKind::NotZero { at });
            assert!(
                failure.report("f", 0).to_string().starts_with(&format!(
                    "trim: verify failed at file f offset 4096, length 512, block offset {at}\n"
                ))
            );
        }
    }

    #[test]
    fn the_write_that_is_still_there_is_named() {
        let method = Method::named("md5").expect("a method");
        let found = WriteIdentity { offset: 512, seed: 5, seconds: 1, nanoseconds: 2, thread: 3, number: 4 };
        let mut block = [0; 512];
        block[..40].copy_from_slice(Header::new(method.code(), 512, &found).as_bytes());
        let failure = check_trimmed(method, &block, 512).expect("not zero");
        assert_eq!(failure.diagnosis, Diagnosis::NotTrimmed { found });
        assert!(
            failure
                .report("f", 0)
                .to_string()
                .ends_with("       not trimmed: still holds write 4 of job 3 to offset 512, begun at 1.000000002 s\n")
        );
    }
}
