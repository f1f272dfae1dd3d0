# Helpers for guest scripts (POSIX sh; also fine in bash).  Variables set beforehand:
#   TARGET_ADDR PORT   where the target listens, seen from the guest
#   NQN                the subsystem, if given with --nqn (see default_nqn)
#   HOSTNQN HOSTID     this host
#   SELF_TEST          1 when the target is the kernel's own, in this guest
#   SCRIPT             the script's name
#   CONNECT_OPTIONS    options for every `connect`
# Set by the helpers:
#   CTRL               the controller that the last `connect` made (nvme0)
#   DEV                the block device that the last `wait_dev` found (/dev/nvme0n1)

now() { read -r _now _ < /proc/uptime; echo "$_now"; }

# ---- verdicts: a script ends with exactly one line PASS, FAIL or SKIP

_verdict=''
_step=''

fail() {                        # fail MESSAGE: say so and end the script
    _verdict=1
    echo "FAIL ${SCRIPT}: $*"
    exit 1
}

pass() {                        # pass MESSAGE
    _verdict=1
    echo "PASS ${SCRIPT}: $*"
    exit 0
}

skip() {                        # skip MESSAGE: nothing could be tested (exit 77)
    _verdict=1
    echo "SKIP ${SCRIPT}: $*"
    exit 77
}

_at_exit() {
    _rc=$?
    [ -n "$_verdict" ] && return
    # a script that never uses these helpers keeps its output to itself
    [ -n "$_step" ] || return
    [ $_rc -eq 0 ] && { _rc=1; echo "FAIL ${SCRIPT}: ended without a verdict after: $_step"; exit 1; }
    echo "FAIL ${SCRIPT}: ended with status $_rc in: $_step"
}
trap _at_exit EXIT

step() {                        # step DESCRIPTION COMMAND...: run it, fail if it fails
    _step=$1
    shift
    echo "--- $_step"
    "$@" || fail "$_step (status $?)"
}

note() { echo "    $*"; }

quiet() { "$@" > /tmp/quiet 2>&1 || { _rc=$?; cat /tmp/quiet; return $_rc; }; }

# ---- connecting

connect() {                     # connect NQN [nvme connect option...]; sets CTRL
    _nqn=$1
    shift
    [ -n "$_nqn" ] || { echo "connect: no NQN" >&2; return 2; }
    # shellcheck disable=SC2086
    set -- $CONNECT_OPTIONS "$@"
    _before=$(ls /sys/class/nvme 2>/dev/null)
    _t0=$(now)
    if ! _out=$(nvme connect -t tcp -a "$TARGET_ADDR" -s "$PORT" -n "$_nqn" "$@" 2>&1); then
        echo "connect: $_out" >&2
        dmesg | grep nvme | grep -v nvmet | tail -n 5 >&2
        return 1
    fi
    _connected
}

fabrics_connect() {             # fabrics_connect NQN OPTION,OPTION...: without nvme-cli, for what it
    _nqn=$1                     # refuses; a hostnqn=,hostid= among the options replaces this host's
    _opts=${2:+,$2}
    case "$_opts" in *,hostnqn=*) ;; *) _opts=$_opts,hostnqn=$HOSTNQN,hostid=$HOSTID ;; esac
    _before=$(ls /sys/class/nvme 2>/dev/null)
    _t0=$(now)
    if ! echo "transport=tcp,traddr=$TARGET_ADDR,trsvcid=$PORT,nqn=$_nqn$_opts" > /dev/nvme-fabrics; then
        dmesg | grep nvme | grep -v nvmet | tail -n 5 >&2
        return 1
    fi
    _connected
}

_connected() {                  # which controller is new
    CTRL=''
    for _c in $(ls /sys/class/nvme 2>/dev/null); do
        # shellcheck disable=SC2086
        case " $(echo $_before) " in *" $_c "*) ;; *) CTRL=$_c ;; esac
    done
    [ -n "$CTRL" ] || { echo "connect: no new controller: $_out" >&2; return 1; }
    echo "connected $CTRL to $_nqn in $(awk -v a="$_t0" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }') s," \
        "$(io_queues "$CTRL") I/O queue(s)"
}

