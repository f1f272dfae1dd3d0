#!/bin/bash
# Target and host in one guest, the namespace a file on the guest's disk /dev/vdb. The power is cut while blocks are written
# and flushed; after the next boot every block that was flushed must be in the file. A flush that does not reach the disk
# loses data here, for a cut of the power takes the guest's page cache along.
# Needs --disk FILE and --tool TIDEGATE. Env: PHASE   write: say `FLUSHED number` for each flushed block, until the end
#                                                     check: compare the blocks up to LAST
UNIT=65536
FILE_MB=64
DISK=/mnt/disk.img
mkdir -p /mnt

block() {                       # block NUMBER: 64 KiB that no other number has
    yes "block $1" | head -c $UNIT
}

if [ "$PHASE" = check ]; then
    step "mount after the cut" mount -t ext4 /dev/vdb /mnt
    [ "$(stat -c %s $DISK)" -eq $((FILE_MB * 1048576)) ] || fail "the file has $(stat -c %s $DISK) bytes"
    for ((number = 0; number <= LAST; number++)); do
        dd if=$DISK of=/tmp/back bs=$UNIT skip=$number count=1 status=none || fail "read block $number"
        block $number | cmp -s - /tmp/back || fail "block $number was flushed and is lost"
    done
    pass "$((LAST + 1)) flushed blocks survived"
fi

step "mkfs" mkfs.ext4 -q -F /dev/vdb
step "mount" mount -t ext4 /dev/vdb /mnt
truncate -s ${FILE_MB}M $DISK
sync
tidegate target --listen 127.0.0.1:4420 --discovery none $DISK > /tmp/target.out 2>&1 &
until grep -q '^ready' /tmp/target.out; do
    kill -0 $! || { cat /tmp/target.out; fail "the target did not start"; }
    usleep 20000
done
TARGET_ADDR=127.0.0.1 PORT=4420
nqn=$(sed -n 's/^subsystem *//p' /tmp/target.out)
step "connect" connect "$nqn" -i 1
step "namespace 1 appears" wait_dev 1
[ "$(cat "/sys/block/${DEV#/dev/}/queue/write_cache")" = "write back" ] ||
    fail "the namespace reports no volatile write cache: the kernel would never flush"
for ((number = 0; number < FILE_MB * 16; number++)); do
    block $number > /tmp/block
    dd if=/tmp/block of="$DEV" bs=$UNIT seek=$number oflag=direct conv=fsync,notrunc status=none || fail "block $number"
    echo "FLUSHED $number"
done
fail "nobody cut the power"
