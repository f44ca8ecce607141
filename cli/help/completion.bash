# bash completion for pmp, printed by `pmp completion bash`. Needs bash 4.

# Completes the pid after the last comma. Names are listed, but not inserted.
_pmp_pids() {
	local pid name before= names=()
	[[ $cur == *,* ]] && before=${cur%,*},
	while IFS=$'\t' read -r pid name; do
		if [[ $before$pid == "$cur"* ]]; then
			COMPREPLY+=("$before$pid")
			names+=("$before$pid  ($name)")
		fi
	done < <(exec "${COMP_WORDS[0]/#\~\//$HOME/}" completion pids 2>/dev/null)
	# COMP_TYPE 63 and 33: the shell lists the words and inserts none
	if ((${#names[@]} > 1)) && [[ $COMP_TYPE == 63 || $COMP_TYPE == 33 ]]; then
		COMPREPLY=("${names[@]}")
	fi
}

# Completes the words after the program of `pmp run`, which belong to that program.
_pmp_program() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			((i++))
			break
		elif [[ ${COMP_WORDS[i]} != -* && ${COMP_WORDS[i]} != = ]]; then
			_pmp_takes "${COMP_WORDS[i - 1]}"
			[[ -n $kind || ${COMP_WORDS[i - 1]} == = ]] || break
		fi
	done
	kind=
	((i < COMP_CWORD)) || return 1
	if declare -F _command_offset >/dev/null; then
		_command_offset "$i"
	else
		compopt -o default
	fi
}

# Sets kind, and for a choice words, to those of the option's value.
_pmp_takes() {
	kind=
	case $1 in
@arguments
	esac
}

_pmp() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=record kind= operand= words= options=
	COMPREPLY=()
	# readline splits --attach=each into three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then
		command=${COMP_WORDS[1]}
	fi
	case $command in
@commands
	esac
	if [[ $operand == program ]] && _pmp_program; then
		return
	fi
	_pmp_takes "$prev"
	if [[ -z $kind && $cur == -* ]]; then
		kind=words words=$options
	elif [[ -z $kind ]] && ((COMP_CWORD == 1)); then
@names
	elif [[ -z $kind ]]; then
		kind=$operand
		[[ $kind == words:* ]] && words=${kind#words:} kind=words
	fi
	case $kind in
	words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
	pids) _pmp_pids ;;
	files) compopt -o default ;;
	program) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	esac
}

complete -F _pmp pmp
