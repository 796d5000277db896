# The systemd unit.

# reload: makes systemd read its units again.
op_reload() {
  systemctl daemon-reload
}

# enable UNIT
op_enable() {
  systemctl enable --quiet "$2"
}

# start UNIT DELAY: not waited for. It is ready only when a quorum is there, so all members must be started at once.
op_start() {
  [ "$3" = 0 ] || sleep "$3"
  systemctl reset-failed "$2" 2>/dev/null || true
  systemctl start --no-block "$2"
}

# ready UNIT SECONDS: waits for a start that is under way.
op_ready() {
  # One process that waits: asking again and again takes the processor that etcd wants now.
  timeout "$3" systemctl start "$2" 2>/dev/null || not_ready "$2"
  # A failed assertion is no failure of `systemctl start`'s, nor is a condition.
  [ "$(systemctl is-active "$2")" = active ] || not_ready "$2"
}

# restart UNIT SECONDS: waits until it is ready again; with 0 it does not, for a member that can't be without others.
op_restart() {
  systemctl reset-failed "$2" 2>/dev/null || true
  if [ "$3" = 0 ]; then
    systemctl restart --no-block "$2"
  else
    timeout "$3" systemctl restart "$2" 2>/dev/null || not_ready "$2"
    [ "$(systemctl is-active "$2")" = active ] || not_ready "$2"
  fi
}

# not_ready UNIT: stops here, with what the unit's journal has to say.
not_ready() {
  printf '%s is %s after its start; its journal says:\n' "$1" "$(systemctl is-active "$1")" >&2
  journalctl --no-pager -q -o cat -n 400 -u "$1" | grep -E '"level":"(error|fatal|panic)"|[EFC] \||panic|Failed|failed|refus' | tail -n 4 >&2 || true
  exit 1
}

# stop UNIT: stopped and not started at boot.
op_stop() {
  if systemctl cat "$2" >/dev/null 2>&1; then
    systemctl disable --now --quiet "$2"
  fi
}

