#!/bin/sh
# Signs every certificate request in this directory with your CA: NAME.csr becomes NAME.crt.
# usage: sh sign.sh CA.crt CA.key DAYS
# openssl asks for the passphrase of CA.key if it has one. Check the requests first:
#   openssl req -in NAME.csr -noout -text
set -eu
if [ "$#" -ne 3 ]; then
  echo 'usage: sh sign.sh CA.crt CA.key DAYS' >&2
  exit 64
fi
folder=$(dirname -- "$0")
for request in "$folder"/*.csr; do
  name=${request%.csr}
  openssl x509 -req -sha256 -in "$request" -out "$name.crt" \
    -CA "$1" -CAkey "$2" -set_serial "0x40$(openssl rand -hex 15)" -days "$3" \
    -extfile "$name.cnf" -extensions v3_sign
done
