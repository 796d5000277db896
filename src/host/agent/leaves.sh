# Certificates and secrets of tiers. A private key is created on this node and never leaves it.

leaf_requests=/var/lib/quorate/leaves

# leaf_file FILE: sets $found to the path of its content: the file itself, or a sibling that it is a link to, as
# a kubelet does it. Other links don't count: it is empty then.
leaf_file() {
  found=
  if [ ! -L "$1" ]; then
    if [ -f "$1" ]; then found=$1; fi
    return 0
  fi
  target=$(readlink -n -- "$1" | tr '\n' '?')
  target=${target#"${1%/*}"/}
  case $target in '' | */* | .*) return 0 ;; esac
  target=${1%/*}/$target
  if is_roots "${1%/*}" && [ -f "$target" ] && [ ! -L "$target" ]; then found=$target; fi
}

# private_part FILE: prints the private key in it, also of a kubeconfig (`.conf`).
private_part() {
  case $1 in
    *.conf) content "$1" | sed -n 's/^ *client-key-data: *//p' | base64 -d 2>/dev/null ;;
    *) content "$1" ;;
  esac
}

# public_part FILE: prints the public key of the private key in it, PEM in one line; nothing if there is none.
public_part() {
  # shellcheck disable=SC2046 # put on one line by leaving out the blanks
  printf '%s' $(private_part "$1" | openssl pkey -pubout 2>/dev/null)
}

# leaf_text FILE PROGRAM…: prints its lines as PATH:LINE, filtered by the program, which removes private keys.
leaf_text() {
  label=$1
  leaf_file "$1"
  [ -n "$found" ] || return 0
  shift
  content "$found" "$most_pieces" | "$@" | grep -a -H --label="$label" '' || true
}

# Reports a certificate and its key. `form` is `pair` (files `certificate` and `key`), `joined` (both in
# `certificate`) or `kubeconfig` (both within the kubeconfig `certificate`).
takes_leaf='reads name form certificate ~key ~kubeconfig'
op_leaf() {
  printf 'leaf %s %s %s %s\n' "$arg_name" "$arg_form" "$arg_certificate" "$arg_kubeconfig"
  if [ -f "$leaf_requests/$arg_name.csr" ] && is_roots "$leaf_requests"; then texts "$leaf_requests/$arg_name.csr" "$leaf_requests/$arg_name.cnf"; fi
  # One program for all files that are no links.
  set --
  for file in "$arg_certificate" "$arg_key" "$arg_kubeconfig"; do
    if [ -L "$file" ]; then
      leaf_file "$file"
      stat -c "leaf-file $arg_name|$file|%F|%U|%G|%a" -- "${found:-$file}" 2>/dev/null || true
    elif [ -e "$file" ]; then
      set -- "$@" "$file"
    fi
  done
  [ $# = 0 ] || stat -c "leaf-file $arg_name|%n|%F|%U|%G|%a" -- "$@" 2>/dev/null || true
  if [ -n "$arg_kubeconfig" ]; then leaf_text "$arg_kubeconfig" grep -a -v -e 'client-key-data:'; fi
  if [ "$arg_form" = kubeconfig ]; then
    leaf_text "$arg_certificate" grep -a -v -e 'client-key-data:'
  else
    leaf_text "$arg_certificate" sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p'
  fi
  leaf_file "${arg_key:-$arg_certificate}"
  if [ -n "$found" ]; then
    printf 'leaf-key %s ' "$arg_name"
    public_part "$found"
    echo
  fi
}

# Reports files whose content is secret: owner, mode, and SHA-256; for a private key (`.key`) its public key
# instead.
takes_secret='reads ..paths'
op_secret() {
  for path; do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
  done
  [ $# -gt 0 ] || return 0
  stat -c '%n|%F|%U|%G|%a|' -- "$@" 2>/dev/null | while IFS= read -r line; do
    path=${line%%|*}
    printf 'secret %s' "$line"
    if [ -L "$path" ] || [ ! -f "$path" ]; then
      echo 'none|'
      continue
    fi
    case $path in
      *.key) printf 'key|' && public_part "$path" && echo ;;
      *) sum=$(content "$path" | sha256sum) && printf 'sum|%s\n' "${sum%% *}" ;;
    esac
  done
}

