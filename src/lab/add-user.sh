# Makes a user who may log in with the keys given on standard input; a first input line is the password, may be empty.
# $1: name  $2: passwordless, password or none
set -eu
name=$1 sudo=$2
IFS= read -r password

if ! id "$name" >/dev/null 2>&1; then useradd --create-home --shell /bin/bash "$name"; fi
if [ -n "$password" ]; then printf '%s:%s\n' "$name" "$password" | chpasswd; fi
case $sudo in
password) usermod --append --groups sudo "$name" ;;
passwordless)
  umask 0227
  printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$name" >"/etc/sudoers.d/$name.new"
  mv "/etc/sudoers.d/$name.new" "/etc/sudoers.d/$name"
  ;;
esac

umask 0077
home=$(getent passwd "$name" | cut -d: -f6)
mkdir -p "$home/.ssh"
cat >"$home/.ssh/authorized_keys"
chown -R "$name:" "$home/.ssh"
