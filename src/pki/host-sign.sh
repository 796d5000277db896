# Signs certificate requests with the CA of this node; its key never leaves the node.
# usage: sh -c "$(cat host-sign.sh)" quorate CERTIFICATE KEY SECTION < requests > certificates
#
# SECTION is the part of each configuration that holds the extensions. Standard input, line by line:
#   the passphrase of the key, or an empty line
#   for each request: 'request SERIAL DAYS' (SERIAL in hexadecimal), its PEM, 'config', its openssl.cnf
# Everything is signed before anything is answered: all or none.
set -eu
umask 077
certificate=$1
key=$2
section=$3

folder=$(mktemp -d)
# A hangup reaches everything that this program starts, and it must not stop the cleanup.
trap 'trap "" HUP INT PIPE TERM; rm -rf -- "$folder"' EXIT
# A shell ended by a signal does not run the trap above by itself.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

IFS= read -r passphrase
count=0
file=
while IFS= read -r line; do
  case $line in
  'request '*)
    count=$((count + 1))
    printf '%s\n' "${line#request }" >"$folder/$count.terms"
    file=$folder/$count.csr
    ;;
  config) file=$folder/$count.cnf ;;
  *) printf '%s\n' "$line" >>"$file" ;;
  esac
done

number=0
while [ "$number" -lt "$count" ]; do
  number=$((number + 1))
  read -r serial days <"$folder/$number.terms"
  # printf is a shell builtin, so the passphrase appears in no process list.
  printf '%s\n' "$passphrase" | openssl x509 -req -sha256 \
    -in "$folder/$number.csr" -out "$folder/$number.crt" \
    -CA "$certificate" -CAkey "$key" -passin stdin \
    -set_serial "0x$serial" -days "$days" \
    -extfile "$folder/$number.cnf" -extensions "$section"
done

number=0
while [ "$number" -lt "$count" ]; do
  number=$((number + 1))
  cat -- "$folder/$number.crt"
done
