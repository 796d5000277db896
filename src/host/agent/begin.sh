# What quorate does on a machine, in one go: it is sent with every round trip and stays nowhere.
#
# Called with a list of operations, each as COUNT NAME ARGUMENT…, where COUNT is how many words follow it. An argument is
# NAME=VALUE; `takes_NAME` above an operation's function says which there are (see main.sh). What they need of content comes
# on standard input if the first operation is `receive`: large files as they are, then everything small as a tar archive.
# Reports "step N ok" after each operation that changes something; stops at the first that fails, its reason on standard
# error. Operations that look (`facts`, `member`) come last, so that the answer shows the machine as the others left it.
# POSIX sh, coreutils, tar, openssl and systemd; nothing else.
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

# Who hangs us up hangs up all that we start as well, and that must not hit what cleans up.
leave() {
  trap '' HUP INT PIPE TERM
  [ -z "$sandbox" ] || systemctl stop "$sandbox" 2>/dev/null || true
  [ -z "$draft" ] || rm -rf "$draft"
  [ -z "$staging" ] || rm -rf "$staging"
}
trap leave EXIT

# Ended in order when hung up, and by whatever else ends a shell.
heed() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
}
heed

# For programs that must not stop half-way. If we were hung up meanwhile, the lock is gone and the fence stops us.
disregard() {
  trap '' HUP INT TERM
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# check_fence OPERATION: nothing is changed without a lock: who sends no token gets no further.
check_fence() {
  [ -n "$token" ] || fail "$1: refused, since no lock was shown for it"
  held=
  # `read` fails as well where the line does not end. A link or a pipe is nothing that quorate puts there.
  if [ -f /run/quorate/lock/token ] && [ ! -L /run/quorate/lock/token ]; then read -r held </run/quorate/lock/token || true; fi
  [ "$held" = "$token" ] || fail "the lock on this machine is not ours (any more): another operator may be at work"
}

# Only the operator who holds the lock may go on; asked again before every operation that follows.
takes_fence='changes token'
op_fence() {
  token=$arg_token
  check_fence fence
  # Nobody else is at work: what lies here is left over from a run that was killed.
  for folder in "$state"/incoming.*; do
    [ "$folder" = "$staging" ] || rm -rf "$folder"
  done
}

# What `receive` takes in lies in this folder, and not on the system's disk. Only where nobody else can write.
takes_incoming='changes folder'
op_incoming() {
  make_folder "$arg_folder"
  require_root "$arg_folder"
  incoming=$arg_folder/.quorate-incoming
}

# Takes the content of this run into a private folder on disk: files of these sizes in bytes, then an archive of texts if
# there are any (`yes`).
takes_receive='changes texts ..sizes'
op_receive() {
  make_folder "$state" 700
  [ -O "$state" ] && [ ! -L "$state" ] || fail "$state is not root's: look who made it, and remove it"
  staging=$(mktemp -d "$incoming.XXXXXX")
  file=0
  [ $# = 0 ] || heavy=yes
  for size; do
    # `head -c` reads 8 KiB at a time, for twice the processor time.
    dd bs=256K count="$size" iflag=count_bytes,fullblock status=none >"$staging/f$file"
    [ "$(stat -c %s "$staging/f$file")" = "$size" ] || fail "an upload broke off"
    file=$((file + 1))
  done
  [ "$arg_texts" = yes ] || return 0
  trouble=$(tar -x -C "$staging" --no-same-owner -f - 2>&1) ||
    fail "${incoming%/*} can not take what was sent: $(printf '%s\n' "$trouble" | grep -E -m 1 'No space|quota|Read-only' || printf '%s\n' "$trouble" | tail -n 1)"
}

# make_folder PATH [MODE]: with all above it, if it is not there; what is made is root's and open to read, PATH with MODE,
# whatever the umask and the access control list of the directory above say.
make_folder() {
  [ ! -d "$1" ] || return 0
  case $1 in */*[!/]*) [ -d "${1%/*}/" ] || make_folder "${1%/*}" ;; esac
  (umask 022 && mkdir -m "${2:-755}" "$1") || [ -d "$1" ] || return 1
  plain "$1" "${2:-755}"
}
