# Installing packages.

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

takes_packages='changes ..names'
op_packages() {
  mkdir -p "$state"
  with=$(installer)
  # Planning says so beforehand, with the command: here it has gone since.
  [ "$with" = apt-get ] || fail "quorate installs packages with apt-get only, and here is $with; install them by hand: $*"
  disregard
  : >"$state/apt.log"
  apt_get install "$@" || { apt_get update && apt_get install "$@"; } ||
    fail "apt-get can not install $*: $(grep -E '^(E|W):' "$state/apt.log" | tail -n 3 | tr '\n' ' ')"
  heed
}

