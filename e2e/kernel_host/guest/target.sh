#!/bin/sh
# `kernel-host target`: the kernel's own target for others to connect to
. /kh/nvmet.sh
nvmet_start 0.0.0.0 "$NVMET_PORT" || fail "the kernel's target does not start"
echo "listening on 127.0.0.1:$PORT, $NVMET_NQN"
while :; do sleep 3600; done
