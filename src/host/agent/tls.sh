# Keys, requests and certificates.

spki_of_key() {
  openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

spki_of_certificate() {
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null | openssl pkey -pubin -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

# is_roots FOLDER: root's, and nobody else can write there: what lies in it stays what it was when it was looked at.
is_roots() {
  case $(stat -L -c '%u %a' -- "$1" 2>/dev/null) in 0\ [0-7][0145][0145]) return 0 ;; *) return 1 ;; esac
}

# A private key, born here (`new`) or the one in force (`keep`), and its CSR, kept in waiting.
takes_key='changes name @configuration algorithm origin'
op_key() {
  pending=/etc/ssl/etcd.d/pending
  make_folder /etc/ssl/etcd.d
  require_root /etc/ssl/etcd.d
  mkdir -p "$pending"
  chmod 755 /etc/ssl/etcd.d
  chmod 700 "$pending"
  # A request counts for the configuration beside it: the old one goes before the new one comes.
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
    fail "openssl can not make the certificate request"
  mv -f "$waiting.key.new" "$waiting.key"
  mv -f "$waiting.csr.new" "$waiting.csr"
}

# Makes the waiting keys and their certificates the current ones, all at once. The group may read the keys.
takes_certificates='changes @ca @mark group ~@etcd ~@peer ~@server'
op_certificates() {
  pending=/etc/ssl/etcd.d/pending
  begin_pair
  cp "$arg_ca" "$generation/ca.crt"
  with_key etcd "$arg_etcd"
  with_key peer "$arg_peer"
  with_key server "$arg_server"
  # Into the environment of etcd go no words of etcd's own.
  cp "$arg_mark" "$generation/ca.env"
  place_pair "$arg_group"
  rm -rf "$pending"
}

# with_key NAME CERTIFICATE: the certificate, if there is one, and the key that waits for it, into $generation.
with_key() {
  [ -n "$2" ] || return 0
  cp "$pending/$1.key" "$generation/$1.key"
  cp "$2" "$generation/$1.crt"
  [ "$(spki_of_key "$generation/$1.key")" = "$(spki_of_certificate "$generation/$1.crt")" ] ||
    fail "the certificate $1.crt does not belong to the key that waits here"
}

# begin_pair: $generation is a new folder for certificates and keys.
begin_pair() {
  require_root /etc/ssl/etcd.d
  generation=$(mktemp -d /etc/ssl/etcd.d/pair.XXXXXX)
  draft=$generation
}

# place_pair GROUP: the folder behind /etc/ssl/etcd is exchanged with one rename. etcd reads certificate and key one after the
# other: that no handshake at all finds two that don't match takes the same key before and after, which is why keys are kept.
place_pair() {
  keep_others
  pair_modes "$generation" "$1"
  # Not what links lead to: a folder of before is moved to their target only now.
  find "$generation" -type f -exec sync {} +
  if [ -n "$aside" ]; then mv -T /etc/ssl/etcd "$aside"; fi
  old=$(readlink /etc/ssl/etcd) || old=
  # It may be there from a run that was cut off right here.
  ln -sfn "etcd.d/${generation##*/}" /etc/ssl/.etcd.quorate
  draft=
  mv -fT /etc/ssl/.etcd.quorate /etc/ssl/etcd
  # The previous pair stays if it is root's, older ones go: they can be made again.
  for folder in /etc/ssl/etcd.d/pair.*; do
    if [ "$folder" = "$generation" ]; then continue; fi
    if [ "$folder" = "/etc/ssl/$old" ] && is_roots "$folder"; then continue; fi
    rm -rf "$folder"
  done
}

# pair_modes FOLDER GROUP: in a folder of root's. GROUP can read the keys at every moment. What else lies there is another's.
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

