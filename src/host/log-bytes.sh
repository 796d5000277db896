# One file of a member's write-ahead log, packed: most of it is zeros. $1: its path; $2: how many bytes of it.
head -c "$2" -- "$1" | gzip -1
