# What a schedule of backups needs besides.

# A client's private key, born here, and its request, which is told. It waits in the folder until its certificate comes.
takes_schedule_key='changes folder @configuration algorithm'
op_schedule_key() {
  rm -f "$arg_folder/waiting.key"
  case $arg_algorithm in
    ecdsa-p256) openssl ecparam -name prime256v1 -genkey -noout -out "$arg_folder/waiting.key" ;;
    rsa-*) openssl genrsa -out "$arg_folder/waiting.key" "${arg_algorithm#rsa-}" 2>/dev/null ;;
    *) fail "unknown key algorithm $arg_algorithm" ;;
  esac
  openssl req -new -key "$arg_folder/waiting.key" -config "$arg_configuration" -out "$arg_folder/waiting.csr" ||
    fail "openssl can not make the certificate request"
  printf 'request %s\n' "$(base64 -w 0 <"$arg_folder/waiting.csr")"
  rm -f "$arg_folder/waiting.csr"
}

# It and the key that waits become the ones in force. The group may read them.
takes_schedule_certificate='changes folder group @certificate'
op_schedule_certificate() {
  draft=$arg_folder/waiting.crt
  cat "$arg_certificate" >"$draft"
  [ "$(spki_of_key "$arg_folder/waiting.key")" = "$(spki_of_certificate "$draft")" ] ||
    fail "the certificate does not belong to the key that waits here"
  chown "root:$arg_group" "$arg_folder/waiting.key" "$draft"
  chmod 640 "$arg_folder/waiting.key" "$draft"
  sync "$arg_folder/waiting.key" "$draft"
  mv -f "$arg_folder/waiting.key" "$arg_folder/client.key"
  mv -f "$draft" "$arg_folder/client.crt"
  draft=
}

# A folder that the user can write to. One that is there already, and is root's, becomes that user's if it is empty or has
# only backups in it: those of a schedule that was ended.
takes_schedule_store='changes folder user'
op_schedule_store() {
  if [ ! -e "$arg_folder" ]; then (umask 022 && mkdir -p "$arg_folder"); fi
  [ -d "$arg_folder" ] || fail "$arg_folder is no folder"
  if [ "$(stat -L -c %u "$arg_folder")" = 0 ] && [ -z "$(find "$arg_folder/" -mindepth 1 ! -name '*.bundle*' | head -n 1)" ] && (require_root "${arg_folder%/*}") 2>/dev/null; then
    chown -hR "$arg_user:$arg_user" "$arg_folder/"
    chmod 700 "$arg_folder"
  fi
  runuser -u "$arg_user" -- test -w "$arg_folder" -a -x "$arg_folder" ||
    fail "$arg_folder is there already, and the user $arg_user can not write to it; let it: chown -R $arg_user: $arg_folder"
}

# A symbolic link.
takes_schedule_link='changes target path'
op_schedule_link() {
  ln -sfn -- "$arg_target" "$arg_path"
}

# What the user has in the store's folder, if there is one, is root's from now on; no other user may get its number and with
# it the backups.
takes_schedule_forget='changes user ~folder'
op_schedule_forget() {
  id "$arg_user" >/dev/null 2>&1 || return 0
  if [ -n "$arg_folder" ] && [ "$(stat -L -c %U "$arg_folder" 2>/dev/null)" = "$arg_user" ]; then chown -hR root:root "$arg_folder/"; fi
  disregard
  userdel "$arg_user"
  heed
}

# A key that signs backups, born here and root's alone. Its public half is told.
takes_schedule_signing_key='changes folder comment'
op_schedule_signing_key() {
  rm -f "$arg_folder/waiting-signing.key" "$arg_folder/waiting-signing.key.pub"
  (umask 077 && ssh-keygen -q -t ed25519 -N '' -C "$arg_comment" -f "$arg_folder/waiting-signing.key" </dev/null) ||
    fail "ssh-keygen can't make a key"
  rm -f "$arg_folder/waiting-signing.key.pub"
  public=$(ssh-keygen -y -P '' -f "$arg_folder/waiting-signing.key" </dev/null) || fail "ssh-keygen can't read its key"
  chown root:root "$arg_folder/waiting-signing.key"
  chmod 600 "$arg_folder/waiting-signing.key"
  sync "$arg_folder/waiting-signing.key"
  mv -f "$arg_folder/waiting-signing.key" "$arg_folder/signing.key"
  printf 'signing %s\n' "$public"
}
