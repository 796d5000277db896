# Keys, requests and certificates.

spki_of_key() {
  openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

spki_of_certificate() {
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null | openssl pkey -pubin -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

# is_roots DIRECTORY: true if it belongs to root and no other user can write to it, so that its content can't
# change after it was inspected.
is_roots() {
  case $(stat -L -c '%u %a' -- "$1" 2>/dev/null) in 0\ [0-7][0145][0145]) return 0 ;; *) return 1 ;; esac
}

# Prepares a private key, created on this node (`new`) or the current one (`keep`), and its CSR.
takes_key='changes name @configuration algorithm origin'
op_key() {
  pending=/etc/ssl/etcd.d/pending
  make_folder /etc/ssl/etcd.d
  require_root /etc/ssl/etcd.d
  mkdir -p "$pending"
  chmod 755 /etc/ssl/etcd.d
  chmod 700 "$pending"
  # A request is valid for the configuration next to it, so the old request is removed before the new
  # configuration is written.
  waiting=$pending/$arg_name
  rm -f "$waiting.key" "$waiting.csr" "$waiting.crt"
  cp "$arg_configuration" "$waiting.cnf"
  case $arg_origin-$arg_algorithm in
    keep-*) content "/etc/ssl/etcd/$arg_name.key" >"$waiting.key.new" || fail "/etc/ssl/etcd/$arg_name.key can't be read" ;;
    new-ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$waiting.key.new" ;;
    new-rsa-*) openssl genrsa -out "$waiting.key.new" "${arg_algorithm#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $arg_algorithm" ;;
  esac
  openssl req -new -key "$waiting.key.new" -config "$waiting.cnf" -out "$waiting.csr.new" ||
    fail "openssl can't create the certificate request"
  mv -f "$waiting.key.new" "$waiting.key"
  mv -f "$waiting.csr.new" "$waiting.csr"
}

# Activates the waiting keys and their certificates, all at once. The group may read the keys.
takes_certificates='changes @ca @mark group ~@etcd ~@peer ~@server'
op_certificates() {
  pending=/etc/ssl/etcd.d/pending
  begin_pair
  cp "$arg_ca" "$generation/ca.crt"
  with_key etcd "$arg_etcd"
  with_key peer "$arg_peer"
  with_key server "$arg_server"
  # etcd's environment must not contain text that etcd wrote.
  cp "$arg_mark" "$generation/ca.env"
  place_pair "$arg_group"
  rm -rf "$pending"
}

# with_key NAME CERTIFICATE: copies the certificate, if there is one, and its waiting key into $generation.
with_key() {
  [ -n "$2" ] || return 0
  cp "$pending/$1.key" "$generation/$1.key"
  cp "$2" "$generation/$1.crt"
  [ "$(spki_of_key "$generation/$1.key")" = "$(spki_of_certificate "$generation/$1.crt")" ] ||
    fail "the certificate $1.crt doesn't match the waiting key on this node"
}

# begin_pair: sets $generation to a new directory for certificates and keys.
begin_pair() {
  require_root /etc/ssl/etcd.d
  generation=$(mktemp -d /etc/ssl/etcd.d/pair.XXXXXX)
  draft=$generation
}

# place_pair GROUP: replaces the directory behind /etc/ssl/etcd with one rename. etcd reads certificate and
# key one after the other. Only if the key stays the same does every handshake find a matching pair, which is
# why keys are kept.
place_pair() {
  keep_others
  pair_modes "$generation" "$1"
  # Doesn't follow links: the previous directory is moved to their target only now.
  find "$generation" -type f -exec sync {} +
  if [ -n "$aside" ]; then mv -T /etc/ssl/etcd "$aside"; fi
  old=$(readlink /etc/ssl/etcd) || old=
  # It may exist from a run that was interrupted at this point.
  ln -sfn "etcd.d/${generation##*/}" /etc/ssl/.etcd.quorate
  draft=
  mv -fT /etc/ssl/.etcd.quorate /etc/ssl/etcd
  # The previous pair stays if it belongs to root. Older ones are removed, because they can be recreated.
  for folder in /etc/ssl/etcd.d/pair.*; do
    if [ "$folder" = "$generation" ]; then continue; fi
    if [ "$folder" = "/etc/ssl/$old" ] && is_roots "$folder"; then continue; fi
    rm -rf "$folder"
  done
}

