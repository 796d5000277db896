# Prints the names of a cluster's backups in a directory, the newest first. Changes nothing, and follows no link in it.
#   $1   the directory
#   $2   the cluster's name
set -u
export LC_ALL=C
if [ ! -d "$1" ]; then
  echo 'there is no such directory' >&2
  exit 1
fi
find "$1/" -maxdepth 1 -type f -name "$2-*.bundle*" ! -name '*.json' -printf '%f\n' | sort -r | head -n 1000
