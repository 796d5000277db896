# Whether containerd can read a configuration. $1: the file
exec containerd --config "$1" config dump >/dev/null
