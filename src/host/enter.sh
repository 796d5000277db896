# enter BASE PATH: changes to PATH, below BASE, one directory at a time and never through a link: etcd can
# replace any of them with a link at any moment, but not the current directory of this process.
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
