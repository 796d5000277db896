# Operations that only scheduled backups need.

# Creates a client's private key on this node and reports its certificate request. The key waits in the
# directory for its certificate.
takes_schedule_key='changes folder @configuration algorithm'
op_schedule_key() {
  rm -f "$arg_folder/waiting.key"
  case $arg_algorithm in
    ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$arg_folder/waiting.key" ;;
    rsa-*) openssl genrsa -out "$arg_folder/waiting.key" "${arg_algorithm#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $arg_algorithm" ;;
  esac
  openssl req -new -key "$arg_folder/waiting.key" -config "$arg_configuration" -out "$arg_folder/waiting.csr" ||
    fail "openssl can't create the certificate request"
  printf 'request %s\n' "$(base64 -w 0 <"$arg_folder/waiting.csr")"
  rm -f "$arg_folder/waiting.csr"
}

# Activates the certificate and the waiting key. The group may read them.
takes_schedule_certificate='changes folder group @certificate'
op_schedule_certificate() {
  draft=$arg_folder/waiting.crt
  cat "$arg_certificate" >"$draft"
  [ "$(spki_of_key "$arg_folder/waiting.key")" = "$(spki_of_certificate "$draft")" ] ||
    fail "the certificate doesn't match the waiting key on this node"
  chown "root:$arg_group" "$arg_folder/waiting.key" "$draft"
  chmod 640 "$arg_folder/waiting.key" "$draft"
  sync "$arg_folder/waiting.key" "$draft"
  mv -f "$arg_folder/waiting.key" "$arg_folder/client.key"
  mv -f "$draft" "$arg_folder/client.crt"
  draft=
}

# Creates a directory that the user can write to. An existing one that belongs to root is given to that user
# if it is empty or contains only backups: those of a schedule that was removed.
takes_schedule_store='changes folder user'
op_schedule_store() {
  if [ ! -e "$arg_folder" ]; then (umask 022 && mkdir -p "$arg_folder"); fi
  [ -d "$arg_folder" ] || fail "$arg_folder is not a directory"
  if [ "$(stat -L -c %u "$arg_folder")" = 0 ] && [ -z "$(find "$arg_folder/" -mindepth 1 ! -name '*.bundle*' | head -n 1)" ] && (require_root "${arg_folder%/*}") 2>/dev/null; then
    chown -hR "$arg_user:$arg_user" "$arg_folder/"
    chmod 700 "$arg_folder"
  fi
  runuser -u "$arg_user" -- test -w "$arg_folder" -a -x "$arg_folder" ||
    fail "$arg_folder already exists and the user $arg_user can't write to it; fix: chown -R $arg_user: $arg_folder"
}

# A symbolic link.
takes_schedule_link='changes target path'
op_schedule_link() {
  ln -sfn -- "$arg_target" "$arg_path"
}

# Gives the user's files in the backup location, if there is one, to root: otherwise a new user with the same
# ID would own the backups.
takes_schedule_forget='changes user ~folder'
op_schedule_forget() {
  id "$arg_user" >/dev/null 2>&1 || return 0
  if [ -n "$arg_folder" ] && [ "$(stat -L -c %U "$arg_folder" 2>/dev/null)" = "$arg_user" ]; then chown -hR root:root "$arg_folder/"; fi
  disregard
  userdel "$arg_user"
  heed
}

# Creates a key on this node that signs backups and that only root can read. Reports its public key.
takes_schedule_signing_key='changes folder comment'
op_schedule_signing_key() {
  rm -f "$arg_folder/waiting-signing.key" "$arg_folder/waiting-signing.key.pub"
  (umask 077 && ssh-keygen -q -t ed25519 -N '' -C "$arg_comment" -f "$arg_folder/waiting-signing.key" </dev/null) ||
    fail "ssh-keygen can't create a key"
  rm -f "$arg_folder/waiting-signing.key.pub"
  public=$(ssh-keygen -y -P '' -f "$arg_folder/waiting-signing.key" </dev/null) || fail "ssh-keygen can't read its key"
  chown root:root "$arg_folder/waiting-signing.key"
  chmod 600 "$arg_folder/waiting-signing.key"
  sync "$arg_folder/waiting-signing.key"
  mv -f "$arg_folder/waiting-signing.key" "$arg_folder/signing.key"
  printf 'signing %s\n' "$public"
}
