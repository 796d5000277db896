#compdef quorate
# zsh completion for quorate. Load it with: source <(quorate completion zsh)
# Or save it as _quorate in a directory of $fpath.
_quorate() {
  local line value
  local -a found
  local files=
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      # A colon would end the value.
      value=${${line%%$'\t'*}//:/\\:}
      found+=("$value:${line#*$'\t'}")
    fi
  done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#found} )); then _describe quorate found; fi
  if [[ -n $files ]]; then _files; fi
}
# As a file in $fpath it is the function itself, loaded at the first use; sourced, it only says what completes quorate.
if [[ ${funcstack[1]} == _quorate ]]; then
  _quorate
else
  compdef _quorate quorate
fi
