"""A boot of the guest and the run of one script in it."""

import ctypes
import json
import os
import secrets
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

from .base import (BootFailure, EXIT_PANIC, EXIT_TIMEOUT, EXIT_USAGE, Failure, Lock, Verbosity,
                   detail, say)
from .image import build_guest, cpio
from .kernels import find_kernel

GUEST = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "guest")

CMDLINE = ("console=ttyS0 loglevel=7 panic=-1 oops=panic reboot=t mitigations=off audit=0 "
           "apparmor=0 tsc=reliable no_timer_check nokaslr random.trust_cpu=on nowatchdog "
           "rcupdate.rcu_cpu_stall_suppress=1 net.ifnames=0 printk.devkmsg=on "
           "hardened_usercopy=off")
# cx16=off: QEMU 7.2's emulated CMPXCHG16B now and then leaves garbage in EFLAGS, which
# crashes the guest (seen in up to a third of all boots); the kernel does without it.
# la57=off: four-level page tables are cheaper to walk.
CPU_TCG = "max,cx16=off,la57=off"
ACCEL = {"tcg": "tcg,thread=multi", "tcg-single": "tcg,thread=single", "kvm": "kvm"}


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG


class Guest:
    """One boot of the guest and one run of the script."""

    def __init__(self, args, top, overlay, netdev, nonce):
        self.args, self.nonce = args, nonce
        self.mark = b"\0KH-EXIT " + nonce.encode() + b" "
        self.console = []               # the guest's kernel log
        self.line = b""
        self.errors = b""               # what QEMU itself says
        self.started = None
        self.code = None
        self.held = b""
        self.ctl_line = b""
        self.waiting = None             # a host command or a pause in progress
        self.events = dict(e.split("=", 1) for e in args.on)
        self.dmesg = open(args.dmesg, "wb") if args.dmesg else None
        initrd = os.memfd_create("initrd")
        with open(top + "/base.cpio", "rb") as base, open(initrd, "wb", closefd=False) as out:
            shutil.copyfileobj(base, out)
            out.write(overlay)
        ends = {n: socket.socketpair() for n in ("con", "out", "ctl", "in", "qmp")}
        self.sock = {n: a for n, (a, _) in ends.items()}
        argv = [args.qemu, "-accel", ACCEL[args.accel],
                "-cpu", args.cpu or ("host" if args.accel == "kvm" else CPU_TCG),
                "-M", "pc", "-m", str(args.mem), "-smp", str(args.cpus),
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", top + "/vmlinux", "-initrd", "/proc/self/fd/%d" % initrd,
                "-append", " ".join([CMDLINE, *args.append])]
        for name, (_, theirs) in ends.items():
            argv += ["-chardev", "socket,id=%s,fd=%d" % (name, theirs.fileno())]
        argv += ["-serial", "chardev:con", "-mon", "chardev=qmp,mode=control",
                 "-device", "virtio-serial-pci,max_ports=4",
                 "-device", "virtserialport,chardev=out,name=kh.out",
                 "-device", "virtserialport,chardev=ctl,name=kh.ctl",
                 "-device", "virtserialport,chardev=in,name=kh.in",
                 "-drive", "if=none,id=image,format=raw,readonly=on,file=%s/image.ext4" % top,
                 "-device", "virtio-blk-pci,drive=image",
                 "-netdev", netdev, "-device", "virtio-net-pci,netdev=net0,romfile="]
        if args.disk:
            # no lock: a guest whose power was cut may hold it for a moment longer
            argv += ["-drive", "if=none,id=disk,format=raw,file.locking=off,file=" + args.disk,
                     "-device", "virtio-blk-pci,drive=disk"]
        if args.pcap:
            argv += ["-object", "filter-dump,id=dump0,netdev=net0,file=" + args.pcap]
        argv += shlex.split(args.qemu_args or "")
        self.born = time.monotonic()
        try:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                pass_fds=[initrd, *(b.fileno() for _, b in ends.values())],
                preexec_fn=die_with_parent)
        except FileNotFoundError:
            raise Failure("'%s' is not installed (package qemu-system-x86)" % args.qemu)
        os.close(initrd)
        for _, theirs in ends.values():
            theirs.close()
        self.qmp({"execute": "qmp_capabilities"})

    def qmp(self, command):
        try:
            self.sock["qmp"].sendall(json.dumps(command).encode() + b"\n")
        except OSError:
            pass

    # -- what comes from the guest

    def on_con(self, data):
        if self.dmesg:
            self.dmesg.write(data)
            self.dmesg.flush()
        if Verbosity.details:
            sys.stderr.buffer.write(data)
            sys.stderr.flush()
        *lines, self.line = (self.line + data).split(b"\n")
        self.console += [l.decode(errors="replace").rstrip("\r") for l in lines]
        del self.console[:-4000]

    def on_err(self, data):
        self.errors = (self.errors + data)[-4000:]
        if Verbosity.details:
            sys.stderr.buffer.write(data)

    def on_out(self, data):
        data = self.held + data
        at = data.find(self.mark)
        if at >= 0:
            end = data.find(b"\n", at)
            if end < 0:
                self.held = data[at:]
                self.emit(data[:at])
                return
            self.emit(data[:at])
            self.held = b""
            self.code = int(data[at + len(self.mark):end])
            return
        keep = 0                        # hold back what may be the beginning of the mark
        for n in range(min(len(self.mark) - 1, len(data)), 0, -1):
            if self.mark.startswith(data[-n:]):
                keep = n
                break
        self.held = data[len(data) - keep:]
        self.emit(data[:len(data) - keep])

    def emit(self, data):
        if data:
            try:
                self.args.output.write(data)
                self.args.output.flush()
            except BrokenPipeError:
                raise Failure("nobody reads the output any more")

    def on_ctl(self, data):
        *lines, self.ctl_line = (self.ctl_line + data).split(b"\n")
        for line in lines:
            word, _, rest = line.decode(errors="replace").strip().partition(" ")
            if word == "START":
                self.started = time.monotonic()
                detail("script begins %.1f s after power-on (guest clock %s)"
                       % (self.started - self.born, rest))
            elif word == "EVENT":
                self.event(rest)

    def answer(self, text):
        try:
            self.sock["ctl"].sendall(text.encode() + b"\n")
        except OSError:
            pass

    # -- events: the script asks this side to do something

    def event(self, text):
        name, _, arg = text.partition(" ")
        detail("event " + text)
        if name in self.events:
            env = dict(os.environ, EVENT=name, EVENT_ARG=arg, PORT=str(self.args.port or ""))
            child = subprocess.Popen(["/bin/sh", "-c", self.events[name]], env=env,
                                     stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(),
                                     preexec_fn=die_with_parent)
            self.waiting = ("command", child)
        elif name == "pause":
            try:
                seconds = float(arg)
            except ValueError:
                return self.answer("2")
            self.qmp({"execute": "stop"})
            self.waiting = ("pause", time.monotonic() + seconds)
        else:
            self.answer("none")

    def poll_waiting(self):
        if not self.waiting:
            return
        kind, what = self.waiting
        if kind == "command":
            if what.poll() is not None:
                self.waiting = None
                self.answer(str(what.returncode if what.returncode >= 0 else 128 - what.returncode))
        elif time.monotonic() >= what:
            self.waiting = None
            self.qmp({"execute": "cont"})
            self.answer("0")

    # -- the run

    def run(self):
        args = self.args
        sel = selectors.PollSelector()          # epoll refuses regular files (standard input)
        feed, feeding = b"", False
        take = {"con": self.on_con, "out": self.on_out, "ctl": self.on_ctl,
                "err": self.on_err, "in": lambda d: None, "qmp": lambda d: None}
        for name, s in [*self.sock.items(), ("err", self.process.stderr)]:
            sel.register(s, selectors.EVENT_READ, name)
        if args.stdin:
            sel.register(sys.stdin.fileno(), selectors.EVENT_READ, "stdin")
        while self.code is None:
            now = time.monotonic()
            if self.started is None and now > self.born + args.boot_timeout:
                raise BootFailure("the guest did not boot within %d s" % args.boot_timeout)
            if self.started is not None and args.timeout and now > self.started + args.timeout:
                raise Failure("time-out: the script still ran after %d s" % args.timeout,
                              EXIT_TIMEOUT)
            self.poll_waiting()
            for key, _ in sel.select(0.02 if self.waiting else 0.25):
                if key.data == "stdin":
                    feed = os.read(sys.stdin.fileno(), 65536)
                    sel.unregister(sys.stdin.fileno())
                    if feed:                    # and no more of it until this is delivered
                        feeding = True
                        sel.modify(self.sock["in"], selectors.EVENT_WRITE, "in")
                    else:
                        self.sock["in"].shutdown(socket.SHUT_WR)
                    continue
                if key.data == "in" and feeding:
                    feed = feed[self.sock["in"].send(feed, socket.MSG_DONTWAIT):]
                    if not feed:
                        feeding = False
                        sel.modify(self.sock["in"], selectors.EVENT_READ, "in")
                        sel.register(sys.stdin.fileno(), selectors.EVENT_READ, "stdin")
                    continue
                try:
                    data = os.read(key.fd, 65536)
                except ConnectionResetError:
                    data = b""
                if data:
                    take[key.data](data)
                else:
                    sel.unregister(key.fileobj)
            if self.code is None and self.process.poll() is not None and \
                    not any(k.data in ("out", "con", "err") for k in sel.get_map().values()):
                self.dead()
        self.started = self.started or time.monotonic()
        return self.code

    def dead(self):
        err = self.errors.decode(errors="replace").strip()
        panic = [l for l in self.console if "Kernel panic" in l]
        why = panic[0] if panic else err or "QEMU ended with status %d" % self.process.returncode
        if self.started is None:
            if self.process.returncode and not self.console:
                raise Failure("QEMU: " + why)
            raise BootFailure("the guest died while booting: " + why)
        raise Failure("the guest died: " + why, EXIT_PANIC)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.waiting and self.waiting[0] == "command" and self.waiting[1].poll() is None:
            self.waiting[1].terminate()
        for s in self.sock.values():
            s.close()
        self.process.stderr.close()
        if self.dmesg:
            self.dmesg.close()

    def tail(self, n=25):
        return "\n".join(self.console[-n:] + ([self.line.decode(errors="replace")]
                                              if self.line else []))


