//! What a worker tells of itself, as a line.

use bench_wire::message::WorkerProbe;

use crate::conversion::from_wire::text;

/// fio's operating systems by their numbers (`os/os.h`).
const SYSTEMS: [&str; 13] = [
    "Invalid",
    "Linux",
    "AIX",
    "FreeBSD",
    "HP-UX",
    "OSX",
    "NetBSD",
    "OpenBSD",
    "Solaris",
    "Windows",
    "Android",
    "DragonFly",
    "QNX",
];

/// fio's architectures by their numbers (`arch/arch.h`).
const ARCHITECTURES: [&str; 17] = [
    "Invalid",
    "x86-64",
    "x86",
    "ppc",
    "ia64",
    "s390",
    "alpha",
    "sparc",
    "sparc64",
    "arm",
    "sh",
    "hppa",
    "mips",
    "aarch64",
    "loongarch64",
    "riscv64",
    "generic",
];

/// The line that fio's front end prints for each worker in the normal output.
#[must_use]
pub fn line(probe: &WorkerProbe) -> String {
    let name = |names: &[&'static str], number: u8| names.get(usize::from(number)).copied().unwrap_or("unknown");
    format!(
        "hostname={}, be={}, {}-bit, os={}, arch={}, fio={}, flags={:x}\n",
        text(&probe.host_name.to_text()),
        u8::from(probe.is_big_endian),
        u32::from(probe.pointer_bytes) * 8,
        name(&SYSTEMS, probe.operating_system),
        name(&ARCHITECTURES, probe.architecture),
        text(&probe.fio_version.to_text()),
        probe.flags
    )
}

#[cfg(test)]
mod tests {
    use bench_wire::FixedText;

    use super::*;

    #[test]
    fn the_line_is_fios() {
        let probe = WorkerProbe {
            host_name: FixedText::new("vm"),
            fio_version: FixedText::new("fio-3.33"),
            operating_system: 1,
            architecture: 1,
            pointer_bytes: 8,
            flags: 1,
            ..WorkerProbe::default()
        };
        assert_eq!(line(&probe), "hostname=vm, be=0, 64-bit, os=Linux, arch=x86-64, fio=fio-3.33, flags=1\n");
        let host_name = FixedText::new("\x1b[2J\nvm");
        let strange = WorkerProbe { operating_system: 99, architecture: 255, host_name, ..probe };
        let line = line(&strange);
        assert!(
            line.contains("os=unknown, arch=unknown") && line.starts_with("hostname=\u{fffd}[2J\u{fffd}vm,"),
            "{line:?}"
        );
    }
}
