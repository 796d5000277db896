# Writes standard input to a file, which is there whole or not at all. Its folders are made.
# $1: path  $2: mode  $3: owner
set -eu
mkdir -p "$(dirname "$1")"
umask 0077
cat >"$1.new"
chown "$3" "$1.new"
chmod "$2" "$1.new"
mv "$1.new" "$1"
