#!/bin/bash
# Bad blocks under a namespace: a disk in memory whose middle the device mapper lets fail, served by a target in this guest.
# Reads and writes of the bad blocks fail with the media errors that say so, all others succeed, the target logs each kind
# once and lives on.
# Needs --tool TIDEGATE --tool dmsetup.

DISK=/dev/mapper/bad
GOOD=16384                      # sectors before and behind the bad ones
BAD=2048
modprobe brd rd_nr=1 rd_size=$(((2 * GOOD + BAD) / 2)) || fail "no disk in memory"
modprobe dm_mod || fail "no device mapper"
printf '%s\n' "0 $GOOD linear /dev/ram0 0" "$GOOD $BAD error" \
    "$((GOOD + BAD)) $GOOD linear /dev/ram0 $((GOOD + BAD))" > /tmp/table
step "a disk with bad blocks" dmsetup create bad --noudevsync /tmp/table
[ -b $DISK ] || dmsetup mknodes
tidegate target --listen 127.0.0.1:4420 --discovery none $DISK > /tmp/target.out 2>&1 &
target=$!
until grep -q '^ready' /tmp/target.out; do
    kill -0 $target || { cat /tmp/target.out; fail "the target did not start"; }
    usleep 20000
done
TARGET_ADDR=127.0.0.1 PORT=4420
nqn=$(sed -n 's/^subsystem *//p' /tmp/target.out)
step "connect" connect "$nqn" -i 1
step "namespace 1 appears" wait_dev 1
head -c 4096 /dev/urandom > /tmp/data

sector=$(block_size "$DEV")
good() {                        # good SECTOR: can be written and read
    dd if=/tmp/data of="$DEV" bs=4096 seek=$(($1 * 512)) oflag=direct,seek_bytes conv=notrunc status=none &&
        dd if="$DEV" of=/tmp/back bs=4096 count=1 skip=$(($1 * 512)) iflag=direct,skip_bytes status=none &&
        cmp /tmp/data /tmp/back
}

status() {                      # status COMMAND...: what the controller answers
    "$@" 2>&1 | sed -n 's/.*(\(0x[0-9a-f]*\)).*/\1/p' | head -n 1
}

block=$((GOOD * 512 / sector))
for round in 1 2 3; do
    note "round $round"
    good 0 || fail "the first blocks"
    good $((GOOD - 8)) || fail "the blocks before the bad ones"
    good $((GOOD + BAD)) || fail "the blocks behind the bad ones"
    got=$(status nvme read "$DEV" -n 1 -s $block -c 0 -z "$sector" -d /tmp/x)
    [ $((got & 0x7ff)) -eq $((0x281)) ] || fail "read of a bad block: status '$got', not Unrecovered Read Error (0x281)"
    got=$(status nvme write "$DEV" -n 1 -s $block -c 0 -z "$sector" -d /tmp/data)
    [ $((got & 0x7ff)) -eq $((0x280)) ] || fail "write of a bad block: status '$got', not Write Fault (0x280)"
done
kill -0 $target || { cat /tmp/target.out; fail "the target ended"; }
sed 's/^/    target: /' /tmp/target.out
grep -q "$DISK" /tmp/target.out || fail "the log does not name $DISK"
step "disconnect" disconnect
pass "media errors for bad blocks, and for them alone"
