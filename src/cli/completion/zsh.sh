#compdef quorate
# zsh completion for quorate. Load it with: source <(quorate completion zsh)
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
compdef _quorate quorate
