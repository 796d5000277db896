# Who holds quorate's lock on this machine: "held …" (see `report_lock`); nothing if nobody does. Changes nothing.
export LC_ALL=C
if read_lock; then report_lock; fi
