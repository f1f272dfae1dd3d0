"""The guest's image: the unpacked kernel, a first root in memory, and a read-only file system with tools and modules."""

import ctypes
import glob
import hashlib
import json
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

from .base import Failure, cache_dir, detail, say, sh, which

LAYOUT = 6                      # raise when the cached image changes shape

# Programs copied into the guest with their shared libraries.
TOOLS = {                       # name: Debian package
    "nvme": "nvme-cli", "fio": "fio", "mke2fs": "e2fsprogs", "e2fsck": "e2fsprogs",
    "blkdiscard": "util-linux", "blockdev": "util-linux", "blkid": "util-linux",
    "lsblk": "util-linux", "fstrim": "util-linux", "dash": "dash", "bash": "bash",
    "dd": "coreutils", "sha256sum": "coreutils", "head": "coreutils", "timeout": "coreutils",
}
OPTIONAL_TOOLS = ["mkfs.xfs", "xfs_repair", "tc"]
LINKS = {"mkfs.ext4": "mke2fs", "fsck.ext4": "e2fsck", "sh": "dash"}

# Modules copied into the guest: these, all they depend on, and the folders below.
MODULES = """virtio_pci virtio_blk virtio_net virtio_console ext4 xfs
    crc32c_generic crc32c_intel libcrc32c crct10dif_pclmul
    nvme_core nvme_fabrics nvme_tcp nvme_loop
    nvmet nvmet_tcp null_blk loop brd dm_mod dm_flakey sch_netem""".split()
MODULE_DIRS = ["crypto/", "lib/crypto/", "arch/x86/crypto/"]
NEEDED = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "ext4", "nvme_tcp"]
EARLY = ["virtio_pci", "virtio_blk", "ext4"]                 # to mount the image
BOOT = ["virtio_console", "virtio_net", "nvme_fabrics", "nvme_tcp"]


def extract_vmlinux(kernel, target):
    """Unpack the ELF kernel out of a bzImage: it boots with nothing left to decompress."""
    with open(kernel.image, "rb") as f:
        data = f.read()
    try:
        if data[0x202:0x206] != b"HdrS":
            raise ValueError("not a bzImage")
        start = ((data[0x1f1] or 4) + 1) * 512
        offset, length = struct.unpack_from("<II", data, 0x248)
        payload = data[start + offset:start + offset + length]
        size = struct.unpack("<I", payload[-4:])[0]
        if payload[:4] == b"\x28\xb5\x2f\xfd":
            zstd = ctypes.CDLL("libzstd.so.1")
            zstd.ZSTD_decompress.restype = ctypes.c_size_t
            zstd.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t,
                                             ctypes.c_char_p, ctypes.c_size_t]
            out = ctypes.create_string_buffer(size)
            elf = out.raw[:zstd.ZSTD_decompress(out, size, payload[:-4], len(payload) - 4)]
        elif payload[:6] == b"\xfd7zXZ\0":
            elf = lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(payload)
        elif payload[:4] == b"\x02\x21\x4c\x18":
            lz4 = ctypes.CDLL("liblz4.so.1")
            out, parts, at, got = ctypes.create_string_buffer(8 << 20), [], 4, 0
            while got < size:
                n = struct.unpack_from("<I", payload, at)[0]
                r = lz4.LZ4_decompress_safe(payload[at + 4:at + 4 + n], out, n, 8 << 20)
                if r <= 0:
                    raise ValueError("bad LZ4 block")
                parts.append(out.raw[:r])
                at, got = at + 4 + n, got + r
            elf = b"".join(parts)
        else:
            raise ValueError("unknown compression")
        if len(elf) != size or elf[:4] != b"\x7fELF":
            raise ValueError("did not unpack")
    except (ValueError, OSError, struct.error, lzma.LZMAError) as e:
        detail("booting the compressed kernel (%s)" % e)
        elf = data
    with open(target, "wb") as f:
        f.write(elf)


def cpio(entries):
    """A newc archive: entries are (name, mode, content)."""
    out, inode = [], 0
    for name, mode, data in entries + [("TRAILER!!!", 0, b"")]:
        inode += 1
        raw = name.encode() + b"\0"
        head = b"070701" + b"".join(b"%08X" % n for n in (
            inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0))
        out += [head, raw, b"\0" * (-(len(head) + len(raw)) % 4), data, b"\0" * (-len(data) % 4)]
    blob = b"".join(out)
    return blob + b"\0" * (-len(blob) % 512)


