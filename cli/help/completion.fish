# fish completion for pmp, printed by `pmp completion fish`.

# The options with a value; the commands whose first operand is a program.
@lists

# True if the command is one of $argv. The default command is record.
function __pmp_named
    set -l words (commandline -opc)
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        contains -- $words[2] $argv
    else
        contains -- record $argv
    end
end

# True if the line already has a program: all words after it belong to that program.
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

# Completes the pid after the last comma.
function __pmp_pids
    set -l words (commandline -opc)
    set -l pmp (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l before (string match -r '^(?:--pid=|-p)?(.*,)' -- (commandline -ct))[2]
    for line in ($pmp completion pids 2>/dev/null)
        echo "$before$line"
    end
end

# Completes a program and its arguments.
function __pmp_program
    __fish_complete_subcommand --fcs-skip=2 $__pmp_valued
end

complete -c pmp -f
@names
@options
@operands
