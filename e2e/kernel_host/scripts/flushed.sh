#!/bin/bash
# Writes that were flushed before the target was killed are there afterwards. Four writers, each with blocks of its own, say
# `FLUSHED writer number` for each block whose write and flush the kernel has seen succeed; whoever reads that may kill the
# target and start it again, as often as OUTAGES says. At the end every flushed block is read and compared, and the writers
# must have gone on after the last outage.
# Env: OUTAGES (3), BLOCKS (60) for each writer

nqn=$(default_nqn) || fail "no subsystem: discovery failed"
OUTAGES=${OUTAGES:-3}
BLOCKS=${BLOCKS:-60}
UNIT=16384
step "connect" connect "$nqn" -i "$(nproc)" --reconnect-delay=1 --ctrl-loss-tmo=600 --keep-alive-tmo=5
step "namespace 1 appears" wait_dev 1
[ "$(cat "/sys/block/${DEV#/dev/}/queue/write_cache")" = "write back" ] ||
    fail "the namespace reports no volatile write cache: the kernel would never flush"
mark_log

block() {                       # block WRITER NUMBER: 16 KiB that no other writer and number has
    yes "writer $1 block $2" | head -c $UNIT
}

for writer in 0 1 2 3; do
    (
        trap - EXIT
        for ((number = 0; number < BLOCKS; number++)); do
            block $writer $number > /tmp/block$writer
            dd if=/tmp/block$writer of="$DEV" bs=$UNIT seek=$((writer * BLOCKS + number)) oflag=direct conv=fsync,notrunc \
                status=none || { touch /tmp/failed; exit 1; }
            echo "FLUSHED $writer $number"
        done
    ) &
done
wait $(jobs -p)
[ -e /tmp/failed ] && fail "a write or a flush failed"

resumed=$(new_log | grep -c "nvme $CTRL: Successfully reconnected")
note "$resumed reconnections"
[ "$resumed" -ge "$OUTAGES" ] || fail "$resumed reconnections after $OUTAGES outages"
echo "--- compare"
for writer in 0 1 2 3; do
    for ((number = 0; number < BLOCKS; number++)); do
        dd if="$DEV" of=/tmp/back bs=$UNIT skip=$((writer * BLOCKS + number)) count=1 iflag=direct status=none || fail "read"
        block $writer $number | cmp -s - /tmp/back || fail "block $number of writer $writer is lost"
    done
done
new_log | grep -E 'I/O error|Buffer I/O' && fail "the block layer saw I/O errors"
step "disconnect" disconnect
pass "$((4 * BLOCKS)) flushed blocks, $resumed outages, none lost"
