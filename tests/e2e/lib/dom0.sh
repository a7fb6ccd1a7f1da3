# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scenarios, which run in dom0: guests, questions to them, their device
# model. A scenario begins with `. "$RIG/lib/dom0.sh"`.

set -u
. "$RIG/lib/claims.sh"
. "$RIG/facts"

declare -A ANSWERS

# give_up TEXT: ends a scenario that cannot go on; run counts that as a failure.
give_up() { event not-ok "$LABEL: runs_to_its_end ($*)"; exit 1; }

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "not so in time: $*"; return 1; }
        sleep 0.3
    done
}

# guest_config NAME PCI-LIST KERNEL-ARGUMENTS [LINE...]: writes /run/NAME.cfg.
# The guest has two serial ports: its console, and the agent's. With several CPUs
# it keeps off the one that is dom0's: see "What had to be found out".
guest_config() {
    local name=$1
    cat > "/run/$name.cfg" <<CFG
name = "$name"
type = "hvm"
memory = ${GUEST_MEMORY:-384}
vcpus = ${GUEST_VCPUS:-1}
${GUEST_VCPUS:+cpus = \"1\"}
kernel = "/guest/vmlinuz"
ramdisk = "/run/guest-initrd"
cmdline = "console=ttyS0 loglevel=5 $3"
serial = [ "file:/run/$name.console", "pipe:/run/$name.agent" ]
vga = "none"
vnc = 0
nographic = 1
pci = [ $2 ]
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "preserve"
CFG
    shift 3
    if [ -x "$RIG/dm/dm" ]; then
        set -- "$@" "device_model_override = \"$RIG/dm/dm\""
    fi
    printf '%s\n' "$@" >> "/run/$name.cfg"
    rm -f "/run/$name.agent".{in,out}
    mkfifo "/run/$name.agent".{in,out}
    # Both ends of a FIFO at once, so that neither open nor write can block.
    exec {ANSWERS[$name]}<> "/run/$name.agent.out"
}

# guest_create NAME [xl create's options]: starts it.
guest_create() {
    local name=$1
    shift
    xl create "$@" "/run/$name.cfg"
}

# guest_listen NAME SECONDS: waits for the agent's first words.
guest_listen() {
    local line end=$((SECONDS + $2))
    while IFS= read -r -t $((end - SECONDS)) -u "${ANSWERS[$1]}" line; do
        [ "$line" != hello ] || return 0
    done 2> /dev/null
    echo "the guest did not come up within $2 s"
    return 1
}

# ask [-t SECONDS] NAME COMMAND: the guest's agent runs the command (a line: ends
# of lines become spaces); prints what it printed and returns what it returned,
# 124 for no answer.
ask() {
    local limit=60 name line end id=${EPOCHREALTIME/[.,]/}
    [ "$1" != -t ] || { limit=$2; shift 2; }
    name=$1
    shift
    end=$((SECONDS + limit))
    printf '%s %s\n' "$id" "${*//$'\n'/ }" 1<> "/run/$name.agent.in"
    while IFS= read -r -t $((end - SECONDS)) -u "${ANSWERS[$name]}" line; do
        case $line in
        "$id|"*) echo "${line#*|}" ;;
        "$id="*) return "${line#*=}" ;;
        esac
    done 2> /dev/null
    echo "no answer within $limit s to: $*"
    return 124
}

dm_pid() { xenstore-read "/local/domain/$(xl domid "$1")/image/device-model-pid"; }

# qmp NAME COMMAND [ARGUMENTS]: says one thing to a guest's device model, on the
# monitor that xl leaves alone; prints the answer, one line of JSON.
qmp() { "$RIG/lib/qmp" "/var/run/xen/qmp-libxenstat-$(xl domid "$1")" "${@:2}"; }

# counters NAME BDF COUNTER...: what a device model has counted for a device.
counters() {
    local id=${2#*:}
    qmp "$1" qom-get "{\"path\": \"/machine/peripheral/pci-pt-${id/:/_}\",
        \"property\": \"xen-pt-status\"}" | python3 -c 'import json, sys
counters = json.loads(json.load(sys.stdin))["counters"]
print(*(counters[name] for name in sys.argv[1:]))' "${@:3}"
}

# assignable BDF...: gives them up for guests.
assignable() {
    local bdf
    for bdf; do
        xl pci-assignable-add "$bdf" || give_up "$bdf cannot be made assignable"
    done
}

# rises GUEST NAME LEAST COMMAND...: the guest runs the command; sets `answer` to
# what it printed and `rise` to how many interrupts of that name arrived
# meanwhile. LEAST, how many the I/O needs, is kept for the picture.
rises() {
    local guest=$1 name=$2 least=$3 before after
    shift 3
    before=$(ask "$guest" interrupts "$name")
    answer=$(ask -t 90 "$guest" "$*")
    after=$(ask "$guest" interrupts "$name")
    rise=-1
    [[ $before$after =~ ^[0-9]+$ ]] && rise=$((after - before))
    printf '%-10s %5d, needed %d\n' "$name" "$rise" "$least" >> "$OUT/interrupts"
}

# took SECONDS COMMAND...: it succeeds within that time.
took() {
    local limit=$1 began=${EPOCHREALTIME/[.,]/} spent
    shift
    "$@" || return
    spent=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    echo "took $spent ms, should be at most $limit s"
    [ $spent -le $((limit * 1000)) ]
}
