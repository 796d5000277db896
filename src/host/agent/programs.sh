# Programs in one directory per version, the links to them, and images.

# Reports what was recorded when each file was installed, if it is still the same file. LINKS: paths separated
# by spaces.
takes_programs='reads links ..paths'
op_programs() {
  echo programs
  present=
  for link in $arg_links; do
    if [ -L "$link" ]; then
      present="$present $link"
    elif [ -e "$link" ]; then
      printf 'program-link %s\n' "$link"
    fi
  done
  # shellcheck disable=SC2086 # quorate's own names, without spaces
  [ -z "$present" ] || readlink $present | while IFS= read -r target; do
    present=${present# }
    printf 'program-link %s %.512s\n' "${present%% *}" "$target"
    present=${present#"${present%% *}"}
  done
  stat -L -c '%n %i:%s:%Y:%Z' "$@" 2>/dev/null | while read -r path now; do
    noted=
    if [ -f "$path.quorate" ] && [ ! -L "$path.quorate" ]; then read -r noted sum version <"$path.quorate" || true; fi
    if [ "$noted" = "$now" ]; then
      printf 'program %s %.64s %.32s\n' "$path" "$sum" "$version"
    else
      printf 'program %s unknown unknown\n' "$path"
    fi
  done
}

# Installs a program below quorate's own directory, which no one else writes to, and replaces existing files.
# ALIASES are links to it in the same directory. The checksum is computed only if none is given, because ssh
# protects the transfer.
takes_program='changes @content path ~sha256 version ..aliases'
op_program() {
  case $arg_path in /opt/quorate/*) ;; *) fail "$arg_path is not below /opt/quorate: quorate installs no program there" ;; esac
  folder=${arg_path%/*}
  make_folder "$folder"
  require_root "$folder"
  draft=$arg_path.quorate-new
  rm -rf "$draft"
  mv -f "$arg_content" "$draft" || fail "$arg_path could not be written"
  chown root:root "$draft"
  chmod 755 "$draft"
  sum=$arg_sha256
  if [ -z "$sum" ]; then
    sum=$(sha256sum "$draft")
    sum=${sum%% *}
  fi
  # Replaced, not overwritten: a process may be running it.
  mv -fT "$draft" "$arg_path"
  draft=
  relabel "$arg_path"
  noted="$(identity "$arg_path") $sum $arg_version"
  for name in "$@"; do
    link_to "${arg_path##*/}" "$folder/$name"
    printf '%s\n' "$noted" >"$folder/$name.quorate"
  done
  printf '%s\n' "$noted" >"$arg_path.quorate"
}

# link_to TARGET PATH
link_to() {
  draft=$2.quorate-new
  rm -rf "$draft"
  ln -s "$1" "$draft"
  mv -fT "$draft" "$2"
  draft=
}

# Only a link into quorate's own directory is overwritten.
takes_program_link='changes target path'
op_program_link() {
  if [ -e "$arg_path" ] || [ -L "$arg_path" ]; then
    case $(readlink "$arg_path") in
      /opt/quorate/*) ;;
      * ) fail "$arg_path was not created by quorate and is not overwritten: rename or remove it" ;;
    esac
  fi
  make_folder "${arg_path%/*}"
  link_to "$arg_target" "$arg_path"
}

# Imports images into containerd's namespace for Kubernetes. They are pinned: a kubelet removes other images
# when the disk fills up, and an image from an archive can't be pulled again.
takes_images='changes @archive ..names'
op_images() {
  command -v ctr >/dev/null || fail 'ctr is not installed: it comes with containerd and imports images'
  trouble=$(ctr --namespace k8s.io images import "$arg_archive" 2>&1) ||
    fail "containerd rejects the image $1: $(printf '%s\n' "$trouble" | tail -n 2 | tr '\n' ' ')"
  for name; do
    trouble=$(ctr --namespace k8s.io images label "$name" io.cri-containerd.pinned=pinned 2>&1) ||
      fail "the archive was imported, but containerd has no image $name: $(printf '%s\n' "$trouble" | tail -n 1)"
  done
  rm -f "$arg_archive"
}

# Prints nothing if containerd doesn't answer.
takes_images_look='reads ..names'
op_images_look() {
  [ -S /run/containerd/containerd.sock ] && command -v ctr >/dev/null || return 0
  for name; do
    shift
    set -- "$@" "name==$name"
  done
  found=$(timeout 10 ctr --namespace k8s.io images ls "$@" 2>/dev/null) || return 0
  echo images
  # REF TYPE DIGEST SIZE UNIT PLATFORMS LABELS
  printf '%s\n' "$found" | head -c "$most" | while read -r name _ digest _; do
    case $digest in sha256:*) printf 'image %s %s\n' "$name" "$digest" ;; esac
  done
}
