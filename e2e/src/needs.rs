//! What a scenario needs of the machine, and how to name what is missing.

use std::path::Path;

/// The Debian packages, as `cargo xtask test` installs them: package, program, why.
const PACKAGES: &str = include_str!("../packages.txt");

/// Something that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A program in `PATH` or one of the folders for administrators.
    Program(&'static str),
    /// A kernel for the guest: in `/boot`, or apt to fetch one.
    GuestKernel,
    /// To be root, for mounts and network namespaces.
    Root,
    /// Files as block devices.
    LoopDevice,
}

impl Need {
    /// What is missing and where it would come from; `None` when it is there.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        match self {
            Self::Program(program) if find_program(program) => None,
            Self::Program(program) => Some(match package_of(program) {
                Some(package) => format!("needs {program} (Debian package {package})"),
                None => format!("needs {program}"),
            }),
            Self::GuestKernel if find_program("apt-get") || guest_kernel_is_there() => None,
            Self::GuestKernel => {
                Some("needs a kernel for the guest (Debian package linux-image-cloud-amd64)".to_owned())
            }
            Self::LoopDevice if Path::new("/dev/loop-control").exists() => None,
            Self::LoopDevice => Some("needs loop devices (/dev/loop-control)".to_owned()),
            Self::Root if rustix::process::geteuid().is_root() => None,
            Self::Root => Some("needs root".to_owned()),
        }
    }
}

fn find_program(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).is_file())
}

fn guest_kernel_is_there() -> bool {
    let Ok(entries) = std::fs::read_dir("/boot") else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("vmlinuz-") && name.contains("-cloud-")
    })
}

fn package_of(program: &str) -> Option<&'static str> {
    PACKAGES.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut words = line.split_whitespace();
        let package = words.next()?;
        (words.next()? == program).then_some(package)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        assert_eq!(Need::Program("sh").missing(), None);
        assert_eq!(Need::Program("no-such-program").missing().unwrap(), "needs no-such-program");
        assert_eq!(package_of("qemu-system-x86_64"), Some("qemu-system-x86"));
    }
}
