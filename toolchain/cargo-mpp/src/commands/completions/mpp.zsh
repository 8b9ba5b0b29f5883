#compdef mpp
# Completions of mpp for zsh: asks mpp itself, so that installed packages and known names are among them.
_mpp() {
    local -a lines values shown
    lines=("${(@f)$("${words[1]}" complete zsh -- "${(@)words[1,CURRENT]}" 2>/dev/null)}")
    lines=("${(@)lines:#}")
    if (( ${#lines} == 0 )); then
        # Where mpp has nothing to say, files are meant.
        _files
        return
    fi
    values=("${(@)lines%%$'\t'*}")
    shown=("${(@)lines/$'\t'/  -- }")
    compadd -l -d shown -a values
}
if [ "$funcstack[1]" = _mpp ]; then
    _mpp "$@"
else
    compdef _mpp mpp
fi
