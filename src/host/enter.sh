# enter BASE PATH: goes to PATH, below BASE, a folder at a time and never where a link leads: etcd can replace any of them by one
# at any moment. Where we stand nobody can replace.
enter() {
  cd -P -- "$1" 2>/dev/null || return 1
  rest=${2#"$1"/}
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    above=$(pwd -P)
    cd -P -- "./$part" 2>/dev/null && [ "$(pwd -P)" = "${above%/}/$part" ] || return 1
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
  done
}
