# Completions of mpp for fish: asks mpp itself, so that installed packages and known names are among them.
function __mpp_complete
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    $words[1] complete fish -- $words "$current" 2>/dev/null
end
complete --command mpp --arguments '(__mpp_complete)'
