# Packages: which ones are installed, and how they are installed. Only functions, which preflight uses as well.

# installer: prints the first package manager that is installed.
installer() {
  for program in apt-get dnf yum zypper apk pacman; do
    if command -v "$program" >/dev/null; then
      echo "$program"
      return 0
    fi
  done
  echo none
}

# package_lines NAME…: prints `package NAME installed` for each installed one, and `version NAME VERSION`
# where dpkg knows it.
package_lines() {
  [ $# -gt 0 ] || return 0
  if [ "$(installer)" = apt-get ]; then
    dpkg-query -W -f 'package ${Package} ${db:Status-Status}\nversion ${Package} ${Version}\n' "$@" 2>/dev/null || true
    return 0
  fi
  for package; do
    if is_here "$package"; then printf 'package %s installed\n' "$package"; fi
  done
}

# is_here NAME: names are Debian's. Other distributions use other names, so the content of the package counts.
# Programs are checked first, because that starts no process.
is_here() {
  case $1 in
    ca-certificates)
      for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
        [ ! -s "$bundle" ] || return 0
      done
      ;;
    containernetworking-plugins)
      for folder in /usr/lib/cni /usr/libexec/cni /opt/cni/bin; do
        [ ! -x "$folder/bridge" ] || return 0
      done
      ;;
    coreutils) if command -v stat >/dev/null; then return 0; fi ;;
    iproute2) if command -v ip >/dev/null; then return 0; fi ;;
    nftables) if command -v nft >/dev/null; then return 0; fi ;;
    openssh-client) if command -v ssh >/dev/null; then return 0; fi ;;
    procps) if command -v ps >/dev/null; then return 0; fi ;;
    *) if command -v "$1" >/dev/null; then return 0; fi ;;
  esac
  if command -v rpm >/dev/null; then
    rpm -q --quiet --whatprovides "$1" >/dev/null 2>&1
  elif command -v apk >/dev/null; then
    apk info -e "$1" >/dev/null 2>&1
  elif command -v pacman >/dev/null; then
    pacman -Q "$1" >/dev/null 2>&1
  else
    return 1
  fi
}

