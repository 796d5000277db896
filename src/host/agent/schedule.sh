# What a schedule of backups needs besides.

# schedule_key FOLDER CONFIGURATION ALGORITHM: a client's private key, born here, and its request, which is told. It waits
# in FOLDER until its certificate comes.
takes_schedule_key='changes folder configuration algorithm'
op_schedule_key() {
  rm -f "$2/waiting.key"
  case $4 in
    ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$2/waiting.key" ;;
    rsa-*) openssl genrsa -out "$2/waiting.key" "${4#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $4" ;;
  esac
  openssl req -new -key "$2/waiting.key" -config "$stage/$3" -out "$2/waiting.csr" ||
    fail "openssl can not make the certificate request"
  printf 'request %s\n' "$(base64 -w 0 <"$2/waiting.csr")"
  rm -f "$2/waiting.csr"
}

# schedule_certificate FOLDER GROUP CERTIFICATE: it and the key that waits become the ones in force. GROUP may read them.
takes_schedule_certificate='changes folder group certificate'
op_schedule_certificate() {
  draft=$2/waiting.crt
  cat "$stage/$4" >"$draft"
  [ "$(spki_of_key "$2/waiting.key")" = "$(spki_of_certificate "$draft")" ] ||
    fail "the certificate does not belong to the key that waits here"
  chown "root:$3" "$2/waiting.key" "$draft"
  chmod 640 "$2/waiting.key" "$draft"
  sync "$2/waiting.key" "$draft"
  mv -f "$2/waiting.key" "$2/client.key"
  mv -f "$draft" "$2/client.crt"
  draft=
}

# schedule_store FOLDER USER: a folder that USER can write to. One that is there already, and is root's, becomes USER's if
# it is empty or has only backups in it: those of a schedule that was ended.
takes_schedule_store='changes folder user'
op_schedule_store() {
  if [ ! -e "$2" ]; then (umask 022 && mkdir -p "$2"); fi
  [ -d "$2" ] || fail "$2 is no folder"
  if [ "$(stat -L -c %u "$2")" = 0 ] && [ -z "$(find "$2/" -mindepth 1 ! -name '*.bundle*' | head -n 1)" ] && (require_root "${2%/*}") 2>/dev/null; then
    chown -hR "$3:$3" "$2/"
    chmod 700 "$2"
  fi
  runuser -u "$3" -- test -w "$2" -a -x "$2" ||
    fail "$2 is there already, and the user $3 can not write to it; let it: chown -R $3: $2"
}

# schedule_link TARGET PATH
takes_schedule_link='changes target path'
op_schedule_link() {
  ln -sfn -- "$2" "$3"
}

# schedule_forget USER FOLDER: what USER has in the store's FOLDER is root's from now on; no other user may get its number
# and with it the backups. FOLDER may be empty: there is none.
takes_schedule_forget='changes user folder'
op_schedule_forget() {
  id "$2" >/dev/null 2>&1 || return 0
  if [ -n "$3" ] && [ "$(stat -L -c %U "$3" 2>/dev/null)" = "$2" ]; then chown -hR root:root "$3/"; fi
  disregard
  userdel "$2"
  heed
}

# schedule_signing_key FOLDER COMMENT: a key that signs backups, born here and root's alone. Its public half is told.
takes_schedule_signing_key='changes folder comment'
op_schedule_signing_key() {
  rm -f "$2/waiting-signing.key" "$2/waiting-signing.key.pub"
  (umask 077 && ssh-keygen -q -t ed25519 -N '' -C "$3" -f "$2/waiting-signing.key" </dev/null) ||
    fail "ssh-keygen can't make a key"
  rm -f "$2/waiting-signing.key.pub"
  public=$(ssh-keygen -y -P '' -f "$2/waiting-signing.key" </dev/null) || fail "ssh-keygen can't read its key"
  chown root:root "$2/waiting-signing.key"
  chmod 600 "$2/waiting-signing.key"
  sync "$2/waiting-signing.key"
  mv -f "$2/waiting-signing.key" "$2/signing.key"
  printf 'signing %s\n' "$public"
}
