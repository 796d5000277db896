# Modules and settings of the kernel. Looking starts no process if quorate has written nothing yet.

# is_loaded MODULE: true if it is loaded or built in. A built-in module without parameters is recognized only
# by what it provides. A container doesn't see its host's modules and can't load any: there a module that
# provides nothing visible counts as loaded.
is_loaded() {
  [ ! -d "/sys/module/$1" ] || return 0
  read -r release </proc/sys/kernel/osrelease
  if [ -f "/lib/modules/$release/modules.builtin" ]; then
    while read -r file; do
      file=${file##*/}
      [ "${file%.ko*}" != "$1" ] || return 0
    done <"/lib/modules/$release/modules.builtin"
  fi
  case $1 in
    br_netfilter) [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] ;;
    overlay)
      while read -r first second; do
        [ "${second:-$first}" != overlay ] || return 0
      done </proc/filesystems
      return 1
      ;;
    *) [ ! -d "/lib/modules/$release" ] ;;
  esac
}

# setting_file NAME: prints the path of a kernel setting; dots become slashes, unless the name contains a slash.
setting_file() {
  file=/proc/sys
  rest=$1.
  while [ -n "$rest" ]; do
    file=$file/${rest%%.*}
    rest=${rest#*.}
  done
}

# Reports the loaded modules of the list (separated by spaces) and the values of the settings, which are
# files. The shell can't read these itself: it reads byte by byte, and a numeric setting yields only its first
# byte.
takes_kernel_look='reads name modules ..settings'
op_kernel_look() {
  printf 'kernel %s\n' "$arg_name"
  for module in $arg_modules; do
    if is_loaded "$module"; then printf 'module %s\n' "$module"; fi
  done
  for setting; do
    shift
    setting_file "$setting"
    [ ! -r "$file" ] || set -- "$@" "$file"
  done
  for file in "/etc/modules-load.d/$arg_name.conf" "/etc/sysctl.d/$arg_name.conf"; do
    if [ -f "$file" ] && [ ! -L "$file" ]; then set -- "$@" "$file"; fi
  done
  [ $# = 0 ] || texts "$@"
}

# boot_file CONTENT PATH: writes the file completely or not at all.
boot_file() {
  make_folder "${2%/*}"
  [ -O "${2%/*}" ] && [ ! -L "${2%/*}" ] || fail "${2%/*} does not belong to root: $2 was not written"
  draft=${2%/*}/.${2##*/}.quorate-new
  rm -rf "$draft"
  cat "$1" >"$draft" && chmod 644 "$draft" && settle "$draft" || fail "$2 could not be written"
  mv -f "$draft" "$2"
  draft=
  relabel "$2"
}

# Applies them now, and from files of this name at each boot.
takes_kernel='changes name @modules @settings'
op_kernel() {
  boot_file "$arg_modules" "/etc/modules-load.d/$arg_name.conf"
  boot_file "$arg_settings" "/etc/sysctl.d/$arg_name.conf"
  while read -r module; do
    case $module in '#'* | '') continue ;; esac
    if is_loaded "$module"; then continue; fi
    command -v modprobe >/dev/null || fail "the kernel's module $module is not loaded, and modprobe, which would load it, is not installed"
    trouble=$(modprobe -- "$module" 2>&1) || fail "the kernel's module $module can't be loaded: $(printf '%s\n' "$trouble" | tail -n 1)"
  done <"$arg_modules"
  while read -r setting _ wanted; do
    case $setting in '#'* | '') continue ;; esac
    setting_file "$setting"
    [ -e "$file" ] || fail "the kernel has no setting $setting: a module of it is missing"
    value=$(cat "$file")
    [ "$value" != "$wanted" ] || continue
    (printf '%s\n' "$wanted" >"$file") 2>/dev/null || fail "$setting is $value and can't be set to $wanted: in a container, set it on the container's host"
  done <"$arg_settings"
}
