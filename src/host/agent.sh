# What quorate does on a machine, in one go: it is sent with every round trip and stays nowhere.
#
# Called with a list of operations, each as COUNT NAME ARGUMENT…, where COUNT is how many words the operation has.
# What they need of content comes as a tar archive on standard input if the first operation is `receive`.
# Reports "step N ok" after each operation that changes something; stops at the first that fails, its reason on standard
# error. Operations that look (`facts`, `member`) come last, so that the answer shows the machine as the others left it.
# POSIX sh, coreutils, tar, openssl and systemd; nothing else.
set -eu
umask 077
export LC_ALL=C
state=/var/lib/quorate
stage=
draft=
token=

# Who hangs us up hangs up all that we start as well, and that must not hit what cleans up.
leave() {
  trap '' HUP INT PIPE TERM
  [ -z "$draft" ] || rm -rf "$draft"
  [ -z "$stage" ] || rm -rf "$stage"
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

# --- Operations that change something. $1 is the operation's own name, $words how many words it has with that; further
# words belong to the next operation. ---

check_fence() {
  held=
  # `read` fails as well where the line does not end.
  if [ -f /run/quorate/lock/token ]; then read -r held </run/quorate/lock/token || true; fi
  [ "$held" = "$token" ] || fail "the lock on this machine is not ours (any more): another operator may be at work"
}

# fence TOKEN: only the operator who holds the lock may go on; asked again before every operation that follows.
op_fence() {
  token=$2
  check_fence
  # Nobody else is at work: what lies here is left over from a run that was killed.
  for folder in "$state"/incoming.*; do
    [ "$folder" = "$stage" ] || rm -rf "$folder"
  done
}

# receive SIZE…: takes the content of this run into a private folder on disk: files of these sizes, then an archive.
op_receive() {
  mkdir -p "$state"
  stage=$(mktemp -d "$state/incoming.XXXXXX")
  count=$((words - 1))
  shift
  file=0
  while [ "$file" -lt "$count" ]; do
    head -c "$1" >"$stage/f$file"
    [ "$(stat -c %s "$stage/f$file")" = "$1" ] || fail "an upload broke off"
    shift
    file=$((file + 1))
  done
  trouble=$(tar -x -C "$stage" --no-same-owner -f - 2>&1) ||
    fail "$state can not take what was sent: $(printf '%s\n' "$trouble" | grep -E -m 1 'No space|quota|Read-only' || printf '%s\n' "$trouble" | tail -n 1)"
}

# packages NAME…
op_packages() {
  mkdir -p "$state"
  count=$((words - 1))
  shift
  names=
  while [ "$count" -gt 0 ]; do
    names="$names $1"
    shift
    count=$((count - 1))
  done
  command -v apt-get >/dev/null || fail "packages can be installed with apt only; install them by hand here:$names"
  disregard
  # shellcheck disable=SC2086 # package names hold no spaces, the cluster file's check sees to that
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=60 --no-install-recommends install $names >"$state/apt.log" 2>&1 ||
    { DEBIAN_FRONTEND=noninteractive apt-get -q update >>"$state/apt.log" 2>&1 &&
      DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=60 --no-install-recommends install $names >>"$state/apt.log" 2>&1; } ||
    fail "apt-get can not install$names: $(grep -E '^(E|W):' "$state/apt.log" | tail -n 3 | tr '\n' ' ')"
  heed
}

# user NAME SHELL
op_user() {
  disregard
  if id "$2" >/dev/null 2>&1; then
    usermod -s "$3" "$2"
  else
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell "$3" "$2"
  fi
  heed
}

# directory PATH OWNER GROUP MODE
op_directory() {
  [ -d "$2" ] || mkdir -p "$2"
  chown "$3:$4" "$2"
  chmod "$5" "$2"
}

# file CONTENT PATH OWNER GROUP MODE: complete or not at all.
op_file() {
  folder=$(dirname "$3")
  [ -d "$folder" ] || (umask 022 && mkdir -p "$folder")
  # One name for good: what a power cut leaves of it is overwritten by the next run, and nobody else writes here.
  draft=$folder/.${3##*/}.quorate-new
  rm -rf "$draft"
  if cat "$stage/$2" >"$draft" && chown "$4:$5" "$draft" && chmod "$6" "$draft" && sync "$draft"; then
    mv -f "$draft" "$3"
    draft=
  else
    fail "$3 could not be written"
  fi
}

# binary CONTENT PATH SHA256 VERSION: the sum is noted, not computed again: ssh guards every byte of the journey, and
# `receive` has counted them.
op_binary() {
  draft=$3.quorate-new
  # Moved, not copied, where both are on one filesystem: a second copy of 60 MB costs as much as its journey.
  mv -f "$stage/$2" "$draft"
  chown root:root "$draft"
  chmod 755 "$draft"
  mv -f "$draft" "$3"
  draft=
  mkdir -p "$state/binaries"
  printf '%s %s %s\n' "$(identity "$3")" "$4" "$5" >"$state/binaries/${3##*/}"
}

# key NAME CONFIGURATION ALGORITHM new|keep: a private key, born here (or the one in force), and its CSR, kept in waiting.
op_key() {
  pending=/etc/ssl/etcd.d/pending
  mkdir -p "$pending"
  chmod 755 /etc/ssl/etcd.d
  chmod 700 "$pending"
  # A request counts for the configuration beside it: the old one goes before the new one comes.
  rm -f "$pending/$2.key" "$pending/$2.csr" "$pending/$2.crt"
  cp "$stage/$3" "$pending/$2.cnf"
  case $5-$4 in
    keep-*) cat "/etc/ssl/etcd/$2.key" >"$pending/$2.key.new" ;;
    new-ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$pending/$2.key.new" ;;
    new-rsa-*) openssl genrsa -out "$pending/$2.key.new" "${4#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $4" ;;
  esac
  openssl req -new -key "$pending/$2.key.new" -config "$pending/$2.cnf" -out "$pending/$2.csr.new" ||
    fail "openssl can not make the certificate request"
  mv -f "$pending/$2.key.new" "$pending/$2.key"
  mv -f "$pending/$2.csr.new" "$pending/$2.csr"
}