# foreign_place: prints where /etc/ssl/etcd leads if it is somebody else's link. Ours goes to a folder of /etc/ssl/etcd.d, and
# to no other place. Theirs stays as it is, and so does what it leads to.
foreign_place() {
  place=$(readlink /etc/ssl/etcd) || return 1
  case $place in
    etcd.d/* | /etc/ssl/etcd.d/*) return 1 ;;
    /*) printf '%s\n' "$place" ;;
    *) printf '/etc/ssl/%s\n' "$place" ;;
  esac
}

# keep_others: what else lies under /etc/ssl/etcd (of a cluster that was adopted: etcd may run from it still, and others
# read it) stays there under its name, as a link to where it goes.
keep_others() {
  aside=
  if [ -d /etc/ssl/etcd ] && [ ! -L /etc/ssl/etcd ]; then aside=/etc/ssl/etcd.before-quorate.$(date +%s); fi
  others=$(foreign_place) || others=$aside
  for entry in /etc/ssl/etcd/* /etc/ssl/etcd/.[!.]*; do
    name=${entry##*/}
    if [ -e "$generation/$name" ] || [ -L "$generation/$name" ]; then continue; fi
    # What a run that was cut off has left.
    case $name in .*.quorate-new) continue ;; esac
    if [ -n "$others" ] && { [ -e "$entry" ] || [ -L "$entry" ]; }; then
      ln -s -- "$others/$name" "$generation/$name"
    elif [ -L "$entry" ]; then
      # Its text alone: it may be another one by now. etcd may have chosen it: it is no option.
      ln -s -- "$(readlink -- "$entry")" "$generation/$name"
    elif [ -f "$entry" ] && is_in_use "$entry"; then
      # Of another layout: read at every handshake until the process is restarted.
      content "$entry" >"$generation/$name"
    fi
  done
}

# is_in_use FILE: whether the etcd that runs was told to use it.
is_in_use() {
  running=$(systemctl show etcd.service --property MainPID --value)
  [ "${running:-0}" != 0 ] && tr '\0' '\n' <"/proc/$running/environ" | grep -q -F -x -e "ETCD_CERT_FILE=$1" \
    -e "ETCD_KEY_FILE=$1" -e "ETCD_PEER_CERT_FILE=$1" -e "ETCD_PEER_KEY_FILE=$1"
}

# Another trust bundle beside the same keys. Its mark comes second: a process that is started right
# between the two then says less than it trusts, and never more.
takes_ca='changes @ca @mark group'
op_ca() {
  is_ours || copy_pair "$arg_group"
  draft=/etc/ssl/etcd/.ca.crt.quorate-new
  put_text "$arg_ca" "$draft" /etc/ssl/etcd/ca.crt
  draft=/etc/ssl/etcd/.ca.env.quorate-new
  put_text "$arg_mark" "$draft" /etc/ssl/etcd/ca.env
  draft=
}

# put_text CONTENT DRAFT FILE: in a folder of root's.
put_text() {
  rm -rf "$2"
  cat "$1" >"$2"
  chmod 644 "$2"
  sync "$2"
  mv -f "$2" "$3"
}

# is_ours: /etc/ssl/etcd is root's, and no link of somebody else's: what it leads to may be another program's.
is_ours() {
  is_roots /etc/ssl/etcd && ! foreign_place >/dev/null
}

# TLS files are root's, and the group can read the keys.
takes_tls_modes='changes group'
op_tls_modes() {
  if is_ours; then pair_modes /etc/ssl/etcd "$arg_group"; else copy_pair "$arg_group"; fi
}

# copy_pair GROUP: the present files in a new folder of root's. In one that etcd can write to nothing is changed: a file may
# be a link by then.
copy_pair() {
  make_folder /etc/ssl/etcd.d
  begin_pair
  for name in ca.crt ca.env etcd.crt etcd.key peer.crt peer.key server.crt server.key; do
    if [ -L "/etc/ssl/etcd/$name" ] || [ ! -f "/etc/ssl/etcd/$name" ]; then continue; fi
    content "/etc/ssl/etcd/$name" >"$generation/$name" || fail "/etc/ssl/etcd/$name is another file at every look: stop etcd on this machine"
  done
  place_pair "$1"
}
