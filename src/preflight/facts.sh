# Inspects a node for `quorate preflight` and changes nothing. It starts two short-lived listeners, so that
# the other nodes have something to dial before etcd runs.
#
# Sent behind places.sh, ground.sh, node.sh and rehearse.sh. Arguments: DATA WAL, then in any order
#   tool:NAME          a program that is needed
#   package:NAME       a package that is wanted
#   resolve:NAME       a host name that must resolve
#   port:N             a port that etcd will listen on
#   listen:ADDRESS:N   start a listener on it, unless a process listens on port N already (IPv6 in brackets)
#   dial:ADDRESS:N     to be dialed when all nodes are ready
#   own:PATH           PATH.crt and PATH.key are used to dial etcd, if they exist
#   node:ADDRESS,SERVICE,PORT…  it will be a Kubernetes node; the arguments of `look_node`
#   no-writes          the disk is not measured: a member uses it
#   write:PATH         quorate will write to it, or to a directory that it creates there: this is rehearsed
#   property:NAME=VALUE  a property of etcd's unit
#
# Prints `begin`, one `section NAME EXITCODE BASE64` a probe, and `ready`. Waits for a line on standard input.
# Then prints `time SECONDS`, one `dial ADDRESS:N open|refused|silent|error [BASE64]` each, and `dialled`.
# Keeps its listeners until standard input ends. Needs POSIX sh, coreutils, openssl, iproute2 and systemd.
# `look_account` and `look_owner` are defined before this text.
set -u
umask 077
export LC_ALL=C
echo begin

data=$1
wal=$2
shift 2
work=
scratch=
listener=
try=
leave() {
  # A hangup reaches everything that this program starts, and it must not stop the cleanup.
  trap '' HUP INT PIPE TERM
  # `timeout` passes the signal on to the listener and ends with it.
  if [ -n "$listener" ] && kill "$listener" 2>/dev/null; then wait "$listener" 2>/dev/null; fi
  [ -z "$scratch" ] || rm -f "$scratch"
  # shellcheck disable=SC2086 # paths without blanks
  [ -z "$try" ] || rm -rf -- $try
  [ -z "$work" ] || rm -rf "$work"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
# Not in /tmp: whether /tmp is writable is one of the checks.
work=$(mktemp -d /run/quorate-preflight.XXXXXX) || exit 1

# probe NAME COMMAND…: stores the output and the exit code of the command.
probe() {
  name=$1
  shift
  "$@" >"$work/$name" 2>&1 </dev/null
  echo $? >"$work/$name.code"
}

# trusted DIRECTORY: the nearest parent directory in which no other user can replace one of quorate's files with a link.
trusted() {
  path=$1
  while [ "$path" != / ] && ! { [ -O "$path" ] && [ -z "$(find "$path/" -maxdepth 0 -perm /022)" ]; }; do
    path=${path%/*}
    path=${path:-/}
  done
  printf '%s\n' "$path"
}

system() {
  printf 'kernel=%s\nmachine=%s\nhostname=%s\n' "$(uname -s)" "$(uname -m)" "$(uname -n)"
  printf 'cpus=%s\nbits=%s\n' "$(nproc)" "$(getconf LONG_BIT 2>/dev/null)"
  read -r _ version _ <<END
$(systemctl --version 2>/dev/null)
END
  printf 'systemd=%s\n' "$version"
  [ ! -d /run/systemd/system ] || echo 'booted=systemd'
}

# In subshells, so that their variables stay separate.
account() (
  look_account etcd
)

owner() (
  look_owner
)

# What no two nodes have in common. Only a digest of the machine ID: the ID itself is confidential.
identity() (
  read -r boot </proc/sys/kernel/random/boot_id && printf 'boot %s\n' "$boot"
  if [ -s /etc/machine-id ]; then printf 'machine %s\n' "$(sha256sum </etc/machine-id)"; fi
  for file in /etc/ssh/ssh_host_*_key.pub; do
    if [ -f "$file" ] && read -r kind key _ <"$file"; then printf 'host-key %s %s\n' "$kind" "$key"; fi
  done
)

node() (
  for word; do
    case $word in
      node:*)
        IFS=,
        # shellcheck disable=SC2086 # split into its parts
        set -- ${word#node:}
        unset IFS
        look_node "$@"
        return
        ;;
    esac
  done
)

missing_tools() {
  for word; do
    case $word in tool:*) command -v "${word#tool:}" >/dev/null || printf '%s\n' "${word#tool:}" ;; esac
  done
}

# The package manager, and which of the wanted packages are installed.
packages() {
  printf 'installer %s\n' "$(installer)"
  for word; do
    shift
    case $word in package:*) set -- "$@" "${word#package:}" ;; esac
  done
  package_lines "$@"
}

disk() {
  nearest "$1"
  df -P -B 1 -- "$near" | tail -n 1
}

entries() {
  ! holds "$1" || ls -A -- "$1" | head -n 20
}

unit() {
  systemctl show etcd.service -p LoadState,ActiveState,MainPID,FragmentPath,DropInPaths | tee "$work/unit-shown"
  [ ! -d /var/lib/quorate/binaries ] || echo 'Quorate=yes'
  if [ -f /etc/etcd/cluster-id ]; then head -c 4096 /etc/etcd/cluster-id | sed -n 's/^cluster=/Pinned=/p' | head -n 1; fi
}

# One line for each listener: the output of ss, a tab, the systemd unit of the process.
listening() {
  for word; do
    case $word in port:*) ;; *) continue ;; esac
    ss -Htlnp "sport = :${word#port:}" | while IFS= read -r line; do
      group=
      case $line in
        *pid=*)
          pid=${line#*pid=}
          read -r group <"/proc/${pid%%[!0-9]*}/cgroup" || group=
          ;;
      esac
      printf '%s\t%s\n' "$line" "${group##*/}"
    done
  done
}

resolve() {
  for word; do
    case $word in
      resolve:*)
        timeout 5 getent ahosts "${word#resolve:}"
        return
        ;;
    esac
  done
}