def shell_quote_env(env):
    return "".join("export %s=%s\n" % (k, shlex.quote(str(v))) for k, v in env.items())


def overlay(args, script, nonce):
    """Files of this run alone: init, helpers, the script, the environment."""
    entries = []
    for name, mode in (("init", 0o100755), ("lib.sh", 0o100644), ("nvmet.sh", 0o100644)):
        with open(os.path.join(GUEST, name), "rb") as f:
            entries.append(("init" if name == "init" else "kh/" + name, mode, f.read()))
    with open(script, "rb") as f:
        body = f.read()
    entries.append(("kh/script", 0o100755, body))
    first = body.split(b"\n", 1)[0]
    shell = "direct"
    if first.startswith(b"#!"):
        words = first[2:].decode(errors="replace").split()
        name = os.path.basename(words[0]) if words else ""
        if name == "env" and len(words) > 1:
            name = os.path.basename(words[1])
        shell = {"sh": "sh", "dash": "sh", "ash": "sh", "busybox": "sh", "bash": "bash"}.get(
            name, "direct")
    elif not body.startswith(b"\x7fELF"):
        shell = "sh"
    env = {
        "PORT": 4420 if args.self_test else args.port,
        "TARGET_ADDR": "127.0.0.1" if args.self_test else "10.0.2.2",
        "SELF_TEST": "1" if args.self_test else "",
        "SCRIPT": os.path.basename(script),
        "HOSTNQN": args.hostnqn, "HOSTID": args.hostid, "NQN": args.nqn or "",
    }
    for item in args.env:
        if "=" not in item:
            raise Failure("--env wants NAME=VALUE, got '%s'" % item, EXIT_USAGE)
        k, v = item.split("=", 1)
        env[k] = v
    conf = shell_quote_env(env) + "KH_NONCE=%s\nKH_SHELL=%s\nKH_STDIN=%s\nKH_ARGS=%s\n" % (
        nonce, shell, "1" if args.stdin else "", shlex.quote(" ".join(map(shlex.quote, args.args))))
    entries.append(("kh/conf", 0o100644, conf.encode()))
    seen = set()
    for item in args.file:
        src, _, dest = item.partition(":")
        dest = (dest or "/root/" + os.path.basename(src)).lstrip("/")
        for i in range(1, dest.count("/") + 1):
            parent = "/".join(dest.split("/")[:i])
            if parent not in seen and parent.split("/")[0] not in ("usr", "bin", "lib", "sbin"):
                seen.add(parent)
                entries.append((parent, 0o40755, b""))
        try:
            with open(src, "rb") as f:
                entries.append((dest, 0o100755 if os.access(src, os.X_OK) else 0o100644, f.read()))
        except OSError as e:
            raise Failure("--file: %s" % e, EXIT_USAGE)
    return cpio(entries)


