# Prints the holder of quorate's lock on this node: "held …" (see `report_lock`); nothing if it is free. Changes nothing.
export LC_ALL=C
if read_lock; then report_lock; fi
