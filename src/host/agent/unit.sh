# The systemd unit.

# Makes systemd read its units again.
takes_reload='changes'
op_reload() {
  systemctl daemon-reload
}

# wanted UNIT: the mark of `quorate stop` goes once the member is to run again.
wanted() {
  [ "$1" != etcd.service ] || rm -f "$state/stopped"
}

takes_enable='changes unit'
op_enable() {
  wanted "$arg_unit"
  systemctl enable --quiet "$arg_unit"
}

# chown_folders FOLDER…: all that is in them belongs to etcd from now on. Only while no member runs.
chown_folders() {
  while [ $# -gt 0 ]; do
    require_root "${1%/*}"
    # `-R` follows no link, neither this one nor any in it.
    ! is_directory "$1" || chown -hR etcd:etcd "$1"
    shift
  done
}

# After a delay in seconds; not waited for. It is ready only when a quorum is there, so all members must be started at once.
takes_start='changes unit delay ..folders'
op_start() {
  [ "$arg_delay" = 0 ] || sleep "$arg_delay"
  wanted "$arg_unit"
  chown_folders "$@"
  systemctl reset-failed "$arg_unit" 2>/dev/null || true
  systemctl start --no-block "$arg_unit"
}

# Waits for a start that is under way.
takes_ready='changes unit seconds'
op_ready() {
  # One process that waits: asking again and again takes the processor that etcd wants now.
  timeout "$arg_seconds" systemctl start "$arg_unit" 2>/dev/null || not_ready "$arg_unit" ''
  # A failed assertion is no failure of `systemctl start`'s, nor is a condition.
  [ "$(systemctl is-active "$arg_unit")" = active ] || not_ready "$arg_unit" ''
}

# Waits until it is ready again; with 0 it does not, for a member that can't be without others.
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

# not_ready UNIT FORMER: stops here, with what the unit's last start has said. FORMER: the invocation that this start came
# after, if one is known: what that said at its end is not meant.
not_ready() {
  printf '%s did not become ready, it is %s; its journal says:\n' "$1" "$(systemctl is-active "$1")" >&2
  # What a process wrote right before it died may still be on its way.
  journalctl --sync 2>/dev/null || true
  said=
  # systemd may have begun another start by now, which has said nothing yet.
  left=$(systemctl show --property=NRestarts --value "$1")
  for invocation in $(invocations "$1"); do
    [ "$invocation" != "$2" ] && [ "${left:-0}" -ge 0 ] || break
    left=$((${left:-0} - 1))
    said=$(journalctl --no-pager -q -o cat -n 400 "_SYSTEMD_INVOCATION_ID=$invocation" | reasons)
    [ -z "$said" ] || break
  done
  # It never came to be a process of etcd's, or that said nothing.
  [ -n "$said" ] || said=$(journalctl --no-pager -q -o cat -n 20 _PID=1 "UNIT=$1" | grep -E '[Ff]ailed|refus|assert' | tail -n 2) || true
  # Nothing that looks like a reason, or nothing at all: what it said last, and what systemd thinks of it.
  [ -n "$said" ] || said=$(journalctl --no-pager -q -o cat -n 2 "_SYSTEMD_UNIT=$1" | cut -c 1-500) || true
  [ -n "$said" ] || said="nothing (systemd: $(systemctl show -p LoadState,SubState,Result,StandardOutput "$1" | tr '\n' ' '))"
  printf '%s\n' "$said" >&2
  exit 1
}

# invocations UNIT: systemd's IDs of its starts, the newest first.
invocations() {
  now=$(systemctl show --property=InvocationID --value "$1")
  # Where there is none systemd has never started it, and what is in the journal is of another time.
  [ -n "$now" ] || return 0
  printf '%s\n' "$now"
  journalctl --no-pager -q -r -o json --output-fields=_SYSTEMD_INVOCATION_ID -n 400 "_SYSTEMD_UNIT=$1" |
    sed -n 's/.*"_SYSTEMD_INVOCATION_ID" *: *"\([0-9a-f]*\)".*/\1/p' | uniq | grep -v -x -e "$now" || true
}

# reasons: of what etcd says on standard input, what is wrong, in at most four lines: errors and worse; where there are none
# warnings, as which etcd says that it refuses a setting.
reasons() {
  # Its orderly end, once it is asked to stop, is no reason; from 3.6 on it logs that as errors.
  heard=$(sed -e '/received signal; shutting down/,$d' -e '/received [a-z]* signal, shutting down/,$d')
  worst '"level":"(error|fatal|panic)"| [EFC] \||^panic|^[^{].*([Ff]ailed|refus|assert|[Ee]rror|invalid)' || worst '"level":"warn"| W \|' || true
}

# worst PATTERN: of the lines in $heard. etcd writes JSON from 3.5 on: of that no more than the words.
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

# Warnings of each start, which mean nothing here: clients of two protocols share a port, and etcd has no users.
ordinary='http and grpc server on single port|simple token is not cryptographically signed|Failed to detect schema version'

# Stopped and not started at boot. It may take so many seconds, if they are given; then it is killed.
takes_stop='changes unit ~seconds'
op_stop() {
  systemctl cat "$arg_unit" >/dev/null 2>&1 || return 0
  systemctl disable --quiet "$arg_unit"
  if [ -n "$arg_seconds" ] && ! timeout "$arg_seconds" systemctl stop "$arg_unit"; then
    systemctl kill --signal=KILL "$arg_unit" 2>/dev/null || true
  fi
  systemctl stop "$arg_unit"
}