def prepare(args):
    with Lock():
        kernel = find_kernel(args.kernel)
        return kernel, build_guest(kernel, args.tool)


def run_guest(args, script, netdev="user,id=net0,ipv6=off"):
    kernel, top = prepare(args)
    for attempt in range(1, args.boot_attempts + 1):
        nonce = secrets.token_hex(8)
        guest = Guest(args, top, overlay(args, script, nonce), netdev, nonce)
        try:
            code = guest.run()
            end = time.monotonic()
            if args.timing or Verbosity.details:
                say("%s: boot %.1f s, script %.1f s, exit %d" % (
                    kernel.release, guest.started - guest.born, end - guest.started, code))
            return code
        except BootFailure as e:
            say("%s (attempt %d of %d)" % (e, attempt, args.boot_attempts))
            if attempt == args.boot_attempts:
                if not Verbosity.details:
                    print(guest.tail(), file=sys.stderr)
                raise Failure("no boot in %d attempts" % attempt)
        except Failure as e:
            if e.code in (EXIT_PANIC, EXIT_TIMEOUT) and not Verbosity.details:
                say("end of the guest's kernel log:")
                print(guest.tail(12 if e.code == EXIT_TIMEOUT else 30), file=sys.stderr)
            raise
        finally:
            guest.close()
