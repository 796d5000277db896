# Services of tiers: a distribution's package, a configuration that quorate writes, a unit.

units=

# Reports the service; its unit's state follows at the end (`report_units`). Starts no process if none of its files exists.
takes_service='reads unit package ..files'
op_service() {
  present=no
  for file; do
    if [ -e "$file" ] || [ -L "$file" ]; then present=yes; fi
  done
  if [ -f "$state/loading/$arg_unit" ]; then printf 'loading %s\n' "$arg_unit"; fi
  [ $present = yes ] || return 0
  stat -c 'service-file %n|%F|%U|%G|%a' "$@" 2>/dev/null || true
  for file; do
    shift
    if [ -f "$file" ] && [ ! -L "$file" ]; then
      set -- "$@" "$file"
    fi
  done
  if [ $# -gt 0 ]; then
    untouched "$arg_package" "$@"
    texts "$@"
  fi
  units="$units $arg_unit"
  at_end=report_units
}

# report_units: reports the state of all units that `service` was called for. One program for all: it costs as much as the
# rest of the report.
report_units() {
  # shellcheck disable=SC2086 # names without blanks
  set -- $units
  systemctl show "$@" -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload | {
    printf 'service %s' "$1"
    while IFS='=' read -r name value; do
      if [ -n "$name" ]; then
        printf ' %s=%s' "$name" "$value"
      else
        shift
        printf '\nservice %s' "$1"
      fi
    done
    echo
  }
}

# is_written_by_quorate FILE: true if its first line says so, or the second line after `#!`.
is_written_by_quorate() {
  first=
  second=
  { read -r first && read -r second; } <"$1" || true
  case $first in '# Written by quorate for '*) return 0 ;; esac
  case $second in '# Written by quorate for '*) return 0 ;; esac
  return 1
}

# untouched PACKAGE FILE…: reports those that are unchanged since the package installed them.
untouched() {
  command -v dpkg-query >/dev/null || return 0
  package=$1
  shift
  for file; do
    shift
    is_written_by_quorate "$file" || set -- "$@" "$file"
  done
  [ $# -gt 0 ] && brought=$(dpkg-query -W -f '${Conffiles}\n' "$package" 2>/dev/null) || return 0
  md5sum -- "$@" 2>/dev/null | while read -r sum file; do
    case "$brought " in *" $file $sum "* | *" $file $sum$line_end"*) printf 'untouched %s\n' "$file" ;; esac
  done
}

# Reports the network interfaces that have these addresses.
takes_device='reads ..addresses'
op_device() {
  command -v ip >/dev/null || return 0
  for address; do
    ip -o address show to "$address" 2>/dev/null | while read -r _ name _; do printf 'device %s %s\n' "$address" "$name"; done
  done
}

# The programs that listen on a TCP port.
takes_holder='reads port'
op_holder() {
  command -v ss >/dev/null || return 0
  ss -Hltnp "sport = :$arg_port" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | sort -u | while read -r program; do printf 'holder %s %s\n' "$arg_port" "$program"; done
}

# Reports the answer of the daemon behind a socket.
takes_ask='reads socket question'
op_ask() {
  [ -S "$arg_socket" ] || return 0
  answer_of "$arg_socket" "$arg_question" | while read -r line; do printf 'answer %s\n' "$line"; done
}

# answer_of SOCKET QUESTION
answer_of() {
  printf '%s\n' "$2" | timeout 5 socat -t 3 STDIO "UNIX-CONNECT:$1" 2>/dev/null | head -c "$most" || true
}

# As `file`, but a command, `check` with the draft as its last argument, must accept it first; otherwise the
# existing file stays. It counts as not loaded until `service_load`; the existing file is kept until then.
takes_service_file='changes @content path owner group mode unit ..check'
op_service_file() {
  folder=${arg_path%/*}
  make_folder "$folder"
  [ -O "$folder" ] && [ ! -L "$folder" ] || fail "$folder does not belong to root: $arg_path was not written"
  draft=$folder/.${arg_path##*/}.quorate-new
  rm -rf "$draft"
  cat "$arg_content" >"$draft" && chown "$arg_owner:$arg_group" "$draft" && chmod "$arg_mode" "$draft" && settle "$draft" ||
    fail "$arg_path could not be written"
  if [ $# -gt 0 ]; then
    said=$("$@" "$draft" 2>&1) ||
      fail "$(called "$@") does not accept the new $arg_path, which was not installed: $(printf '%s\n' "$said" | grep -v NOTICE | tail -n 3 | tr '\n' ' ')"
  fi
  make_folder "$state/loading" 700
  keep_loaded "$state/loading/$arg_unit" "$arg_path"
  : >"$state/loading/$arg_unit"
  mv -f "$draft" "$arg_path"
  draft=
  relabel "$arg_path"
}

# keep_loaded MARKER FILE: keeps a copy of the file that the service has loaded: empty, if there is none. Of a file that
# was replaced before and not loaded, it keeps the older one.
keep_loaded() {
  [ -f "$1" ] || rm -rf "$1.before"
  [ ! -e "$1.before$2" ] || return 0
  make_folder "$1.before${2%/*}" 700
  if [ -f "$2" ] && [ ! -L "$2" ]; then cp -p "$2" "$1.before$2"; else : >"$1.before$2"; fi
  sync "$1.before$2"
}

# called COMMAND…: prints its name; for a program in sh, the name it is given.
called() {
  case "$1 ${2-}" in 'sh -c') echo "$4" ;; *) echo "$1" ;; esac
}

