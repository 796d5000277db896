# Which files a member's write-ahead log has, and how old its database is. $1: data folder; $2: log folder; $3: the folder above
# the one that the log folder is in, or above the data folder where it is within that.
# Prints "segment NAME BYTES SECONDS" for each, oldest first, and "database BYTES SECONDS"; SECONDS since 1970. And "strange
# PATH" for a folder that is there, and can't be reached without following a link.
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
