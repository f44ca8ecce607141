# fish completion for pmp, as `pmp completion fish` prints it.

# Options with a value, and commands of which the first word is a program.
@lists

# Whether the command is one of these; the one that is not named is record.
function __pmp_named
    set -l words (commandline -opc)
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        contains -- $words[2] $argv
    else
        contains -- record $argv
    end
end

# Whether a program stands there: what follows is its own.
function __pmp_has_program
    __pmp_named $__pmp_rest; or return
    set -l words (commandline -opc)[3..]
    while set -q words[1]
        switch $words[1]
            case --
                return 0
            case '-*'
                contains -- $words[1] $__pmp_valued; and set -e words[1]
            case '*'
                return 0
        end
        set -e words[1]
    end
    return 1
end

function __pmp_is
    __pmp_named $argv; and not __pmp_has_program
end

function __pmp_first
    test (count (commandline -opc)) -eq 1
end

# The processes, behind what stands before the last comma.
function __pmp_pids
    set -l words (commandline -opc)
    set -l pmp (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l before (string match -r '^(?:--pid=|-p)?(.*,)' -- (commandline -ct))[2]
    for line in ($pmp completion pids 2>/dev/null)
        echo "$before$line"
    end
end

# A program to run, and what that takes.
function __pmp_program
    __fish_complete_subcommand --fcs-skip=2 $__pmp_valued
end

complete -c pmp -f
@names
@options
@operands
