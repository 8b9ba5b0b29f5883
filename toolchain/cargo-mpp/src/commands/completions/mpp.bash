# Completions of mpp for bash: asks mpp itself, so that installed packages and known names are among them.
_mpp() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <("$1" complete bash --point "$COMP_POINT" --seen "$2" -- "$COMP_LINE" 2>/dev/null)
}
# Where mpp has nothing to say, files are meant.
complete -o bashdefault -o default -F _mpp mpp
