# The agent: what quorate runs on a node. It is sent with every round trip and never stored on the node.
#
# Called with a list of operations, each as COUNT NAME ARGUMENT…, where COUNT is how many words follow it. An argument is
# NAME=VALUE; `takes_NAME` above an operation's function says which there are (see main.sh). Their content
# comes on standard input if the first operation is `receive`: large files as they are, then everything small
# as a tar archive. Reports "step N ok" after each operation that changes something; stops at the first
# failure, with its reason on standard error. Operations that only read (`facts`, `member`) come last, so that
# the answer shows the node after the changes. Needs POSIX sh, coreutils, tar, openssl and systemd; nothing else.
set -eu
umask 077
export LC_ALL=C
state=/var/lib/quorate
incoming=$state/incoming
staging=
heavy=no
draft=
sandbox=
token=

# A hangup reaches everything that this program starts, and it must not stop the cleanup.
leave() {
  trap '' HUP INT PIPE TERM
  [ -z "$sandbox" ] || systemctl stop "$sandbox" 2>/dev/null || true
  [ -z "$draft" ] || rm -rf "$draft"
  [ -z "$staging" ] || rm -rf "$staging"
}
trap leave EXIT

# Ends cleanly on a hangup, and on every other signal that ends a shell.
heed() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
}
heed

# For programs that must not be interrupted. After a hangup the lock is gone, and the fence stops the next
# operation.
disregard() {
  trap '' HUP INT TERM
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# check_fence OPERATION: fails without the lock's token: nothing is changed without a lock. Exit code 75: LOCK_LOST in hint.ts.
check_fence() {
  [ -n "$token" ] || fail "$1: refused: the request has no lock token"
  held=
  # `read` also fails if the line has no end. quorate never creates a link or a pipe there.
  if [ -f /run/quorate/lock/token ] && [ ! -L /run/quorate/lock/token ]; then read -r held </run/quorate/lock/token || true; fi
  [ "$held" = "$token" ] && return
  echo "this run doesn't hold the lock on the node (any more): another operator may hold it" >&2
  exit 75
}

# Only the lock holder may continue; checked again before every following operation.
takes_fence='changes token'
op_fence() {
  token=$arg_token
  check_fence fence
  # No other run is active: existing files are left from a killed run.
  for folder in "$state"/incoming.*; do
    [ "$folder" = "$staging" ] || rm -rf "$folder"
  done
}

# `receive` stores content in this directory instead of on the system's disk. Only if no other user can write to it.
takes_incoming='changes folder'
op_incoming() {
  make_folder "$arg_folder"
  require_root "$arg_folder"
  incoming=$arg_folder/.quorate-incoming
}

# Stores the content of this run in a private directory on disk: files of these sizes in bytes, then an
# archive of texts if there are any (`yes`).
takes_receive='changes texts ..sizes'
op_receive() {
  make_folder "$state" 700
  [ -O "$state" ] && [ ! -L "$state" ] || fail "$state does not belong to root: find out who created it, then remove it"
  staging=$(mktemp -d "$incoming.XXXXXX")
  file=0
  [ $# = 0 ] || heavy=yes
  for size; do
    # `head -c` reads 8 KiB at a time, for twice the processor time.
    dd bs=256K count="$size" iflag=count_bytes,fullblock status=none >"$staging/f$file"
    [ "$(stat -c %s "$staging/f$file")" = "$size" ] || fail "an upload was interrupted"
    file=$((file + 1))
  done
  [ "$arg_texts" = yes ] || return 0
  trouble=$(tar -x -C "$staging" --no-same-owner -f - 2>&1) ||
    fail "${incoming%/*} can't store the upload: $(printf '%s\n' "$trouble" | grep -E -m 1 'No space|quota|Read-only' || printf '%s\n' "$trouble" | tail -n 1)"
}

# make_folder PATH [MODE]: creates it and its parents if missing; new ones belong to root and are readable,
# PATH has MODE, whatever the umask and the parent's access control list are.
make_folder() {
  [ ! -d "$1" ] || return 0
  case $1 in */*[!/]*) [ -d "${1%/*}/" ] || make_folder "${1%/*}" ;; esac
  (umask 022 && mkdir -m "${2:-755}" "$1") || [ -d "$1" ] || return 1
  plain "$1" "${2:-755}"
}
