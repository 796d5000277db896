# Packages of the distribution that own etcd's unit, user or data, although quorate manages them.

# look_owner: `owner MANAGER|PACKAGE|WANTED|USER|PATHS` for `parseOwners`. WANTED is dpkg's `hold`, `install`, `deinstall`;
# USER is `user` if purging it removes the user etcd; PATHS are the directories that it deletes. Cheap if
# there is no such package.
look_owner() {
  for package in etcd-server etcd; do
    info=/var/lib/dpkg/info/$package
    # These still exist if a package was removed and not purged.
    [ -e "$info.list" ] || continue
    # shellcheck disable=SC2016 # dpkg's to expand
    wanted=$(dpkg-query -W -f '${db:Status-Want}' "$package" 2>/dev/null) || continue
    user= paths=
    if [ -f "$info.postrm" ]; then
      if grep -q -E '(deluser|userdel)( .*)? etcd( |$)' "$info.postrm"; then user=user; fi
      paths=$(sed -n 's,.*rm -[a-z]* \(/[a-zA-Z0-9/._-]*etcd[a-zA-Z0-9/._-]*\).*,\1,p' "$info.postrm" | head -n 8 | tr '\n' ' ')
    fi
    printf 'owner dpkg|%s|%s|%s|%s\n' "$package" "$wanted" "$user" "${paths% }"
  done
  if [ -e /usr/lib/systemd/system/etcd.service ] && command -v rpm >/dev/null; then
    package=$(rpm -q -f --queryformat '%{NAME}' /usr/lib/systemd/system/etcd.service 2>/dev/null) || return 0
    printf 'owner rpm|%s|install||\n' "$package"
  fi
}
