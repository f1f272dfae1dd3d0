//! The files that this process executes, and where they lie in its memory.

use std::ops::Range;

/// An executed file: the binary, and its libraries when it is not linked statically.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The file's name without its directory.
    pub(super) name: String,
    /// From the file's first byte to the end of what is mapped of it.
    pub(super) addresses: Range<usize>,
}

/// All images of this process; none without `/proc`.
pub(super) fn images() -> Vec<Image> {
    parse(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default())
}

/// Which executable this is, in terms that another process can compare: device and inode.
pub(super) fn identity() -> Option<(u64, u64)> {
    rustix::fs::stat("/proc/self/exe").ok().map(|found| (found.st_dev, found.st_ino))
}

/// The images in a text of the form of proc(5)'s `/proc/PID/maps`.
fn parse(maps: &str) -> Vec<Image> {
    let mut images: Vec<(Image, bool)> = Vec::new();
    for mapping in maps.lines().filter_map(Mapping::parse) {
        match images.last_mut() {
            Some((image, executable)) if image.name == mapping.name && mapping.file_offset != 0 => {
                image.addresses.end = mapping.addresses.end;
                *executable |= mapping.executable;
            }
            _ if mapping.file_offset == 0 => {
                let image = Image { name: mapping.name.to_owned(), addresses: mapping.addresses };
                images.push((image, mapping.executable));
            }
            _ => {}
        }
    }
    images.into_iter().filter_map(|(image, executable)| executable.then_some(image)).collect()
}

/// One line of it that has a name.
struct Mapping<'a> {
    addresses: Range<usize>,
    executable: bool,
    file_offset: u64,
    name: &'a str,
}

impl<'a> Mapping<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let addresses = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        let executable = fields.next()?.contains('x');
        let file_offset = u64::from_str_radix(fields.next()?, 16).ok()?;
        let path = fields.nth(2)?.trim_start();
        // A binary that was replaced while it ran, as by an upgrade.
        let path = path.strip_suffix(" (deleted)").unwrap_or(path);
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
        Some(Self { addresses, executable, file_offset, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_reaches_from_its_first_byte_to_its_last_mapping() {
        let maps = "1000-2000 r--p 00000000 fe:01 7                          /opt/a b/tide gate (deleted)\n\
                    2000-5000 r-xp 00001000 fe:01 7                          /opt/a b/tide gate (deleted)\n\
                    5000-6000 rw-p 00000000 00:00 0 \n\
                    7000-8000 r--p 00000000 fe:01 9                          /usr/share/data\n\
                    8000-9000 r-xp 00000000 00:00 0                          [vdso]\n";
        let expected = [
            Image { name: "tide gate".to_owned(), addresses: 0x1000..0x5000 },
            Image { name: "[vdso]".to_owned(), addresses: 0x8000..0x9000 },
        ];
        assert_eq!(parse(maps), expected);
        assert_eq!(parse("x\n1-2\n1000-2000 r-xp"), []);
    }

    #[test]
    fn this_function_lies_in_an_image() {
        let address = this_function_lies_in_an_image as *const () as usize;
        assert!(images().iter().any(|image| image.addresses.contains(&address)));
        assert!(identity().is_some());
    }
}