# certificates CA OWNER NAME CERTIFICATE…: makes the waiting keys and their certificates the current ones, all at once.
# The folder behind /etc/ssl/etcd is exchanged with one rename. etcd reads certificate and key one after the other: that
# no handshake at all finds two that don't match takes the same key before and after, which is why keys are kept.
op_certificates() {
  count=$((words - 3))
  ca=$2
  owner=$3
  shift 3
  pending=/etc/ssl/etcd.d/pending
  generation=$(mktemp -d /etc/ssl/etcd.d/pair.XXXXXX)
  draft=$generation
  cp "$stage/$ca" "$generation/ca.crt"
  while [ "$count" -gt 0 ]; do
    cp "$pending/$1.key" "$generation/$1.key"
    cp "$stage/$2" "$generation/$1.crt"
    [ "$(spki_of_key "$generation/$1.key")" = "$(spki_of_certificate "$generation/$1.crt")" ] ||
      fail "the certificate $1.crt does not belong to the key that waits here"
    shift 2
    count=$((count - 2))
  done
  chmod 644 "$generation"/*.crt
  chmod 600 "$generation"/*.key
  chown -R "$owner:$owner" "$generation"
  chmod 755 "$generation"
  sync "$generation"/*
  if [ -e /etc/ssl/etcd ] && [ ! -L /etc/ssl/etcd ]; then
    mv -T /etc/ssl/etcd "/etc/ssl/etcd.before-quorate.$(date +%s)"
  fi
  old=$(readlink /etc/ssl/etcd) || old=
  # It may be there from a run that was cut off right here.
  ln -sfn "etcd.d/${generation##*/}" /etc/ssl/.etcd.quorate
  draft=
  mv -fT /etc/ssl/.etcd.quorate /etc/ssl/etcd
  rm -rf "$pending"
  # The previous pair stays, older ones go: they can be made again.
  for folder in /etc/ssl/etcd.d/pair.*; do
    [ "$folder" = "$generation" ] || [ "$folder" = "/etc/ssl/$old" ] || rm -rf "$folder"
  done
}

