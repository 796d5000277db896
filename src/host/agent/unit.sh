# The systemd unit.

# Makes systemd reload its units.
takes_reload='changes'
op_reload() {
  systemctl daemon-reload
}

# wanted UNIT: removes the mark of `quorate stop`, because the member will run again.
wanted() {
  [ "$1" != etcd.service ] || rm -f "$state/stopped"
}

takes_enable='changes unit'
op_enable() {
  wanted "$arg_unit"
  systemctl enable --quiet "$arg_unit"
}

# chown_folders DIRECTORY…: gives everything in them to the user etcd. Only while no member runs.
chown_folders() {
  while [ $# -gt 0 ]; do
    require_root "${1%/*}"
    # `-R` follows no link, neither this one nor any in it.
    ! is_directory "$1" || chown -hR etcd:etcd "$1"
    shift
  done
}

# Starts the unit after a delay in seconds, without waiting. A member is ready only with a quorum, so all
# members must be started at once.
takes_start='changes unit delay ..folders'
op_start() {
  [ "$arg_delay" = 0 ] || sleep "$arg_delay"
  wanted "$arg_unit"
  chown_folders "$@"
  systemctl reset-failed "$arg_unit" 2>/dev/null || true
  systemctl start --no-block "$arg_unit"
}

# Waits for a start in progress.
takes_ready='changes unit seconds'
op_ready() {
  # One waiting process: polling would take processor time that etcd needs now.
  timeout "$arg_seconds" systemctl start "$arg_unit" 2>/dev/null || not_ready "$arg_unit" ''
  # `systemctl start` succeeds even if an assertion or a condition fails.
  [ "$(systemctl is-active "$arg_unit")" = active ] || not_ready "$arg_unit" ''
}

# Waits until it is ready again. With 0 it doesn't wait: for a member that needs the others to become ready.
takes_restart='changes unit seconds ..folders'
op_restart() {
  wanted "$arg_unit"
  if [ $# -gt 0 ]; then
    systemctl stop "$arg_unit"
    chown_folders "$@"
  fi
  systemctl reset-failed "$arg_unit" 2>/dev/null || true
  if [ "$arg_seconds" = 0 ]; then
    systemctl restart --no-block "$arg_unit"
  else
    former=$(systemctl show --property=InvocationID --value "$arg_unit")
    timeout "$arg_seconds" systemctl restart "$arg_unit" 2>/dev/null || not_ready "$arg_unit" "$former"
    [ "$(systemctl is-active "$arg_unit")" = active ] || not_ready "$arg_unit" "$former"
  fi
}

# not_ready UNIT FORMER: fails with the messages of the unit's last start. FORMER: the previous invocation, if
# known; its last messages are left out.
not_ready() {
  printf '%s did not become ready, it is %s; its journal:\n' "$1" "$(systemctl is-active "$1")" >&2
  # The journal may not yet have what a process wrote right before it died.
  journalctl --sync 2>/dev/null || true
  said=
  # systemd may already be starting it again, and has logged nothing of that start yet.
  left=$(systemctl show --property=NRestarts --value "$1")
  for invocation in $(invocations "$1"); do
    [ "$invocation" != "$2" ] && [ "${left:-0}" -ge 0 ] || break
    left=$((${left:-0} - 1))
    said=$(journalctl --no-pager -q -o cat -n 400 "_SYSTEMD_INVOCATION_ID=$invocation" | reasons)
    [ -z "$said" ] || break
  done
  # No process of etcd was started, or it logged nothing.
  [ -n "$said" ] || said=$(journalctl --no-pager -q -o cat -n 20 _PID=1 "UNIT=$1" | grep -E '[Ff]ailed|refus|assert' | tail -n 2) || true
  # No recognizable reason, or no message at all: its last messages, and systemd's view of the unit.
  [ -n "$said" ] || said=$(journalctl --no-pager -q -o cat -n 2 "_SYSTEMD_UNIT=$1" | cut -c 1-500) || true
  [ -n "$said" ] || said="nothing (systemd: $(systemctl show -p LoadState,SubState,Result,StandardOutput "$1" | tr '\n' ' '))"
  printf '%s\n' "$said" >&2
  exit 1
}

# invocations UNIT: systemd's IDs of its starts, the newest first.
invocations() {
  now=$(systemctl show --property=InvocationID --value "$1")
  # Without one, systemd has never started it since boot, and the journal is about an earlier time.
  [ -n "$now" ] || return 0
  printf '%s\n' "$now"
  journalctl --no-pager -q -r -o json --output-fields=_SYSTEMD_INVOCATION_ID -n 400 "_SYSTEMD_UNIT=$1" |
    sed -n 's/.*"_SYSTEMD_INVOCATION_ID" *: *"\([0-9a-f]*\)".*/\1/p' | uniq | grep -v -x -e "$now" || true
}

# reasons: selects what is wrong from etcd's log on standard input, in at most four lines: errors and worse;
# without any, warnings, because etcd reports a refused setting as a warning.
reasons() {
  # An orderly shutdown is not a reason; etcd 3.6 and newer log it as errors.
  heard=$(sed -e '/received signal; shutting down/,$d' -e '/received [a-z]* signal, shutting down/,$d')
  worst '"level":"(error|fatal|panic)"| [EFC] \||^panic|^[^{].*([Ff]ailed|refus|assert|[Ee]rror|invalid)' || worst '"level":"warn"| W \|' || true
}

# worst PATTERN: selects from the lines in $heard. etcd 3.5 and newer write JSON, of which only the message is kept.
worst() {
  quote=$(printf '\001')
  lines=$(printf '%s\n' "$heard" | grep -E "$1" | grep -v -E -e "$ordinary" |
    sed -e '/^{"level":/{' -e "s/\\\\\"/$quote/g" -e 's/,"stacktrace":.*//' \
      -e 's/^{"level":"\([a-z]*\)","ts":"[^"]*",\("logger":"[^"]*",\)*"caller":"[^"]*","msg":"\([^"]*\)"/\1: \3/' \
      -e 's/,"error":"\([^"]*\)"/: \1/' -e 's/}*$//' -e "s/$quote/\"/g" -e '}' |
    uniq | tail -n 4 | cut -c 1-2000)
  [ -n "$lines" ] || return 1
  printf '%s\n' "$lines"
}

# Irrelevant warnings of every start: two protocols share the client port, and etcd has no users.
ordinary='http and grpc server on single port|simple token is not cryptographically signed|Failed to detect schema version'

# Stops the unit and disables it at boot. If it doesn't stop within the given seconds, it is killed.
takes_stop='changes unit ~seconds'
op_stop() {
  systemctl cat "$arg_unit" >/dev/null 2>&1 || return 0
  systemctl disable --quiet "$arg_unit"
  if [ -n "$arg_seconds" ] && ! timeout "$arg_seconds" systemctl stop "$arg_unit"; then
    systemctl kill --signal=KILL "$arg_unit" 2>/dev/null || true
  fi
  systemctl stop "$arg_unit"
}