def libraries(program):
    """Paths of the shared libraries that a program loads, its loader included."""
    done = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    missing = re.findall(r"^\s*(\S+) => not found", done.stdout, re.M)
    if missing:
        raise Failure("%s lacks shared libraries: %s" % (program, " ".join(missing)))
    return re.findall(r"(?:=> |^\s*)(/\S+) \(0x", done.stdout, re.M)


def merged(path):
    """/bin/x -> usr/bin/x, without the leading slash"""
    path = path.lstrip("/")
    return path if path.startswith("usr/") else "usr/" + path


def modname(path):
    return re.sub(r"\.ko(\..*)?$", "", os.path.basename(path)).replace("-", "_")


def read_module(path):
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    if path.endswith(".gz"):
        import gzip
        return gzip.decompress(data)
    return data


def pick_modules(kernel):
    """({name: path} to copy, [early modules in load order], [modules to load at boot])"""
    deps, paths = {}, {}
    with open(kernel.modules + "/modules.dep") as f:
        for line in f:
            path, _, needs = line.partition(":")
            paths[modname(path)] = path
            deps[modname(path)] = [modname(p) for p in needs.split()]
    with open(kernel.modules + "/modules.builtin") as f:
        builtin = {modname(line.strip()) for line in f}
    for name in NEEDED:
        if name not in paths and name not in builtin:
            raise Failure("kernel %s has no %s" % (kernel.release, name))
    wanted = [m for m in MODULES if m in paths]
    wanted += [m for m, p in paths.items() if any("kernel/" + d in p for d in MODULE_DIRS)]
    chosen = set()
    for name in wanted:
        chosen |= {name, *deps[name]}

    def ordered(names):
        order = []
        for name in names:
            if name in paths:
                for m in [*reversed(deps[name]), name]:
                    if m not in order:
                        order.append(m)
        return order

    early = ordered(EARLY)
    # crc32c comes to ext4 and nvme-tcp through the crypto API, not as a dependency
    crc = [m for m in ("crc32c_generic", "crc32c_intel") if m in paths]
    return {m: paths[m] for m in chosen}, ordered(crc) + early, [m for m in BOOT if m in paths]


def put(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def guest_files(extra_tools):
    """{path in the image: file here}"""
    files, absent = {}, []
    for name in [*TOOLS, *OPTIONAL_TOOLS, *extra_tools]:
        path = name if "/" in name and os.path.exists(name) else which(name)
        if not path:
            if name not in OPTIONAL_TOOLS:
                absent.append("%s (package %s)" % (name, TOOLS.get(name, "?")))
            continue
        files["usr/bin/" + os.path.basename(name)] = os.path.realpath(path)
        with open(path, "rb") as f:
            is_elf = f.read(4) == b"\x7fELF"
        if is_elf:
            for lib in libraries(path):
                files[merged(lib)] = os.path.realpath(lib)
    if absent:
        raise Failure("not installed: " + ", ".join(absent))
    busybox = which("busybox")
    if not busybox or "not a dynamic" not in subprocess.run(
            ["ldd", busybox], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout:
        raise Failure("a static busybox is needed (package busybox-static)")
    files["usr/bin/busybox"] = os.path.realpath(busybox)
    if os.path.exists("/etc/mke2fs.conf"):
        files["etc/mke2fs.conf"] = "/etc/mke2fs.conf"
    return files


def stamp(paths):
    out = []
    for p in sorted(set(paths)):
        s = os.stat(p)
        out.append([p, s.st_size, s.st_mtime_ns])
    return out


def copy_tools(root, files):
    for dest, src in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, dest)), exist_ok=True)
        shutil.copyfile(src, os.path.join(root, dest))
        os.chmod(os.path.join(root, dest), 0o755)
    for link, to in LINKS.items():
        os.symlink(to, root + "/usr/bin/" + link)
    for applet in sh(files["usr/bin/busybox"], "--list").split():
        link = root + "/usr/bin/" + applet
        if not os.path.lexists(link):
            os.symlink("busybox", link)
    if not os.path.lexists(root + "/usr/sbin"):
        os.symlink("bin", root + "/usr/sbin")
    if os.path.isdir(root + "/usr/sbin") and not os.path.islink(root + "/usr/sbin"):
        raise Failure("unexpected /usr/sbin in the image")