# dd measures the write alone, so that starting 50 processes does not blur it. etcd writes to preallocated
# files, so the first dd allocates the blocks.
flushes() {
  [ -n "$scratch" ] || { cat "$work/mktemp"; return 1; }
  dd if=/dev/zero of="$scratch" bs=131072 count=1 conv=fsync 2>"$work/dd" || { cat "$work/dd"; return 1; }
  # shellcheck disable=SC2016 # expands in the inner shell
  timeout -k 1 2 sh -c '
    n=0
    while [ $n -lt 50 ]; do
      dd if=/dev/zero of="$1" bs=2300 count=1 seek=$n conv=notrunc oflag=dsync 2>&1 || exit 1
      n=$((n + 1))
    done' sh "$scratch"
}

# Returns when the listeners run or have failed. They end after 60 s at most; `leave` ends them earlier.
lend() {
  wanted=0
  for word; do
    case $word in listen:*) ;; *) continue ;; esac
    [ -z "$(ss -Htln "sport = :${word##*:}")" ] || continue
    [ $wanted -gt 0 ] || set --
    set -- "$@" -l "${word#listen:}"
    wanted=$((wanted + 1))
  done
  [ $wanted -gt 0 ] || return 0
  mkfifo "$work/listener"
  timeout 60 systemd-socket-activate --accept "$@" true >/dev/null 2>"$work/listener" </dev/null &
  listener=$!
  # Stays open: otherwise a listener that prints something would fail.
  exec 4<"$work/listener"
  while [ $wanted -gt 0 ] && IFS= read -r line <&4; do
    printf '%s\n' "$line" >>"$work/lent"
    case $line in 'Listening on '*) wanted=$((wanted - 1)) ;; esac
  done
}

# plain_dial ADDRESS:PORT SECONDS: without TLS. It costs a tenth of starting openssl, and all but the smallest
# systems have it.
plain_dial() {
  host=${1%:*}
  host=${host#"["}
  # shellcheck disable=SC2016 # bash's to expand
  said=$(timeout "$2" bash -c ': <"/dev/tcp/$0/$1"' "${host%"]"}" "${1##*:}" 2>&1)
  code=$?
  [ $code -ne 0 ] || said=CONNECTED
}

