# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a scenario reports, in dom0 and outside. Every report is one line of the
# file $EVENTS: kind, tab, text. tests/e2e/run prints them as they come and
# counts the verdicts. $LABEL names the scenario.

event() { printf '%s\t%s\n' "$1" "$2" >> "$EVENTS"; }

# step TEXT: what is going to happen, for the person who watches.
step() { event step "$LABEL: $*"; }

# claim NAME COMMAND...: the claim holds if the command succeeds. What it prints
# goes to the log, and its last line is the reason when it fails.
claim() {
    local name=$1 said="no command"
    shift
    if [ $# -gt 0 ] && said=$("$@" 2>&1); then
        event ok "$LABEL: $name"
    else
        event not-ok "$LABEL: $name ($(tail -n 1 <<< "${said:-$* failed}"))"
        said+=" [FAILED]"
    fi
    printf -- '-- %s: %s\n%s\n' "$name" "$*" "$said"
    [ "${said% \[FAILED\]}" = "$said" ]
}

# show NAME: keeps the standard input as a part of the demo's picture.
show() { mkdir -p "$OUT/show"; cat > "$OUT/show/$1"; }

same() { [ "$1" = "$2" ] || { echo "is $1, should be $2"; return 1; }; }
at_least() { [ "$1" -ge "$2" ] || { echo "is $1, should be at least $2"; return 1; }; }
at_most() { [ "$1" -le "$2" ] || { echo "is $1, should be at most $2"; return 1; }; }
matches() { [[ $1 =~ $2 ]] || { echo "is '$1', should match '$2'"; return 1; }; }
not() { ! "$@"; }
