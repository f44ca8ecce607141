#compdef pmp
# zsh completion for pmp, printed by `pmp completion zsh`. Save it as _pmp in a folder of fpath, or
# read it with `source`.

# Completes the pid after the last comma.
_pmp_pids() {
	local -a processes
	processes=("${(@f)$(${~pmp} completion pids 2>/dev/null)}")
	[[ -n $processes[1] ]] || return 1
	processes=("${(@)processes//:/\\:}")
	processes=("${(@)processes/$'\t'/:}")
	compset -P '*,'
	_describe -t processes process processes -V processes
}

_pmp() {
	local pmp=$words[1] command=record
	local -a commands arguments
	commands=(
@names
	)
	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_describe -t commands command commands
		return
	fi
	if [[ $words[2] != -* ]]; then
		command=$words[2]
		shift words
		(( CURRENT-- ))
	fi
	case $command in
@commands
	*)
		return 1
		;;
	esac
	_arguments -s -S $arguments
}

if [[ $funcstack[1] == _pmp ]]; then
	_pmp "$@"
else
	compdef _pmp pmp
fi
