# Installing packages.

# apt_get ARGUMENT…: runs apt-get as in a login shell: its files are world-readable, and it uses the proxy of
# the node's logins. Nothing else that quorate runs uses that proxy.
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

takes_packages='changes ..names'
op_packages() {
  mkdir -p "$state"
  with=$(installer)
  # The plan reports this in advance, with the command. Reached only if apt-get was removed since.
  [ "$with" = apt-get ] || fail "quorate installs packages only with apt-get, and this node has $with: install them by hand: $*"
  disregard
  : >"$state/apt.log"
  apt_get install "$@" || { apt_get update && apt_get install "$@"; } ||
    fail "apt-get can't install $*: $(grep -E '^(E|W):' "$state/apt.log" | tail -n 3 | tr '\n' ' ')"
  heed
}

