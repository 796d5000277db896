# The systemd unit.

# reload: makes systemd read its units again.
op_reload() {
  systemctl daemon-reload
}

# wanted UNIT: the mark of `quorate stop` goes once the member is to run again.
wanted() {
  [ "$1" != etcd.service ] || rm -f "$state/stopped"
}

# enable UNIT
op_enable() {
  wanted "$2"
  systemctl enable --quiet "$2"
}

# hand_over COUNT FOLDER…: all that is in them belongs to etcd from now on. Only while no member runs.
hand_over() {
  count=$1
  shift
  while [ "$count" -gt 0 ]; do
    require_root "${1%/*}"
    # `-R` follows no link, neither this one nor any in it.
    ! is_directory "$1" || chown -hR etcd:etcd "$1"
    shift
    count=$((count - 1))
  done
}

# start UNIT DELAY FOLDER…: not waited for. It is ready only when a quorum is there, so all members must be started at once.
op_start() {
  [ "$3" = 0 ] || sleep "$3"
  wanted "$2"
  name=$2
  shift 3
  hand_over "$((words - 3))" "$@"
  systemctl reset-failed "$name" 2>/dev/null || true
  systemctl start --no-block "$name"
}

# ready UNIT SECONDS: waits for a start that is under way.
op_ready() {
  since=$(($(date +%s) - 10))
  # One process that waits: asking again and again takes the processor that etcd wants now.
  timeout "$3" systemctl start "$2" 2>/dev/null || not_ready "$2" "$since"
  # A failed assertion is no failure of `systemctl start`'s, nor is a condition.
  [ "$(systemctl is-active "$2")" = active ] || not_ready "$2" "$since"
}

# restart UNIT SECONDS FOLDER…: waits until it is ready again; with 0 it does not, for a member that can't be without others.
op_restart() {
  wanted "$2"
  name=$2
  seconds=$3
  shift 3
  if [ "$words" -gt 3 ]; then
    systemctl stop "$name"
    hand_over "$((words - 3))" "$@"
  fi
  systemctl reset-failed "$name" 2>/dev/null || true
  if [ "$seconds" = 0 ]; then
    systemctl restart --no-block "$name"
  else
    since=$(date +%s)
    timeout "$seconds" systemctl restart "$name" 2>/dev/null || not_ready "$name" "$since"
    [ "$(systemctl is-active "$name")" = active ] || not_ready "$name" "$since"
  fi
}

# not_ready UNIT SINCE: stops here, with what the unit's journal has to say since then (seconds since 1970).
not_ready() {
  printf '%s did not become ready, it is %s; its journal says:\n' "$1" "$(systemctl is-active "$1")" >&2
  # What a process wrote right before it died may still be on its way.
  journalctl --sync 2>/dev/null || true
  # etcd writes JSON from 3.5 on: of its warnings and worse no more than the words.
  journalctl --no-pager -q -o cat --since "@$2" -n 400 -u "$1" |
    grep -E '^\{"level":"(error|fatal|panic)"| [EFC] \||^panic|^[^{].*([Ff]ailed|refus|assert)' |
    sed -e 's/,"stacktrace":.*//' -e 's/^{"level":"\([a-z]*\)","ts":"[^"]*",\("logger":"[^"]*",\)*"caller":"[^"]*","msg":/\1: /' \
      -e 's/,"error":/: /' -e 's/}*$//' -e 's/\\"/"/g' | uniq | tail -n 4 | cut -c 1-2000 >&2 || true
  exit 1
}

# stop UNIT [SECONDS]: stopped and not started at boot. It may take so long; then it is killed.
op_stop() {
  systemctl cat "$2" >/dev/null 2>&1 || return 0
  systemctl disable --quiet "$2"
  if [ "$words" = 3 ] && ! timeout "$3" systemctl stop "$2"; then
    systemctl kill --signal=KILL "$2" 2>/dev/null || true
  fi
  systemctl stop "$2"
}