disconnect() {                  # disconnect [nvme0|NQN]...; without arguments: everything
    [ $# -gt 0 ] || set -- $(ls /sys/class/nvme 2>/dev/null)
    for _c in "$@"; do
        if [ -e "/sys/class/nvme/$_c" ]; then
            nvme disconnect -d "$_c" > /dev/null || return 1
            _n=0
            while [ -e "/sys/class/nvme/$_c" ]; do
                _n=$((_n + 1))
                [ $_n -gt 300 ] && { echo "disconnect: $_c is still there" >&2; return 1; }
                usleep 50000
            done
        else
            nvme disconnect -n "$_c" || return 1
        fi
    done
}

ns_dir() {                      # ns_dir NSID [CTRL]: the namespace's folder under its controller
    for _p in /sys/class/nvme/"${2:-$CTRL}"/nvme*n*; do
        [ -r "$_p/nsid" ] && [ "$(cat "$_p/nsid")" = "$1" ] && echo "$_p" && return 0
    done
    return 1
}

ns_path() {                     # ns_path NSID [CTRL]: name of the block device (its number
    _p=$(ns_dir "$@") || return 1         # need not be the NSID), or status 1
    # with multipath the controller's own node is hidden: nvme0c1n1 stands for nvme0n1
    basename "$_p" | sed 's/c[0-9]*n/n/'
}

wait_dev() {                    # wait_dev NSID [CTRL]: wait for the block device; sets DEV
    _n=0
    until _d=$(ns_path "$1" "$2") && [ -b "/dev/$_d" ] && [ "$(cat "/sys/block/$_d/size")" -gt 0 ]; do
        _n=$((_n + 1))
        [ $_n -gt 300 ] && { echo "wait_dev: no namespace $1 on ${2:-$CTRL}" >&2; return 1; }
        usleep 50000
    done
    DEV=/dev/$_d
}

namespaces() {                  # namespaces [CTRL]: the NSIDs of its block devices
    for _p in /sys/class/nvme/"${1:-$CTRL}"/nvme*n*; do
        [ -r "$_p/nsid" ] && cat "$_p/nsid"
    done | sort -n
}

state() { cat "/sys/class/nvme/${1:-$CTRL}/state" 2>/dev/null || echo gone; }

wait_state() {                  # wait_state STATE SECONDS [CTRL]; !live waits for anything else
    _n=$(($2 * 20))
    while :; do
        _s=$(state "$3")
        case "$1" in
        !*) [ "$_s" != "${1#!}" ] && return 0 ;;
        *) [ "$_s" = "$1" ] && return 0 ;;
        esac
        _n=$((_n - 1))
        [ $_n -le 0 ] && { echo "wait_state: ${3:-$CTRL} is $_s, not $1, after $2 s" >&2; return 1; }
        usleep 50000
    done
}

io_queues() {                   # io_queues [CTRL]
    _q=$(cat "/sys/class/nvme/${1:-$CTRL}/queue_count" 2>/dev/null)
    echo $((${_q:-1} - 1))
}

capacity() { blockdev --getsize64 "$1"; }
block_size() { blockdev --getss "$1"; }

# ---- which subsystem

discover() { nvme discover -t tcp -a "$TARGET_ADDR" -s "$PORT" "$@"; }

default_nqn() {                 # prints $NQN, or the first NVM subsystem in the discovery log
    if [ -n "$NQN" ]; then
        echo "$NQN"
        return 0
    fi
    _log=$(discover -o json) || return 1
    echo "$_log" | awk -F'"' '
        /"subtype"/ { nvm = ($4 == "nvme subsystem") }
        /"subnqn"/ && nvm && !done { print $4; done = 1 }
        END { exit !done }'
}

# ---- the other side

host() {                        # host EVENT [ARGUMENT]: ask the harness; status 0: it did it
    echo "EVENT $*" >&9
    read -r _reply <&9
    case "$_reply" in
    none) return 127 ;;
    *) return "$_reply" ;;
    esac
}

pause() {                       # pause SECONDS: the whole guest stops, its connections stay open
    host pause "$1"
}

# ---- the kernel log

mark_log() { _mark=$(dmesg | wc -l); }

new_log() { dmesg | tail -n +$((${_mark:-0} + 1)); }

check_log() {                   # status 1 and the lines, if the kernel complained about nvme
    _bad=$(new_log | grep -iE 'nvme' | grep -iE "${1:-I/O error|timeout|digest error|duplicate|\
invalid|unsupported|unexpected|unrecognized|mismatch|fail|error -|reset|reconnect|r2t.*(len|off)|bad |\
missing|no space|bogus|not support}" | grep -vE "nvmet|nvme_keep_alive_end_io|${2:-^\$}")
    # (the kernel reports its own pending Keep Alive when a disconnect cancels it)
    _oops=$(new_log | grep -E 'WARNING: CPU|BUG:|Oops|Call Trace')
    [ -z "$_bad$_oops" ] && return 0
    echo "the kernel log says:"
    echo "$_bad$_oops"
    return 1
}

# ---- I/O

FIO="fio --direct=1 --ioengine=libaio --thread --output-format=normal --eta=never"

fio_run() {                     # fio_run NAME FIO-OPTION...: one job; a short line if it went well
    _name=$1
    shift
    _log=/tmp/fio-$_name.log
    rm -f "$_log"
    if ! $FIO --name="$_name" --output="$_log" "$@" > "$_log.err" 2>&1; then
        cat "$_log" "$_log.err"
        return 1
    fi
    if ! grep -q 'err= 0' "$_log" || grep -q 'err= *[1-9]' "$_log"; then
        cat "$_log" "$_log.err"
        return 1
    fi
    note "$_name: $(sed -nE 's/^ +(read|write): IOPS=([^,]*), BW=([^ ]*).*/\1 \2 IOPS \3/p' "$_log" |
        tr '\n' ';')"
}

if [ -n "$SELF_TEST" ]; then
    . /kh/nvmet.sh
    [ -d "$_cfg/nvmet" ] || nvmet_start 127.0.0.1 "$PORT" || {
        echo "self-test: the kernel's target does not start" >&2
        exit 1
    }
    host() {                    # in the self-test this guest is also the target
        case "$1" in
        READY)
            nvmet_listen off
            sleep 4
            nvmet_listen on
            ;;
        *) return 127 ;;
        esac
    }
fi