# Prepares a private key and its certificate request. The key is created on this node, or is the one in the
# file `keep`.
takes_leaf_key='changes name @configuration algorithm ~keep'
op_leaf_key() {
  make_folder "$leaf_requests" 700
  require_root "$leaf_requests"
  chmod 700 "$leaf_requests"
  # A request is valid for the configuration next to it, so the old request is removed before the new
  # configuration is written.
  request=$leaf_requests/$arg_name
  rm -rf "$request.csr" "$request.key" "$request.cnf" "$request.new" "$request.draft"
  case $arg_keep-$arg_algorithm in
    /*)
      leaf_file "$arg_keep"
      private_part "${found:-$arg_keep}" | openssl pkey -out "$request.new" 2>/dev/null ||
        fail "$arg_keep contains no readable private key"
      ;;
    -ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$request.new" ;;
    -rsa-*) openssl genrsa -out "$request.new" "${arg_algorithm#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $arg_algorithm" ;;
  esac
  cp "$arg_configuration" "$request.cnf"
  openssl req -new -key "$request.new" -config "$request.cnf" -out "$request.draft" ||
    fail "openssl can't create the certificate request"
  settle "$request.new"
  mv -f "$request.new" "$request.key"
  mv -f "$request.draft" "$request.csr"
}

# leaf_draft FILE: sets $draft to a new, private file next to it, in a directory that belongs to root. A draft
# of an interrupted run is removed.
leaf_draft() {
  make_folder "${1%/*}"
  require_root "${1%/*}"
  draft=${1%/*}/.${1##*/}.quorate-new
  rm -rf "$draft"
  (set -C && : >"$draft") || fail "$1 could not be written"
}

# leaf_place FILE MODE: replaces the file with the draft. An existing link is replaced, its target stays.
leaf_place() {
  chown root:root "$draft" && chmod "$2" "$draft" && settle "$draft" || fail "$1 could not be written"
  [ ! -d "$1" ] || [ -L "$1" ] || fail "$1 is a directory"
  mv -fT "$draft" "$1"
  draft=
  relabel "$1"
}

# compose TEMPLATE CERTIFICATE KEY: prints the kubeconfig with both filled in.
compose() {
  certificate_data=$(base64 -w 0 "$2")
  key_data=$(base64 -w 0 "$3")
  # printf is a shell builtin: no program gets a key as an argument.
  while IFS= read -r line; do
    case $line in
      *' @certificate@') printf '%s%s\n' "${line%@certificate@}" "$certificate_data" ;;
      *' @key@') printf '%s%s\n' "${line%@key@}" "$key_data" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$1"
}

# end_in_pod PROGRAM: stops it; its kubelet restarts it at once. The kernel keeps only 15 characters of a
# process name.
end_in_pod() {
  short=$(printf '%.15s' "$1")
  grep -l -x -F -e "$short" /proc/[0-9]*/comm 2>/dev/null | while read -r comm; do
    process=${comm%/comm}
    if grep -q kubepods "$process/cgroup" 2>/dev/null; then kill "${process#/proc/}" 2>/dev/null || true; fi
  done
}

# Activates the certificate and its waiting key. The key is written first: if both are new, a reader in
# between finds a mismatch and tries again. `form` and paths as for `leaf`; `template` is the kubeconfig's;
# `reader`: a program in a static pod that reads it only at its start.
takes_leaf_certificate='changes name @pem form certificate ~key ~@template ~kubeconfig ~reader'
op_leaf_certificate() {
  require_root "$leaf_requests"
  key=$leaf_requests/$arg_name.key
  [ -f "$key" ] && [ ! -L "$key" ] || fail "no key on this node waits for the certificate $arg_name"
  [ "$(spki_of_key "$key")" = "$(spki_of_certificate "$arg_pem")" ] || fail "the certificate $arg_name doesn't match the waiting key on this node"
  case $arg_form in
    pair)
      leaf_draft "$arg_key"
      cat "$key" >"$draft"
      leaf_place "$arg_key" 600
      leaf_draft "$arg_certificate"
      cat "$arg_pem" >"$draft"
      leaf_place "$arg_certificate" 644
      ;;
    joined)
      # As the kubelet keeps it: a link to a file with a date. It replaces the link, but would not replace a file.
      dated=${arg_certificate%-current.pem}-$(date -u +%Y-%m-%d-%H-%M-%S).pem
      leaf_draft "$dated"
      cat "$arg_pem" "$key" >"$draft"
      leaf_place "$dated" 600
      draft=${arg_certificate%/*}/.${arg_certificate##*/}.quorate-new
      rm -rf "$draft"
      ln -s "$dated" "$draft"
      [ ! -d "$arg_certificate" ] || [ -L "$arg_certificate" ] || fail "$arg_certificate is a directory"
      mv -fT "$draft" "$arg_certificate"
      draft=
      ;;
    kubeconfig)
      leaf_draft "$arg_certificate"
      compose "$arg_template" "$arg_pem" "$key" >"$draft"
      leaf_place "$arg_certificate" 600
      ;;
    *) fail "unknown form $arg_form" ;;
  esac
  if [ -n "$arg_kubeconfig" ]; then
    leaf_draft "$arg_kubeconfig"
    cat "$arg_template" >"$draft"
    leaf_place "$arg_kubeconfig" 600
  fi
  if [ -n "$arg_reader" ]; then end_in_pod "$arg_reader"; fi
  rm -f "$leaf_requests/$arg_name.csr" "$leaf_requests/$arg_name.key" "$leaf_requests/$arg_name.cnf"
}

# Writes a file with secret content.
takes_secret_file='changes @content path mode'
op_secret_file() {
  leaf_draft "$arg_path"
  cat "$arg_content" >"$draft"
  leaf_place "$arg_path" "$arg_mode"
}
