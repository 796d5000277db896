# Packages, folders, files, binaries.

identity() {
  stat -L -c '%i:%s:%Y:%Z' "$1"
}

# apt_get ARGUMENT…: apt-get, as if it were typed in a login: what it makes can be read by everybody, and it finds the proxy that the
# machine's logins have. Nothing else that quorate runs uses that.
apt_get() {
  (
    umask 022
    export DEBIAN_FRONTEND=noninteractive
    while IFS='=' read -r name value; do
      [ -n "$name" ] || continue
      value=${value#[\"\']}
      export "$name=${value%[\"\']}"
    done <<PROXIES
$(sed -n -E 's/^[[:space:]]*(export[[:space:]]+)?(((https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY)=.*)$/\2/p' /etc/environment 2>/dev/null)
PROXIES
    exec apt-get -q -y -o DPkg::Lock::Timeout=60 --no-install-recommends "$@" >>"$state/apt.log" 2>&1
  )
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
  : >"$state/apt.log"
  # shellcheck disable=SC2086 # package names hold no spaces, the cluster file's check sees to that
  apt_get install $names || { apt_get update && apt_get install $names; } ||
    fail "apt-get can not install$names: $(grep -E '^(E|W):' "$state/apt.log" | tail -n 3 | tr '\n' ' ')"
  heed
}

# directory PATH OWNER GROUP MODE
op_directory() {
  nearest "${2%/*}"
  require_root "$near"
  make_folder "${2%/*}"
  [ -d "$2" ] || mkdir -m 700 "$2"
  own "$2" "$3" "$4" "$5"
}

# settle FILE…: on the disk for good. Not beside fresh binaries: it would wait until all 60 MB of them are there, and
# should the power fail meanwhile, the next run makes both again.
settle() {
  [ "$heavy" = yes ] || sync "$@"
}

# file CONTENT PATH OWNER GROUP MODE: complete or not at all.
op_file() {
  folder=$(dirname "$3")
  make_folder "$folder"
  [ -O "$folder" ] || fail "$folder is not root's: $3 is not written there"
  # One name for good: what a power cut leaves of it is overwritten by the next run, and nobody else writes here.
  draft=$folder/.${3##*/}.quorate-new
  rm -rf "$draft"
  if cat "$stage/$2" >"$draft" && chown "$4:$5" "$draft" && chmod "$6" "$draft" && settle "$draft"; then
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

