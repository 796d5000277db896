# Keys, requests and certificates.

spki_of_key() {
  openssl pkey -in "$1" -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

spki_of_certificate() {
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null | openssl pkey -pubin -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64
}

# key NAME CONFIGURATION ALGORITHM new|keep: a private key, born here (or the one in force), and its CSR, kept in waiting.
op_key() {
  pending=/etc/ssl/etcd.d/pending
  mkdir -p "$pending"
  chmod 755 /etc/ssl/etcd.d
  chmod 700 "$pending"
  # A request counts for the configuration beside it: the old one goes before the new one comes.
  rm -f "$pending/$2.key" "$pending/$2.csr" "$pending/$2.crt"
  cp "$stage/$3" "$pending/$2.cnf"
  case $5-$4 in
    keep-*) cat "/etc/ssl/etcd/$2.key" >"$pending/$2.key.new" ;;
    new-ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$pending/$2.key.new" ;;
    new-rsa-*) openssl genrsa -out "$pending/$2.key.new" "${4#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $4" ;;
  esac
  openssl req -new -key "$pending/$2.key.new" -config "$pending/$2.cnf" -out "$pending/$2.csr.new" ||
    fail "openssl can not make the certificate request"
  mv -f "$pending/$2.key.new" "$pending/$2.key"
  mv -f "$pending/$2.csr.new" "$pending/$2.csr"
}

# certificates CA MARK OWNER NAME CERTIFICATE…: makes the waiting keys and their certificates the current ones, all at once.
# The folder behind /etc/ssl/etcd is exchanged with one rename. etcd reads certificate and key one after the other: that
# no handshake at all finds two that don't match takes the same key before and after, which is why keys are kept.
op_certificates() {
  count=$((words - 4))
  ca=$2
  mark=$3
  owner=$4
  shift 4
  pending=/etc/ssl/etcd.d/pending
  generation=$(mktemp -d /etc/ssl/etcd.d/pair.XXXXXX)
  draft=$generation
  cp "$stage/$ca" "$generation/ca.crt"
  while [ "$count" -gt 0 ]; do
    cp "$pending/$1.key" "$generation/$1.key"
    cp "$stage/$2" "$generation/$1.crt"
    [ "$(spki_of_key "$generation/$1.key")" = "$(spki_of_certificate "$generation/$1.crt")" ] ||
      fail "the certificate $1.crt does not belong to the key that waits here"
    shift 2
    count=$((count - 2))
  done
  chmod 644 "$generation"/*.crt
  chmod 600 "$generation"/*.key
  chown -R "$owner:$owner" "$generation"
  # Into the environment of etcd go no words of etcd's own.
  cp "$stage/$mark" "$generation/ca.env"
  chmod 644 "$generation/ca.env"
  chmod 755 "$generation"
  sync "$generation"/*
  keep_others
  if [ -n "$aside" ]; then mv -T /etc/ssl/etcd "$aside"; fi
  old=$(readlink /etc/ssl/etcd) || old=
  # It may be there from a run that was cut off right here.
  ln -sfn "etcd.d/${generation##*/}" /etc/ssl/.etcd.quorate
  draft=
  mv -fT /etc/ssl/.etcd.quorate /etc/ssl/etcd
  rm -rf "$pending"
  # The previous pair stays, older ones go: they can be made again.
  for folder in /etc/ssl/etcd.d/pair.*; do
    [ "$folder" = "$generation" ] || [ "$folder" = "/etc/ssl/$old" ] || rm -rf "$folder"
  done
}

# keep_others: what else lies under /etc/ssl/etcd (of a cluster that was adopted: etcd may run from it still, and others
# read it) stays there under its name, as a link to where it goes.
keep_others() {
  aside=
  if [ -d /etc/ssl/etcd ] && [ ! -L /etc/ssl/etcd ]; then aside=/etc/ssl/etcd.before-quorate.$(date +%s); fi
  for entry in /etc/ssl/etcd/*; do
    name=${entry##*/}
    if [ -e "$generation/$name" ]; then continue; fi
    if [ -n "$aside" ] && { [ -e "$entry" ] || [ -L "$entry" ]; }; then
      ln -s "$aside/$name" "$generation/$name"
    elif [ -L "$entry" ]; then
      cp -P "$entry" "$generation/$name"
    elif [ -f "$entry" ] && is_in_use "$entry"; then
      # Of another layout: read at every handshake until the process is restarted.
      cp -p "$entry" "$generation/$name"
    fi
  done
}

# is_in_use FILE: whether the etcd that runs was told to use it.
is_in_use() {
  running=$(systemctl show etcd.service --property MainPID --value)
  [ "${running:-0}" != 0 ] && tr '\0' '\n' <"/proc/$running/environ" | grep -q -F -x -e "ETCD_CERT_FILE=$1" \
    -e "ETCD_KEY_FILE=$1" -e "ETCD_PEER_CERT_FILE=$1" -e "ETCD_PEER_KEY_FILE=$1"
}

# ca CONTENT MARK OWNER: another trust bundle beside the same keys. Its mark comes second: a process that is started right
# between the two then says less than it trusts, and never more.
op_ca() {
  draft=/etc/ssl/etcd/.ca.crt.quorate-new
  cat "$stage/$2" >"$draft"
  chown "$4:$4" "$draft"
  chmod 644 "$draft"
  sync "$draft"
  mv -f "$draft" /etc/ssl/etcd/ca.crt
  draft=/etc/ssl/etcd/.ca.env.quorate-new
  cat "$stage/$3" >"$draft"
  chmod 644 "$draft"
  sync "$draft"
  mv -f "$draft" /etc/ssl/etcd/ca.env
  draft=
}

# tls-modes OWNER: owners and modes of the TLS files put right. What else lies there is somebody else's.
op_tls_modes() {
  chown "$2:$2" /etc/ssl/etcd/
  chmod 755 /etc/ssl/etcd/
  for file in /etc/ssl/etcd/*.crt /etc/ssl/etcd/*.key; do
    if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
    chown "$2:$2" "$file"
    case $file in *.key) chmod 600 "$file" ;; *) chmod 644 "$file" ;; esac
  done
}