dial() {
  code=
  if [ -n "$own" ]; then
    # A member logs each connection that ends before the handshake. A certificate that its peers accept avoids that.
    said=$(timeout 3 openssl s_client -connect "$1" -cert "$own.crt" -key "$own.key" </dev/null 2>&1)
    code=$?
    # Neither open nor silent: these certificate files may be wrong.
    case $said in *CONNECTED* | *'onnection refused'*) ;; *) [ $code -eq 124 ] || code= ;; esac
  fi
  if [ -z "$code" ] && [ -x /bin/bash ]; then
    plain_dial "$1" 3
  elif [ -z "$code" ]; then
    said=$(timeout 3 openssl s_client -connect "$1" </dev/null 2>&1)
    code=$?
  fi
  # A busy node may start the dialing program too slowly: try once more with a longer limit.
  case $code-$said in 124-*CONNECTED*) ;; 124-*) [ ! -x /bin/bash ] || plain_dial "$1" 7 ;; esac
  case $said in
    *CONNECTED*) echo "dial $1 open" ;;
    *'onnection refused'*) echo "dial $1 refused" ;;
    *) if [ $code -eq 124 ]; then echo "dial $1 silent"; else echo "dial $1 error $(printf '%s\n' "$said" | base64 -w 0)"; fi ;;
  esac
}

slow=
case " $* " in
  *' no-writes '*) ;;
  *)
    nearest "${wal%/*}"
    folder=$(trusted "$near")
    scratch=$(mktemp "$folder/.quorate-preflight.XXXXXX" 2>"$work/mktemp") || scratch=
    probe flushes flushes &
    slow="$slow $!"
    ;;
esac
case " $* " in
  *' write:'*)
    probe sandbox rehearse_sandbox "$@" &
    slow="$slow $!"
    probe rehearsal rehearse "$@"
    ;;
esac
probe inodes inodes "$@"
probe security security
probe resolve resolve "$@" &
slow="$slow $!"
: >"$work/lent"
echo 0 >"$work/lent.code"
probe listening listening "$@"
case " $* " in *' node:'*) probe node node "$@" ;; esac
lend "$@"
probe system system
probe os cat /etc/os-release
probe memory cat /proc/meminfo
probe tools missing_tools "$@"
probe packages packages "$@"
probe data-disk disk "$data"
probe wal-disk disk "$wal"
probe data entries "$data"
probe wal entries "$wal"
probe unit unit
probe account account
probe identity identity
probe owner owner
# shellcheck disable=SC2046 # paths with blanks are elsewhere too
probe surroundings surroundings $(sed -n 's/^DropInPaths=//p' "$work/unit-shown")
probe addresses ip -j address
probe routes4 ip -j -4 route
probe routes6 ip -j -6 route
# shellcheck disable=SC2086 # a list of process ids
wait $slow
for file in "$work"/*.code; do
  name=${file##*/}
  name=${name%.code}
  read -r code <"$file"
  printf 'section %s %s %s\n' "$name" "$code" "$(base64 -w 0 <"$work/$name")"
done
echo ready

IFS= read -r _ || exit 0
echo "time $(date +%s.%N)"
own=
for word; do
  case $word in own:*) [ ! -r "${word#own:}.crt" ] || [ ! -r "${word#own:}.key" ] || own=${word#own:} ;; esac
done
dials=
count=0
for word; do
  case $word in dial:*) command -v openssl >/dev/null || continue ;; *) continue ;; esac
  count=$((count + 1))
  dial "${word#dial:}" >"$work/dialled.$count" &
  dials="$dials $!"
done
if [ $count -gt 0 ]; then
  # shellcheck disable=SC2086 # a list of process ids
  wait $dials
  cat "$work"/dialled.*
fi
echo dialled
IFS= read -r _ || exit 0
