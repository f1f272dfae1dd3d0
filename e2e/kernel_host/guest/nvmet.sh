# The Linux kernel's own target, for --self-test and for `kernel-host target`.
#   NVMET_NQN   subsystem (one, with two namespaces: 512-byte and 4096-byte blocks)
#   NVMET_SIZE  megabytes of namespace 1 (namespace 2 has a quarter)
NVMET_NQN=${NVMET_NQN:-nqn.2024-01.io.kernel-host:nvmet}
NVMET_SIZE=${NVMET_SIZE:-256}
_cfg=/sys/kernel/config

_nullb() {                      # _nullb NAME MEGABYTES BLOCKSIZE: a disk in memory
    mkdir "$_cfg/nullb/$1" || return 1
    cd "$_cfg/nullb/$1" || return 1
    echo "$2" > size
    echo "$3" > blocksize
    echo 1 > memory_backed
    echo 1 > discard
    echo 2 > queue_mode
    echo 0 > irqmode
    echo 1 > power
    cd - > /dev/null || return 1
}

nvmet_start() {                 # nvmet_start ADDRESS PORT
    modprobe configfs && modprobe null_blk nr_devices=0 && modprobe -a nvmet nvmet-tcp || return 1
    grep -q " $_cfg " /proc/mounts || mount -t configfs configfs "$_cfg" || return 1
    _nullb kh0 "$NVMET_SIZE" 512 || return 1
    _nullb kh1 $((NVMET_SIZE / 4)) 4096 || return 1
    _sub=$_cfg/nvmet/subsystems/$NVMET_NQN
    mkdir "$_sub" || return 1
    echo 1 > "$_sub/attr_allow_any_host"
    # the same identity after a restart: a host drops a namespace whose identifiers change
    echo 4b48544152474554 > "$_sub/attr_serial"
    for _i in 0 1; do
        _ns=$_sub/namespaces/$((_i + 1))
        mkdir "$_ns" || return 1
        echo "6f0c1a52-77a2-4f0e-9a57-3d1f4a3c10$_i$_i" > "$_ns/device_uuid"
        echo "6f0c1a52-77a2-4f0e-9a57-3d1f4a3c20$_i$_i" > "$_ns/device_nguid"
        # the second disk of null_blk may be nullb0 or nullb1, depending on the kernel
        _index=$(cat "$_cfg/nullb/kh$_i/index")
        for _disk in "/dev/kh$_i" "/dev/nullb$_index"; do
            [ -b "$_disk" ] && break
        done
        echo -n "$_disk" > "$_ns/device_path"
        echo 1 > "$_ns/enable" || return 1
    done
    _port=$_cfg/nvmet/ports/1
    mkdir "$_port" || return 1
    echo tcp > "$_port/addr_trtype"
    echo ipv4 > "$_port/addr_adrfam"
    echo "$1" > "$_port/addr_traddr"
    echo "$2" > "$_port/addr_trsvcid"
    nvmet_listen on
}

nvmet_listen() {                # nvmet_listen on|off: off also drops every connection
    if [ "$1" = on ]; then
        ln -s "$_cfg/nvmet/subsystems/$NVMET_NQN" "$_cfg/nvmet/ports/1/subsystems/"
    else
        rm "$_cfg/nvmet/ports/1/subsystems/$NVMET_NQN"
    fi
}
