# Accounts: what the system knows of a user and a group (getent), and what of it stands in the machine's own files. What does
# not is a directory service's: usermod and groupmod can't change it.

# look_account NAME: lines for `parseAccount`. Of /etc/shadow nothing but whether there is a password.
look_account() {
  usual=
  if line=$(getent group "$1"); then
    rest=${line#*:*:}
    usual=${rest%%:*}
    place=directory first=
    while IFS=: read -r name _ id _; do
      if [ "$name" = "$1" ]; then place=files; fi
      if [ "$id" = "$usual" ] && [ -z "$first" ]; then first=$name; fi
    done </etc/group
    printf 'account group %s %s %s\n' "$usual" "$place" "${rest#*:}"
    if [ -n "$first" ] && [ "$first" != "$1" ]; then printf 'account gid-of %s\n' "$first"; fi
  fi
  line=$(getent passwd "$1") || return 0
  rest=${line#*:*:}
  uid=${rest%%:*}
  rest=${rest#*:}
  gid=${rest%%:*}
  rest=${rest#*:*:}
  place=directory first=
  # Ours or not, the first one of these is whose files `stat` says they are.
  while IFS=: read -r name _ id _; do
    if [ "$name" = "$1" ]; then place=files; fi
    if [ "$id" = "$uid" ] && [ -z "$first" ]; then first=$name; fi
  done </etc/passwd
  password=unknown
  if [ -r /etc/shadow ]; then
    while IFS=: read -r name hash _; do
      if [ "$name" != "$1" ]; then continue; fi
      case $hash in '!'* | '*'*) password=locked ;; '') password=empty ;; *) password=set ;; esac
    done </etc/shadow
  fi
  printf 'account user %s %s %s %s\naccount home %s\naccount shell %s\n' "$uid" "$gid" "$place" "$password" \
    "${rest%:*}" "${rest##*:}"
  if [ -n "$first" ] && [ "$first" != "$1" ]; then printf 'account uid-of %s\n' "$first"; fi
  # A program less where it is the usual one.
  if [ "$gid" = "$usual" ]; then
    printf 'account primary %s\n' "$1"
  elif line=$(getent group "$gid"); then
    printf 'account primary %s\n' "${line%%:*}"
  fi
}

# The user and the group of this name, as far as one is missing; and the user's shell. What is there stays as
# it is: its numbers, its primary group, its home.
takes_user='changes name shell'
op_user() {
  disregard
  if ! getent group "$arg_name" >/dev/null; then
    # The number of the group that the user's entry names, if no group has it any more: files have it.
    free=
    if line=$(getent passwd "$arg_name"); then
      free=${line#*:*:*:}
      free=${free%%:*}
      if getent group "$free" >/dev/null; then free=; fi
    fi
    groupadd --system ${free:+--gid "$free"} "$arg_name"
  fi
  if ! line=$(getent passwd "$arg_name"); then
    useradd --system --gid "$arg_name" --no-create-home --home-dir /nonexistent --shell "$arg_shell" "$arg_name"
  elif [ "${line##*:}" != "$arg_shell" ] && grep -q "^$arg_name:" /etc/passwd; then
    usermod -s "$arg_shell" "$arg_name"
  fi
  heed
}
