//! What hosts recognise a device by.

/// Sixteen bytes that name a device, in the form of a version 8 UUID (RFC 9562 §5.8).
///
/// They are the same each time the same device is opened on the same machine, and differ between devices and between
/// machines. They are derived, with a plain hash, from `/etc/machine-id`, the kind of device and what it is made of: the
/// absolute path as it was given for files and disks (symbolic links are not followed, so a name under
/// `/dev/disk/by-id` is as good as the disk's serial number), and the place on the command line for memory. Whoever
/// offers devices under a name of its own mixes that in with [`for_owner`](Self::for_owner), or two services that export
/// memory would offer the same identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; 16]);

const MACHINE_ID_PATH: &str = "/etc/machine-id";

impl Identity {
    /// The identity of the device of this kind that is made of `content` on this machine.
    #[must_use]
    pub fn new(kind: &str, content: &[u8]) -> Self {
        // A machine without an id (a bare container) leaves one thing less to tell devices apart by.
        let machine = std::fs::read(MACHINE_ID_PATH).unwrap_or_default();
        Self::derive(&[&machine, kind.as_bytes(), content])
    }

    /// The identity under which `owner`, for example a subsystem with its name, offers the device.
    #[must_use]
    pub fn for_owner(&self, owner: &[u8]) -> Self {
        Self::derive(&[&self.0, owner])
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn derive(parts: &[&[u8]]) -> Self {
        let mut hash = Fnv1a::new();
        for part in parts {
            hash.add(&(part.len() as u64).to_le_bytes());
            hash.add(part);
        }
        let mut bytes = hash.0.to_be_bytes();
        // Version 8, variant 10b: RFC 9562 §4.1, §4.2.
        bytes[6] = 0x80 | bytes[6] & 0x0f;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        Self(bytes)
    }
}

/// FNV-1a in 128 bits: stable for ever, which is what counts here; nobody gains by a collision.
struct Fnv1a(u128);

impl Fnv1a {
    const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    fn new() -> Self {
        Self(Self::OFFSET_BASIS)
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(Self::PRIME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        let hash = |text: &str| {
            let mut hash = Fnv1a::new();
            hash.add(text.as_bytes());
            hash.0
        };
        assert_eq!(hash("a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(hash("foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn is_stable_and_tells_things_apart() {
        let identity = Identity::new("file", b"/srv/disk.img");
        assert_eq!(identity, Identity::new("file", b"/srv/disk.img"));
        assert_ne!(identity, Identity::new("file", b"/srv/disk2.img"));
        assert_ne!(identity, Identity::new("fil", b"e/srv/disk.img"));
        assert_ne!(identity.for_owner(b"one"), identity.for_owner(b"two"));
        for bytes in [identity.as_bytes(), identity.for_owner(b"one").as_bytes()] {
            assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (8, 0b10));
        }
    }
}
