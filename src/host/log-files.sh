# Lists the files of a member's write-ahead log (WAL) and the age of its database. $1: data directory; $2: WAL
# directory; $3: the grandparent of the WAL directory, or the parent of the data directory if the WAL is
# within that. Prints "segment NAME BYTES SECONDS" for each, oldest first, and "database BYTES SECONDS";
# SECONDS since 1970. Also prints "strange PATH" for a directory that exists and can't be reached without
# following a link.
export LC_ALL=C
(
  enter "$3" "$2" || { [ ! -d "$2" ] || echo "strange $2"; exit 0; }
  for file in *.wal; do
    case $file in *[!0-9a-f-]*.wal) continue ;; esac
    if [ -f "$file" ] && [ ! -L "$file" ]; then stat -c "segment $file %s %Y" -- "$file"; fi
  done
)
(
  enter "${1%/*}" "$1/member/snap" || { [ ! -d "$1/member/snap" ] || echo "strange $1"; exit 0; }
  if [ -f db ] && [ ! -L db ]; then stat -c 'database %s %Y' -- db; fi
)