# ca CONTENT OWNER: another trust bundle beside the same keys.
op_ca() {
  draft=/etc/ssl/etcd/.ca.crt.quorate-new
  cat "$stage/$2" >"$draft"
  chown "$3:$3" "$draft"
  chmod 644 "$draft"
  sync "$draft"
  mv -f "$draft" /etc/ssl/etcd/ca.crt
  draft=
}

# tls-modes OWNER: owners and modes of the TLS files put right.
op_tls_modes() {
  chown -R "$2:$2" /etc/ssl/etcd/
  chmod 755 /etc/ssl/etcd/
  chmod 644 /etc/ssl/etcd/*.crt
  chmod 600 /etc/ssl/etcd/*.key
}

# reload: makes systemd read its units again.
op_reload() {
  systemctl daemon-reload
}

# enable UNIT
op_enable() {
  systemctl enable --quiet "$2"
}

# start UNIT SECONDS DELAY: started without waiting for it (it is ready only when a quorum is), then watched.
op_start() {
  [ "$4" = 0 ] || sleep "$4"
  systemctl reset-failed "$2" 2>/dev/null || true
  systemctl start --no-block "$2"
  deadline=$(($(date +%s) + $3))
  while :; do
    active=$(systemctl is-active "$2") || true
    case $active in
      active) return 0 ;;
      failed) break ;;
    esac
    restarts=$(systemctl show -P NRestarts "$2")
    [ "${restarts:-0}" -lt 3 ] || break
    [ "$(date +%s)" -lt "$deadline" ] || break
    sleep 0.05
  done
  printf '%s is %s after its start; its journal says:\n' "$2" "$active" >&2
  journalctl --no-pager -q -o cat -n 400 -u "$2" | grep -E '"level":"(error|fatal|panic)"|[EFC] \||panic|Failed|failed|refus' | tail -n 4 >&2 || true
  exit 1
}

# stop UNIT: stopped and not started at boot.
op_stop() {
  if systemctl cat "$2" >/dev/null 2>&1; then
    systemctl disable --now --quiet "$2"
  fi
}

# aside SUFFIX PATH…: moved away under another name, beside where it was; nothing is deleted.
op_aside() {
  count=$((words - 2))
  suffix=$2
  shift 2
  while [ "$count" -gt 0 ]; do
    if [ -e "$1" ]; then
      mv -T "$1" "$1.$suffix"
      printf 'moved %s %s\n' "$1" "$1.$suffix"
    elif [ -L "$1" ]; then
      # What it led to was moved: it holds nothing of its own.
      rm -f "$1"
    fi
    shift
    count=$((count - 1))
  done
}

# remove PATH…
op_remove() {
  count=$((words - 1))
  shift
  while [ "$count" -gt 0 ]; do
    rm -rf -- "$1"
    shift
    count=$((count - 1))
  done
}

# --- Looking. ---

identity() {
  stat -L -c '%i:%s:%Y:%Z' "$1"
}

spki_of_key() {
  openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

spki_of_certificate() {
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null | openssl pkey -pubin -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

# content KEY PATH: the file's text as base64, if there is such a file.
content() {
  [ ! -f "$2" ] || printf '%s %s %s\n' content "$1" "$(base64 -w 0 <"$2")"
}

# is_preflight PID: whether it listens for preflight only, which may look at the same time; or did, and is gone by now.
is_preflight() {
  [ -n "$1" ] || return 1
  command=$(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") || return 0
  case $command in
    *systemd-socket-activate\ --accept\ *) return 0 ;;
    *) return 1 ;;
  esac
}

# A binary's SHA-256 is taken from what was noted at its installation as long as it is the very same file (inode,
# size, both times), and computed anew when it is not.
look_binary() {
  [ -f "/usr/local/bin/$1" ] || return 0
  now=$(identity "/usr/local/bin/$1")
  if [ -f "$state/binaries/$1" ]; then
    read -r noted sum version <"$state/binaries/$1" || true
    if [ "$noted" = "$now" ]; then
      printf 'binary %s %s %s\n' "$1" "$sum" "$version"
      return 0
    fi
  fi
  sum=$(sha256sum "/usr/local/bin/$1")
  printf 'binary %s %s unknown\n' "$1" "${sum%% *}"
}

# facts PACKAGE…: what every node is asked.
op_facts() {
  count=$((words - 1))
  shift
  # shellcheck source=/dev/null
  os=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-unknown}") || os='unknown unknown'
  read -r boot </proc/sys/kernel/random/boot_id
  printf 'os %s\nmachine %s\nboot %s\n' "$os" "$(uname -m)" "$boot"
  if [ "$count" -gt 0 ] && [ -d /var/lib/dpkg ]; then
    i=$count
    names=
    while [ "$i" -gt 0 ]; do
      names="$names $1"
      shift
      i=$((i - 1))
    done
    # shellcheck disable=SC2086 # as above
    dpkg-query -W -f 'package ${Package} ${db:Status-Status}\n' $names 2>/dev/null || true
  fi
}

# member DATA WAL PORTS: what a node that carries etcd is asked besides.
op_member() {
  data=$2
  wal=$3
  client=$4
  peer=$5
  if line=$(getent passwd etcd); then printf 'user %s\n' "${line##*:}"; fi
  stat -c 'path %n|%F|%U|%G|%a' "$data" "$wal" "${data%/*}" "${wal%/*}" /etc/etcd /etc/etcd/options.env /etc/etcd/cluster-id \
    /etc/systemd/system/etcd.service /etc/ssl/etcd/ /etc/ssl/etcd/*.crt /etc/ssl/etcd/*.key 2>/dev/null || true
  [ -z "$(ls -A "$data" 2>/dev/null)" ] || echo 'data present'
  [ -z "$(ls -A "$wal" 2>/dev/null)" ] || echo 'wal present'
  content options.env /etc/etcd/options.env
  content cluster-id /etc/etcd/cluster-id
  content etcd.service /etc/systemd/system/etcd.service
  for file in /etc/ssl/etcd/*.crt; do
    content "tls/${file##*/}" "$file"
  done
  for file in /etc/ssl/etcd/*.key; do
    [ ! -f "$file" ] || printf 'key %s %s\n' "${file##*/}" "$(spki_of_key "$file")"
  done
  for file in /etc/ssl/etcd.d/pending/*.csr /etc/ssl/etcd.d/pending/*.cnf; do
    content "pending/${file##*/}" "$file"
  done
  for file in etcd etcdctl etcdutl; do
    look_binary "$file"
  done
  systemctl show etcd.service -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,MainPID,FragmentPath,DropInPaths |
    while IFS== read -r name value; do printf 'unit %s %s\n' "$name" "$value"; done
  pid=$(systemctl show -P MainPID etcd.service) || pid=0
  if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
    printf 'content running-environment %s\n' "$(base64 -w 0 <"/proc/$pid/environ")"
    printf 'running %s\n' "$(readlink "/proc/$pid/exe")"
  elif command -v ss >/dev/null; then
    ss -Hltnp "sport = :$client or sport = :$peer" 2>/dev/null | while read -r line; do
      pid=${line#*pid=}
      is_preflight "${pid%%[!0-9]*}" || printf 'listening %s\n' "$line"
    done
  fi
}

number=0
while [ $# -gt 0 ]; do
  words=$1
  shift
  case $1 in
    facts) op_facts "$@" ;;
    member) op_member "$@" ;;
    *)
      [ -z "$token" ] || check_fence
      case $1 in
        receive) op_receive "$@" ;;
        tls-modes) op_tls_modes "$@" ;;
        fence | packages | user | directory | file | binary | key | certificates | ca | reload | enable | start | stop | aside | remove)
          "op_$1" "$@"
          ;;
        *) fail "unknown operation $1" ;;
      esac
      printf 'step %s ok\n' "$number"
      number=$((number + 1))
      ;;
  esac
  shift "$words"
done
