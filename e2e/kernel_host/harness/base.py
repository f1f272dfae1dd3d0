"""What all parts share: failures, messages, the cache."""

import fcntl
import os
import re
import shutil
import subprocess
import sys

EXIT_USAGE = 2
EXIT_PANIC = 123                # the guest died after the script had begun
EXIT_TIMEOUT = 124              # the script ran past --timeout
EXIT_HARNESS = 125              # no kernel, no QEMU, no boot, ...


class Failure(Exception):
    """An error of the harness itself."""
    def __init__(self, message, code=EXIT_HARNESS):
        super().__init__(message)
        self.code = code


class BootFailure(Failure):
    """The guest never got as far as the script: worth another try."""


class Verbosity:
    """Whether details are printed; set once by the command line."""
    details = False


def say(message):
    print("kernel-host: " + message, file=sys.stderr, flush=True)


def detail(message):
    if Verbosity.details:
        say(message)


def sh(*argv, **kw):
    """Run a command; its standard output as text."""
    kw.setdefault("stderr", subprocess.PIPE)
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, **kw)
    except FileNotFoundError:
        raise Failure("the program '%s' is not installed" % argv[0])
    if done.returncode:
        raise Failure("%s failed (%d): %s" % (" ".join(argv), done.returncode,
                                              (done.stderr or "").strip()[-800:]))
    return done.stdout


def which(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin")


def cache_dir(*parts):
    base = os.environ.get("KERNEL_HOST_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kernel-host")
    return os.path.join(base, *parts)


class Lock:
    """One process at a time fills the cache."""
    def __enter__(self):
        os.makedirs(cache_dir(), exist_ok=True)
        self.file = open(cache_dir("lock"), "w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def natural(text):
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.findall(r"\d+|\D+", text)]
