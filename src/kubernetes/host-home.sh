# Manages Kubernetes' CAs and secrets on the node of etcd's CA, in a directory next to it.
# usage: sh -c "$(cat host-home.sh)" quorate look|make|read DIRECTORY KEY [WORD…] < passphrase and more
#
#   look            prints `plain` or `encrypted`, as KEY, the key of etcd's CA, is. Once they exist: `sum SHA-256` of the
#                   encryption configuration and of the service accounts' public key
#   make ALGORITHM CA-NAME FRONT-PROXY-CA-NAME
#                   creates all of them, unless they exist. Standard input after the passphrase: the encryption configuration
#   read NAME       prints `ca-key`, `service-account-key` or `encryption`, for control-plane nodes
#
# The first line of standard input is the passphrase, empty if there is none. It is never an argument of a program.
set -eu
umask 077
action=$1
directory=$2
key=$3
shift 3
IFS= read -r passphrase || true

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

encrypted=no
if [ -f "$key" ] && grep -q ENCRYPTED -- "$key"; then encrypted=yes; fi

# with_passphrase PROGRAM…: runs the program with the passphrase on its standard input.
with_passphrase() {
  printf '%s\n' "$passphrase" | "$@"
}

# make_key ALGORITHM FILE
make_key() {
  case $1 in
  ecdsa-p256) set -- "$2" -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
  rsa-*) set -- "$2" -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa-}" ;;
  *) fail "unknown key algorithm $1" ;;
  esac
  file=$1
  shift
  if [ $encrypted = yes ]; then set -- "$@" -aes256 -pass stdin; fi
  with_passphrase openssl genpkey "$@" -out "$file" 2>/dev/null
}

# make_ca ALGORITHM NAME FOLDER
make_ca() {
  mkdir "$3"
  make_key "$1" "$3/ca.key"
  printf '%s\n' '[req]' 'prompt = no' 'string_mask = utf8only' 'distinguished_name = dn' 'x509_extensions = ca' \
    '[dn]' "CN = $2" '[ca]' 'basicConstraints = critical, CA:TRUE, pathlen:0' \
    'keyUsage = critical, keyCertSign, cRLSign' 'subjectKeyIdentifier = hash' >"$3/ca.cnf"
  with_passphrase openssl req -x509 -new -sha256 -days 3653 -key "$3/ca.key" -passin stdin -config "$3/ca.cnf" -out "$3/ca.crt"
  rm "$3/ca.cnf"
}

case $action in
look)
  if [ $encrypted = yes ]; then echo encrypted; else echo plain; fi
  if [ -f "$directory/ca/ca.crt" ]; then
    printf 'sum %s\n' "$(head -c 64 -- "$directory/encryption.sha256")"
    head -c 16384 -- "$directory/sa.pub"
  fi
  ;;
make)
  [ ! -f "$directory/ca/ca.crt" ] || exit 0
  if [ $encrypted = yes ]; then with_passphrase openssl pkey -in "$key" -passin stdin -noout || fail "bad password for $key"; fi
  encryption=$(cat)
  draft=$(mktemp -d "$directory.XXXXXX")
  # A hangup reaches everything that this program starts, and it must not stop the cleanup.
  trap 'trap "" HUP INT PIPE TERM; rm -rf -- "$draft"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
  make_ca "$1" "$2" "$draft/ca"
  make_ca "$1" "$3" "$draft/front-proxy-ca"
  make_key rsa-2048 "$draft/sa.key"
  with_passphrase openssl pkey -in "$draft/sa.key" -passin stdin -pubout -out "$draft/sa.pub"
  printf '%s\n' "$encryption" >"$draft/encryption.yaml"
  sum=$(sha256sum "$draft/encryption.yaml")
  printf '%s\n' "${sum%% *}" >"$draft/encryption.sha256"
  if [ $encrypted = yes ]; then
    openssl enc -aes-256-cbc -pbkdf2 -pass fd:3 -in "$draft/encryption.yaml" -out "$draft/encryption.yaml.enc" 3<<PASSPHRASE
$passphrase
PASSPHRASE
    rm "$draft/encryption.yaml"
  fi
  chmod 644 "$draft/ca/ca.crt" "$draft/front-proxy-ca/ca.crt" "$draft/sa.pub"
  find "$draft" -type f -exec sync {} +
  # If another run was first, its files stay.
  if mv -T -- "$draft" "$directory" 2>/dev/null; then
    trap - EXIT
  else
    [ -f "$directory/ca/ca.crt" ] || fail "$directory is there, and holds no CA of Kubernetes"
  fi
  ;;
read)
  case $1 in
  ca-key) with_passphrase openssl pkey -in "$directory/ca/ca.key" -passin stdin ;;
  service-account-key) with_passphrase openssl pkey -in "$directory/sa.key" -passin stdin ;;
  encryption)
    if [ -f "$directory/encryption.yaml" ]; then
      head -c 65536 -- "$directory/encryption.yaml"
    else
      openssl enc -d -aes-256-cbc -pbkdf2 -pass fd:3 -in "$directory/encryption.yaml.enc" 3<<PASSPHRASE
$passphrase
PASSPHRASE
    fi
    ;;
  *) fail "unknown secret $1" ;;
  esac
  ;;
*) fail "unknown action $action" ;;
esac
