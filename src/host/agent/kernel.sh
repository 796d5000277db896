# Modules and settings of the kernel. Looking costs no process where quorate has written nothing yet.

# is_loaded MODULE: loaded or built in. What is built in and has no parameters shows itself by what it brings alone. A container does
# not see its host's modules, and has none to load: there one that brings nothing to be seen counts as loaded.
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

# setting_file NAME: where the kernel has a setting; its dots are slashes, unless there is a slash in it already.
setting_file() {
  file=/proc/sys
  rest=$1.
  while [ -n "$rest" ]; do
    file=$file/${rest%%.*}
    rest=${rest#*.}
  done
}

# Which of the modules, of which there are several between blanks, and which values the settings have: these are files as well. A
# shell can't read them by itself: it does so byte by byte, and a setting that is a number has but one.
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

# boot_file CONTENT PATH: complete or not at all.
boot_file() {
  make_folder "${2%/*}"
  [ -O "${2%/*}" ] && [ ! -L "${2%/*}" ] || fail "${2%/*} is not root's: $2 is not written there"
  draft=${2%/*}/.${2##*/}.quorate-new
  rm -rf "$draft"
  cat "$1" >"$draft" && chmod 644 "$draft" && settle "$draft" || fail "$2 could not be written"
  mv -f "$draft" "$2"
  draft=
  relabel "$2"
}

# Now, and from files of this name at each boot.
takes_kernel='changes name @modules @settings'
op_kernel() {
  boot_file "$arg_modules" "/etc/modules-load.d/$arg_name.conf"
  boot_file "$arg_settings" "/etc/sysctl.d/$arg_name.conf"
  while read -r module; do
    case $module in '#'* | '') continue ;; esac
    if is_loaded "$module"; then continue; fi
    command -v modprobe >/dev/null || fail "the kernel's module $module is not loaded, and there is no modprobe here to load it"
    trouble=$(modprobe -- "$module" 2>&1) || fail "the kernel's module $module can not be loaded: $(printf '%s\n' "$trouble" | tail -n 1)"
  done <"$arg_modules"
  while read -r setting _ wanted; do
    case $setting in '#'* | '') continue ;; esac
    setting_file "$setting"
    [ -e "$file" ] || fail "the kernel has no setting $setting: a module of it is missing"
    value=$(cat "$file")
    [ "$value" != "$wanted" ] || continue
    (printf '%s\n' "$wanted" >"$file") 2>/dev/null || fail "$setting can not be set to $wanted here, it is $value: a container may not, its host must"
  done <"$arg_settings"
}
