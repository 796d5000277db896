# Services of tiers: a distribution's package, a configuration of quorate's, a unit.

# service UNIT PACKAGE FILE…: what is there of it. Costs no process where there is none of its files.
takes_service='reads unit package ..file'
op_service() {
  unit=$2
  package=$3
  count=$((words - 3))
  shift 3
  own=
  present=no
  while [ "$count" -gt 0 ]; do
    own="$own $1"
    if [ -e "$1" ] || [ -L "$1" ]; then present=yes; fi
    shift
    count=$((count - 1))
  done
  if [ -f "$state/loading/$unit" ]; then printf 'loading %s\n' "$unit"; fi
  [ $present = yes ] || return 0
  # shellcheck disable=SC2086 # names of ours, without blanks
  stat -c 'service-file %n|%F|%U|%G|%a' $own 2>/dev/null || true
  for file in $own; do
    if [ -f "$file" ] && [ ! -L "$file" ]; then
      texts "$file"
      head -n 2 "$file" | grep -q '^# Written by quorate for ' || untouched "$package" "$file"
    fi
  done
  printf 'service %s' "$unit"
  systemctl show "$unit" -p LoadState -p ActiveState -p UnitFileState | while IFS='=' read -r name value; do printf ' %s=%s' "$name" "$value"; done
  echo
}

# untouched PACKAGE FILE: whether the file is as the package brought it.
untouched() {
  command -v dpkg-query >/dev/null || return 0
  brought=$(dpkg-query -W -f '${Conffiles}\n' "$1" 2>/dev/null | while read -r path sum _; do if [ "$path" = "$2" ]; then echo "$sum"; fi; done)
  sum=$(md5sum "$2")
  if [ "$brought" = "${sum%% *}" ]; then printf 'untouched %s\n' "$2"; fi
}

# device ADDRESS…: the network interface that has it.
takes_device='reads ..address'
op_device() {
  count=$((words - 1))
  shift
  while [ "$count" -gt 0 ]; do
    if command -v ip >/dev/null; then
      ip -o address show to "$1" 2>/dev/null | while read -r _ name _; do printf 'device %s %s\n' "$1" "$name"; done
    fi
    shift
    count=$((count - 1))
  done
}

# holder PORT: the programs that listen on a TCP port.
takes_holder='reads port'
op_holder() {
  command -v ss >/dev/null || return 0
  ss -Hltnp "sport = :$2" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)".*/\1/p' | sort -u | while read -r program; do printf 'holder %s %s\n' "$2" "$program"; done
}

# ask SOCKET QUESTION: what the daemon behind a socket answers.
takes_ask='reads socket question'
op_ask() {
  [ -S "$2" ] || return 0
  answer_of "$2" "$3" | while read -r line; do printf 'answer %s\n' "$line"; done
}

answer_of() {
  printf '%s\n' "$2" | timeout 5 socat -t 3 STDIO "UNIX-CONNECT:$1" 2>/dev/null | head -c "$most" || true
}

# service_file CONTENT PATH OWNER GROUP MODE UNIT CHECK…: as `file`, but CHECK, with the draft as its last word, must find it
# right: until then what is in place stays. It counts as not loaded until `service_load`.
takes_service_file='changes content path owner group mode unit ..check'
op_service_file() {
  content=$2
  path=$3
  unit=$7
  folder=${path%/*}
  make_folder "$folder"
  [ -O "$folder" ] && [ ! -L "$folder" ] || fail "$folder is not root's: $path is not written there"
  draft=$folder/.${path##*/}.quorate-new
  rm -rf "$draft"
  cat "$stage/$content" >"$draft" && chown "$4:$5" "$draft" && chmod "$6" "$draft" && settle "$draft" || fail "$path could not be written"
  count=$((words - 7))
  shift 7
  if [ "$count" -gt 0 ]; then
    # Its words and the draft alone: what is behind belongs to the next operation.
    check=
    checker=$1
    while [ "$count" -gt 0 ]; do
      check="$check $1"
      shift
      count=$((count - 1))
    done
    # shellcheck disable=SC2086 # words of ours, without blanks
    said=$($check "$draft" 2>&1) ||
      fail "$checker does not accept the new $path, which was not put in place: $(printf '%s\n' "$said" | grep -v NOTICE | tail -n 3 | tr '\n' ' ')"
  fi
  make_folder "$state/loading" 700
  : >"$state/loading/$unit"
  mv -f "$draft" "$path"
  draft=
  relabel "$path"
}

# service_load UNIT SECONDS [SOCKET QUESTION ANSWER]: enabled, and what is in place loaded: by a reload where it runs. Done when
# the daemon gives that line as an answer.
takes_service_load='changes unit seconds ..proof'
op_service_load() {
  name=$2
  seconds=$3
  systemctl enable --quiet "$name"
  until=$(($(date +%s) + seconds))
  if systemctl is-active --quiet "$name" || [ "$(systemctl is-active "$name")" = reloading ]; then
    trouble=$(timeout "$seconds" systemctl reload "$name" 2>&1) || not_ready "$name" ''
  else
    systemctl reset-failed "$name" 2>/dev/null || true
    timeout "$seconds" systemctl restart "$name" 2>/dev/null || not_ready "$name" ''
  fi
  if [ "$words" -gt 3 ]; then
    until answer_of "$4" "$5" | grep -q -x -F -e "$6"; do
      [ "$(date +%s)" -lt "$until" ] || not_ready "$name" ''
      sleep 0.05
    done
  fi
  # It may answer by its new configuration before systemd has heard that it is done.
  while [ "$(systemctl is-active "$name")" = reloading ] && [ "$(date +%s)" -lt "$until" ]; do
    sleep 0.05
  done
  [ "$(systemctl is-active "$name")" = active ] || not_ready "$name" ''
  rm -f "$state/loading/$name"
}

# service_remove UNIT SUFFIX PATH…: stopped and not started at boot; its files are moved aside.
takes_service_remove='changes unit suffix ..path'
op_service_remove() {
  if systemctl cat "$2" >/dev/null 2>&1; then
    systemctl disable --quiet --now "$2"
  fi
  rm -f "$state/loading/$2"
  suffix=$3
  count=$((words - 3))
  shift 3
  while [ "$count" -gt 0 ]; do
    if [ -f "$1" ] && [ ! -L "$1" ]; then
      mv -T -- "$1" "$1.$suffix"
      printf 'moved %s %s\n' "$1" "$1.$suffix"
    fi
    shift
    count=$((count - 1))
  done
}
