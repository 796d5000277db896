# Accounts: what getent reports about a user and a group, and which of it is in the node's own files. The rest
# is in a directory service, which usermod and groupmod can't change.

# look_account NAME: prints lines for `parseAccount`. From /etc/shadow it reports only whether a password is set.
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
  # `stat` reports the first user with this ID as the owner of its files.
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
  # Saves a program in the usual case.
  if [ "$gid" = "$usual" ]; then
    printf 'account primary %s\n' "$1"
  elif line=$(getent group "$gid"); then
    printf 'account primary %s\n' "${line%%:*}"
  fi
}

# Creates the missing user or group of this name, and sets the user's shell. The IDs, primary group and home
# of an existing user stay.
takes_user='changes name shell'
op_user() {
  disregard
  if ! getent group "$arg_name" >/dev/null; then
    # The group ID in the user's entry, if no group has it any more: files still have it.
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
