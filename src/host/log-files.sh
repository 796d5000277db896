# Which files a member's write-ahead log has, and how old its database is. $1: data folder; $2: log folder.
# Prints "segment NAME BYTES SECONDS" for each, oldest first, and "database BYTES SECONDS"; SECONDS since 1970.
export LC_ALL=C
for file in "$2"/*.wal; do
  if [ -f "$file" ]; then stat -c "segment ${file##*/} %s %Y" -- "$file"; fi
done
if [ -f "$1/member/snap/db" ]; then stat -c 'database %s %Y' -- "$1/member/snap/db"; fi
