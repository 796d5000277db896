# Runs on the node while the connection exists, and ends what the connection leaves running: sshd lets
# commands without a terminal continue after their connection has ended.
#
#   $1  the connection's name; its commands carry QUORATE_RUN=<connection>.<number>/ in their environment
#
# Reads the number of a command to hang up, one a line, or to kill (`7 KILL`). `bye` ends the guard only. The
# end of input means that the other side is gone, and hangs up all commands. SIGHUP is what a closed terminal
# sends: package managers finish on it.

connection=$1
if [ "$(id -u)" = 0 ]; then rights=root
elif ! command -v sudo >/dev/null 2>&1; then rights=no-sudo
elif sudo -nk true 2>/dev/null; then rights=sudo
else rights=sudo-with-password
fi

hang_up='for environ in $(grep -Fls "QUORATE_RUN=$1" /proc/[0-9]*/environ 2>/dev/null); do
  process=${environ#/proc/}
  kill -"$2" "${process%/environ}"
done'
end() {
  if [ "$rights" = sudo ]; then sudo -n sh -c "$hang_up" sh "$connection.$1" "$2"
  else sh -c "$hang_up" sh "$connection.$1" "$2"
  fi
}

trap '' HUP
printf '\nquorate-login %s %s\n' "$(id -un)" "$rights"
exec >/dev/null 2>&1
while read -r run signal; do
  if [ "$run" = bye ]; then exit 0; fi
  end "$run/" "${signal:-HUP}"
done
end '' HUP
