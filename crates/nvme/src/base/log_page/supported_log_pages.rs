//! Supported Log Pages: which log pages a controller has.
//!
//! Spec: NVMe Base 2.0 §5.16.1.1.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::LogPageIdentifier;

/// Supported Log Pages, 1024 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SupportedLogPages {
    /// By log page identifier.
    pub pages: [LogPageSupport; 256],
}

assert_layout!(SupportedLogPages, 1024, pages @ 0);

impl SupportedLogPages {
    /// Sets what a page supports.
    pub fn set(&mut self, page: LogPageIdentifier, support: LogPageSupport) {
        if let Some(entry) = self.pages.get_mut(usize::from(page.0)) {
            *entry = support;
        }
    }

    /// The pages that are supported.
    pub fn iter(&self) -> impl Iterator<Item = LogPageIdentifier> + '_ {
        (0..=u8::MAX)
            .zip(&self.pages)
            .filter(|(_, support)| support.contains(LogPageSupport::SUPPORTED))
            .map(|(page, _)| LogPageIdentifier(page))
    }
}

flag_set! {
    /// How a log page is supported. Bits 31:16 are specific to the page.
    ///
    /// Spec: NVMe Base 2.0 §5.16.1.1.
    pub struct LogPageSupport(u32) {
        SUPPORTED = 0, "supported";
        INDEX_OFFSET = 1, "offsets by index";
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use zerocopy::{FromZeros, IntoBytes};

    use super::{LogPageIdentifier, LogPageSupport, SupportedLogPages};

    #[test]
    fn bytes() {
        let mut page = SupportedLogPages::new_zeroed();
        page.set(LogPageIdentifier::DISCOVERY, LogPageSupport::SUPPORTED.with(LogPageSupport::INDEX_OFFSET));
        page.set(LogPageIdentifier(0xff), LogPageSupport::SUPPORTED);
        let mut expected = [0; 1024];
        expected[0x70 * 4] = 3;
        expected[0xff * 4] = 1;
        assert_eq!(page.as_bytes(), expected);
        assert_eq!(page.iter().collect::<Vec<_>>(), [LogPageIdentifier::DISCOVERY, LogPageIdentifier(0xff)]);
    }
}