# Enables the unit and loads its files: with `reload` if it runs, or with `restart` if it reads its files only
# at its start. Succeeds when the daemon behind the socket, if one is given, has this line in its answer, and
# the command `proof` exits with 0. If a reload fails, the files that were loaded before are put back.
takes_service_load='changes unit seconds how ~socket ~question ~answer ..proof'
op_service_load() {
  reloads=no
  if [ "$arg_how" = reload ] && is_up "$arg_unit"; then reloads=yes; fi
  # In a shell of its own, which a failure ends; not after `if`, where `set -e` has no effect.
  set +e
  (
    set -e
    # A unit file or a drop-in may be among the new files.
    if [ "$(systemctl show -p NeedDaemonReload --value "$arg_unit")" = yes ]; then systemctl daemon-reload; fi
    systemctl enable --quiet "$arg_unit"
    until=$(($(date +%s) + arg_seconds))
    if [ "$arg_how" = restart ]; then
      systemctl reset-failed "$arg_unit" 2>/dev/null || true
      timeout "$arg_seconds" systemctl restart "$arg_unit" 2>/dev/null || not_ready "$arg_unit" ''
    elif is_up "$arg_unit"; then
      trouble=$(timeout "$arg_seconds" systemctl reload "$arg_unit" 2>&1) || not_ready "$arg_unit" ''
    else
      systemctl reset-failed "$arg_unit" 2>/dev/null || true
      timeout "$arg_seconds" systemctl restart "$arg_unit" 2>/dev/null || not_ready "$arg_unit" ''
    fi
    if [ -n "$arg_socket" ]; then
      until answer_of "$arg_socket" "$arg_question" | grep -q -x -F -e "$arg_answer"; do
        [ "$(date +%s)" -lt "$until" ] || not_ready "$arg_unit" ''
        sleep 0.05
      done
    fi
    if [ $# -gt 0 ]; then
      until said=$(timeout 10 "$@" 2>&1); do
        [ "$(date +%s)" -lt "$until" ] || fail "$arg_unit runs, but doesn't serve requests: $(printf '%s\n' "$said" | tail -n 2 | cut -c 1-500)"
        sleep 0.2
      done
    fi
    await_reloaded "$arg_unit" "$until"
    [ "$(systemctl is-active "$arg_unit")" = active ] || not_ready "$arg_unit" ''
  )
  failed=$?
  set -e
  if [ $failed != 0 ]; then
    if [ $reloads = yes ]; then load_previous "$arg_unit" "$state/loading/$arg_unit"; fi
    exit $failed
  fi
  rm -rf "$state/loading/$arg_unit.before"
  rm -f "$state/loading/$arg_unit"
}

is_up() {
  case $(systemctl is-active "$1") in active | reloading) return 0 ;; *) return 1 ;; esac
}

# await_reloaded UNIT UNTIL: waits until systemd considers its reload finished, at most until then (seconds since 1970). It
# may already use its new configuration before.
await_reloaded() {
  while [ "$(systemctl is-active "$1")" = reloading ] && [ "$(date +%s)" -lt "$2" ]; do
    sleep 0.05
  done
}

# load_previous UNIT MARKER: puts the files back that UNIT loaded last, has it load them again, and fails; does nothing
# if there are none. A program may refuse what its own check accepts: a port that is in use.
load_previous() {
  [ -d "$2.before" ] || return 0
  back=
  # shellcheck disable=SC2044 # quorate's own paths, without spaces
  for kept in $(find "$2.before" -type f -size +0); do
    path=${kept#"$2.before"}
    draft=${path%/*}/.${path##*/}.quorate-new
    rm -rf "$draft"
    cp -p "$kept" "$draft"
    settle "$draft"
    mv -f "$draft" "$path"
    draft=
    relabel "$path"
    back="$back $path"
  done
  [ -n "$back" ] || return 0
  how=reload
  is_up "$1" || how=restart
  # Otherwise they count as not loaded, and the next run loads them.
  if timeout "$again_seconds" systemctl "$how" "$1" 2>/dev/null && is_up "$1"; then
    await_reloaded "$1" "$(($(date +%s) + again_seconds))"
    rm -rf "$2.before"
    rm -f "$2"
  fi
  fail "the previous content of$back was put back; $1 is $(systemctl is-active "$1")"
}

# How long a service may take to load its previous configuration, in s: it had loaded it before.
again_seconds=10

# Stops the unit, disables it at boot and renames its files.
takes_service_remove='changes unit suffix ..paths'
op_service_remove() {
  if systemctl cat "$arg_unit" >/dev/null 2>&1; then
    systemctl disable --quiet --now "$arg_unit"
  fi
  rm -rf "$state/loading/$arg_unit" "$state/loading/$arg_unit.before"
  for path; do
    if [ -f "$path" ] && [ ! -L "$path" ]; then
      mv -T -- "$path" "$path.$arg_suffix"
      printf 'moved %s %s\n' "$path" "$path.$arg_suffix"
      case $path in /etc/systemd/system/*) systemctl daemon-reload ;; esac
    fi
  done
}