def copy_modules(root, kernel, chosen, content, boot):
    """The modules, decompressed here rather than under emulation."""
    base = "usr/lib/modules/" + kernel.release
    for m, p in chosen.items():
        put("%s/%s/%s" % (root, base, re.sub(r"\.ko\..*$", ".ko", p)), content[m])
    for extra in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        src = os.path.join(kernel.modules, extra)
        if os.path.exists(src):
            shutil.copyfile(src, "%s/%s/%s" % (root, base, extra))
    os.symlink("usr/lib", root + "/lib")
    sh(which("depmod") or "depmod", "-b", root, kernel.release)
    put(root + "/etc/boot-modules", " ".join(boot).encode())


def first_root(busybox, early, content):
    """What the kernel starts with: busybox and what is needed to mount the image."""
    entries = [(d, 0o40755, b"") for d in
               "dev proc sys run tmp etc mnt var root image kh mods".split()]
    entries += [("usr", 0o120777, b"image/usr")]
    entries += [(d, 0o120777, b"usr/" + d.encode()) for d in ("bin", "sbin", "lib", "lib64")]
    with open(busybox, "rb") as f:
        entries.append(("busybox", 0o100755, f.read()))
    for i, m in enumerate(early):
        entries.append(("mods/%02d-%s.ko" % (i, m), 0o100644, content[m]))
    return cpio(entries)


def make_filesystem(root, image):
    used = sum(os.lstat(os.path.join(d, f)).st_size + 4096
               for d, _, fs in os.walk(root) for f in fs)
    blocks = int(used * 1.06 / 4096) + 2048
    sh(which("mke2fs") or "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-N", "4000",
       "-O", "^has_journal,^resize_inode,^metadata_csum", "-E", "root_owner=0:0",
       "-d", root, image, str(blocks))


def forget_unused():
    for other in glob.glob(cache_dir("guests", "*")):
        if os.stat(other).st_mtime < time.time() - 14 * 86400:      # two weeks
            shutil.rmtree(other, ignore_errors=True)


def build_guest(kernel, extra_tools):
    """The folder with vmlinux, base.cpio and image.ext4 for this kernel and these tools."""
    # what goes in is known only after ldd, so an existing image is checked by the files it
    # was made of
    name = kernel.release + "-" + hashlib.sha256(
        repr((LAYOUT, kernel.image, sorted(extra_tools), MODULES, MODULE_DIRS, sorted(TOOLS),
              [t for t in OPTIONAL_TOOLS if which(t)])).encode()).hexdigest()[:12]
    top = cache_dir("guests", name)
    try:
        with open(top + "/made-of.json") as f:
            old = json.load(f)
        if stamp(p for p, _, _ in old) == old:
            os.utime(top)
            return top
    except (OSError, ValueError):
        pass
    began = time.monotonic()
    say("building the guest image for " + kernel.release)
    files = guest_files(extra_tools)
    os.makedirs(cache_dir("guests"), exist_ok=True)
    tmp = tempfile.mkdtemp(prefix=".new-", dir=cache_dir("guests"))
    try:
        extract_vmlinux(kernel, tmp + "/vmlinux")
        chosen, early, boot = pick_modules(kernel)
        content = {m: read_module(os.path.join(kernel.modules, p)) for m, p in chosen.items()}
        root = tmp + "/root"
        copy_tools(root, files)
        copy_modules(root, kernel, chosen, content, boot)
        put(tmp + "/base.cpio", first_root(files["usr/bin/busybox"], early, content))
        make_filesystem(root, tmp + "/image.ext4")
        shutil.rmtree(root)
        with open(tmp + "/made-of.json", "w") as f:
            json.dump(stamp([*files.values(), kernel.image]), f)
        os.chmod(tmp, 0o755)
        shutil.rmtree(top, ignore_errors=True)
        os.rename(tmp, top)
        forget_unused()
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    detail("built in %.1f s" % (time.monotonic() - began))
    return top
