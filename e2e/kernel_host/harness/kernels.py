"""Debian kernels: installed ones, and packages fetched with apt into the cache, without root."""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

from .base import Failure, cache_dir, detail, natural, say, sh, which


class Kernel:
    def __init__(self, release, image, modules):
        self.release, self.image, self.modules = release, image, modules


def cached_kernel(release):
    top = cache_dir("kernels", release)
    image = os.path.join(top, "boot", "vmlinuz-" + release)
    if os.path.exists(os.path.join(top, "complete")):
        return Kernel(release, image, os.path.join(top, "lib/modules", release))
    return None


def matches(release, want):
    return release == want or re.match(re.escape(want) + r"(?![0-9])", release) is not None


def installed_kernel(want):
    found = []
    for image in glob.glob("/boot/vmlinuz-*"):
        release = os.path.basename(image)[len("vmlinuz-"):]
        modules = "/lib/modules/" + release
        if (matches(release, want) if want else "-cloud-" in release) \
                and os.access(image, os.R_OK) and os.path.exists(modules + "/modules.dep"):
            found.append(Kernel(release, image, modules))
    return max(found, key=lambda k: natural(k.release), default=None)


def unpack_kernel(deb):
    """Unpack a linux-image package into the cache; the kernel in it."""
    kernels = cache_dir("kernels")
    os.makedirs(kernels, exist_ok=True)
    tmp = tempfile.mkdtemp(prefix=".new-", dir=kernels)
    try:
        sh("dpkg-deb", "-x", deb, tmp)
        images = glob.glob(tmp + "/boot/vmlinuz-*")
        if len(images) != 1:
            raise Failure("no kernel image in " + deb)
        release = os.path.basename(images[0])[len("vmlinuz-"):]
        if os.path.isdir(tmp + "/usr/lib/modules") and not os.path.isdir(tmp + "/lib/modules"):
            os.makedirs(tmp + "/lib", exist_ok=True)
            os.rename(tmp + "/usr/lib/modules", tmp + "/lib/modules")
        sh(which("depmod") or "depmod", "-b", tmp, release)
        open(tmp + "/complete", "w").close()
        os.chmod(tmp, 0o755)
        final = os.path.join(kernels, release)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(tmp, final)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return cached_kernel(release)


class Apt:
    """apt with the machine's own sources, but no root, no changes to the machine."""

    def __init__(self, extra_sources=None, status="/var/lib/dpkg/status", name="apt"):
        self.opts = []
        if extra_sources is None:
            return
        top = cache_dir(name)
        for d in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(top, d), exist_ok=True)
        self.opts = ["-o", "Dir::State=" + top + "/state", "-o", "Dir::Cache=" + top + "/cache",
                     "-o", "Dir::State::status=" + status]
        if extra_sources:
            with open(top + "/sources.list", "w") as f:
                f.write("".join(line + "\n" for line in extra_sources))
            self.opts += ["-o", "Dir::Etc::sourcelist=" + top + "/sources.list",
                          "-o", "Dir::Etc::sourceparts=-"]
        done = subprocess.run(["apt-get", *self.opts, "-o", "APT::Sandbox::User=root", "-qq",
                               "update"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            detail("apt-get update: " + done.stdout.strip()[-400:])

    def packages(self, pattern):
        return sh("apt-cache", *self.opts, "search", "--names-only", pattern).split("\n")

    def find(self, want):
        """Newest linux-image package for a release, or its beginning."""
        if not want:
            out = sh("apt-cache", *self.opts, "depends", "--important", "linux-image-cloud-amd64") \
                if any(l.split(" - ")[0] == "linux-image-cloud-amd64"
                       for l in self.packages("^linux-image-cloud-amd64$")) else ""
            names = re.findall(r"Depends: (linux-image-[0-9]\S+)", out)
        else:
            lines = self.packages("^linux-image-" + re.escape(want))
            names = [l.split(" - ")[0] for l in lines if l]
            names = [n for n in names if not n.endswith(("-unsigned", "-dbg"))
                     and matches(n[len("linux-image-"):], want)]
            names = [n for n in names if n == "linux-image-" + want] or \
                    [n for n in names if "-cloud-" in n] or names
            names = [n for n in names if "-rt-" not in n] or names
        return max(names, key=natural, default=None)

    def base(self):
        """(address, codename) of the Debian archive that this machine installs from."""
        code = ""
        with open("/etc/os-release") as f:
            for line in f:
                if line.startswith("VERSION_CODENAME="):
                    code = line.split("=", 1)[1].strip().strip('"')
        out = sh("apt-get", *self.opts, "indextargets", "--format",
                 "$(CREATED_BY) $(REPO_URI) $(CODENAME) $(COMPONENT)")
        for line in out.split("\n"):
            f = line.split()
            if len(f) == 4 and f[0] == "Packages" and f[2] == code and f[3] == "main":
                return f[1], code
        return None, code

    def download(self, package):
        tmp = tempfile.mkdtemp(prefix="deb-", dir=cache_dir())
        say("downloading " + package)
        sh("apt-get", *self.opts, "-o", "APT::Sandbox::User=root", "-qq", "download", package,
           cwd=tmp)
        debs = glob.glob(tmp + "/*.deb")
        if not debs:
            raise Failure("apt-get download %s brought nothing" % package)
        return tmp, debs[0]


def source_line(base, suite):
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    opt = "[arch=amd64 signed-by=%s]" % key if os.path.exists(key) else "[arch=amd64]"
    return "deb %s %s %s main" % (opt, base, suite)


def apt_kernel(want):
    if not which("apt-get") or not which("dpkg-deb"):
        raise Failure("no kernel in the cache, and apt-get or dpkg-deb is not here to fetch one")
    apt, package = Apt(), None
    package = apt.find(want)
    if not package:                                  # the machine's package lists are empty
        apt = Apt([])
        package = apt.find(want)
    if not package:                                  # try the backports of the same archive
        base, code = apt.base()
        if base:
            apt = Apt([source_line(base, code + "-backports")])
            package = apt.find(want)
    if not package:
        raise Failure("no kernel package matches '%s'; `kernel-host kernels` lists what is here"
                      % (want or "linux-image-cloud-amd64"))
    release = package[len("linux-image-"):]
    have = cached_kernel(release)
    if have:
        return have
    tmp, deb = apt.download(package)
    try:
        return unpack_kernel(deb)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def find_kernel(want, update=False):
    """want: None, a release or its beginning (6.12), or the path of a linux-image .deb"""
    if want and want.endswith(".deb"):
        if not os.path.isfile(want):
            raise Failure("no such file: " + want)
        m = re.match(r"linux-image-(?:unsigned-)?([^_]+)_", os.path.basename(want))
        return (m and cached_kernel(m.group(1))) or unpack_kernel(want)
    pins = cache_dir("pins.json")            # what a short name meant the first time
    pinned = {}
    if os.path.exists(pins):
        with open(pins) as f:
            pinned = json.load(f)
    if not update:
        kernel = cached_kernel(pinned.get(want or "", want or "-"))
        if kernel:
            return kernel
    kernel = installed_kernel(want)
    if update or not kernel:
        kernel = apt_kernel(want)
        pinned[want or ""] = kernel.release
        with open(pins + ".new", "w") as f:
            json.dump(pinned, f)
        os.rename(pins + ".new", pins)
    return kernel