# pair_modes DIRECTORY GROUP: sets the modes in a directory that belongs to root. GROUP can read the keys at
# every moment. Other files in it are not quorate's.
pair_modes() {
  for file in "$1"/ca.crt "$1"/ca.env "$1"/etcd.??? "$1"/peer.??? "$1"/server.???; do
    if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
    case $file in
      *.key) chmod 640 "$file" && chown "root:$2" "$file" ;;
      *.crt | */ca.env) chmod 644 "$file" && chown root:root "$file" ;;
    esac
  done
  chmod 755 "$1/"
  chown root:root "$1/"
}

# foreign_place: prints the target of /etc/ssl/etcd if quorate did not create the link. quorate's link always
# leads to a directory of /etc/ssl/etcd.d. A foreign link and its target stay unchanged.
foreign_place() {
  place=$(readlink /etc/ssl/etcd) || return 1
  case $place in
    etcd.d/* | /etc/ssl/etcd.d/*) return 1 ;;
    /*) printf '%s\n' "$place" ;;
    *) printf '/etc/ssl/%s\n' "$place" ;;
  esac
}

# keep_others: keeps other files of /etc/ssl/etcd under their names, as links to their new location. In an
# adopted cluster etcd may still use them, and other programs read them.
keep_others() {
  aside=
  if [ -d /etc/ssl/etcd ] && [ ! -L /etc/ssl/etcd ]; then aside=/etc/ssl/etcd.before-quorate.$(date +%s); fi
  others=$(foreign_place) || others=$aside
  for entry in /etc/ssl/etcd/* /etc/ssl/etcd/.[!.]*; do
    name=${entry##*/}
    if [ -e "$generation/$name" ] || [ -L "$generation/$name" ]; then continue; fi
    # Left by an interrupted run.
    case $name in .*.quorate-new) continue ;; esac
    if [ -n "$others" ] && { [ -e "$entry" ] || [ -L "$entry" ]; }; then
      ln -s -- "$others/$name" "$generation/$name"
    elif [ -L "$entry" ]; then
      # Only its text: the link may have changed. etcd may have chosen it, so it must not be read as an option.
      ln -s -- "$(readlink -- "$entry")" "$generation/$name"
    elif [ -f "$entry" ] && is_in_use "$entry"; then
      # A file of another layout: etcd reads it at every handshake until it restarts.
      content "$entry" >"$generation/$name"
    fi
  done
}

# is_in_use FILE: true if the running etcd is configured to use it.
is_in_use() {
  running=$(systemctl show etcd.service --property MainPID --value)
  [ "${running:-0}" != 0 ] && tr '\0' '\n' <"/proc/$running/environ" | grep -q -F -x -e "ETCD_CERT_FILE=$1" \
    -e "ETCD_KEY_FILE=$1" -e "ETCD_PEER_CERT_FILE=$1" -e "ETCD_PEER_KEY_FILE=$1"
}

# Replaces the trust bundle and keeps the keys. Its mark is written second: a process that is started between
# the two reports less trust than it has, never more.
takes_ca='changes @ca @mark group'
op_ca() {
  is_ours || copy_pair "$arg_group"
  draft=/etc/ssl/etcd/.ca.crt.quorate-new
  put_text "$arg_ca" "$draft" /etc/ssl/etcd/ca.crt
  draft=/etc/ssl/etcd/.ca.env.quorate-new
  put_text "$arg_mark" "$draft" /etc/ssl/etcd/ca.env
  draft=
}

# put_text CONTENT DRAFT FILE: replaces the file, in a directory that belongs to root.
put_text() {
  rm -rf "$2"
  cat "$1" >"$2"
  chmod 644 "$2"
  sync "$2"
  mv -f "$2" "$3"
}

# is_ours: true if /etc/ssl/etcd belongs to root and is not a foreign link, whose target may belong to another
# program.
is_ours() {
  is_roots /etc/ssl/etcd && ! foreign_place >/dev/null
}

# Gives TLS files to root and lets the group read the keys.
takes_tls_modes='changes group'
op_tls_modes() {
  if is_ours; then pair_modes /etc/ssl/etcd "$arg_group"; else copy_pair "$arg_group"; fi
}

# copy_pair GROUP: copies the present files into a new directory that belongs to root. Nothing is changed in a
# directory that etcd can write to, because a file may become a link.
copy_pair() {
  make_folder /etc/ssl/etcd.d
  begin_pair
  for name in ca.crt ca.env etcd.crt etcd.key peer.crt peer.key server.crt server.key; do
    if [ -L "/etc/ssl/etcd/$name" ] || [ ! -f "/etc/ssl/etcd/$name" ]; then continue; fi
    content "/etc/ssl/etcd/$name" >"$generation/$name" || fail "/etc/ssl/etcd/$name keeps changing: stop etcd on this node"
  done
  place_pair "$1"
}
