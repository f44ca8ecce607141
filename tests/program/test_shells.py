"""Completion in the shells: each test asks a real shell for the words that it offers."""

import os
import re
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import (PMP, PYTHON, Target, check, cleanup, equal, main, run, skip,  # noqa: E402
                 temp_dir, test)
from terminal import Terminal  # noqa: E402

SURVEY = run(PMP, "--help").out
COMMANDS = re.findall(r"^  pmp \[?([a-z]+)", SURVEY, re.MULTILINE)
FORMATS = re.findall(r"^  (\w+) ", SURVEY.partition("\nFormats")[2].partition("\nExit codes")[0],
                     re.MULTILINE)
FOLDER = temp_dir()
for name in ("one.yaml", "two words.txt"):
    open(os.path.join(FOLDER, name), "w", encoding="utf-8").close()
NAME = "a 'b' $(c)"
HOME = temp_dir()
os.mkdir(os.path.join(HOME, "bin"))
os.symlink(PMP, os.path.join(HOME, "bin", "pmp"))
TARGET = Target(PYTHON, "-c", "import time\nprint('ready 1', flush=True)\ntime.sleep(120)", NAME)
PID = str(TARGET.pid)


def options(command):
    """The options in the command's help."""
    out = run(PMP, command, "--help").out
    return set(re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", out, re.MULTILINE))


def check_offers(ask):
    """Completion offers the right words. ask(line) is the set of words that the shell offers at the
    end of the line."""
    equal(ask("pmp "), set(COMMANDS), "commands")
    equal(ask("pmp sh"), {"show"})
    for command in COMMANDS:
        equal(ask("pmp %s --" % command), options(command), command)
    equal(ask("pmp --sa"), {"--samples", "--save-raw"}, "without a command it is record")
    equal(ask("pmp show --weight "), {"wall", "cpu"})
    equal(ask("pmp -p 1 --attach "), {"seize", "plain"})
    equal(ask("pmp fold -f "), set(FORMATS))
    equal(ask("pmp help "), set(COMMANDS))
    equal(ask("pmp completion "), {"bash", "zsh", "fish"})
    for line in ("pmp show ", "pmp show -o ", "pmp fold --lines "):
        equal(ask(line), {"one.yaml", "two words.txt"}, line)
    equal(ask("pmp -n "), set(), "a number")
    check(PID in ask("pmp -p "), "no such pid")
    equal(ask("pmp dump -p " + PID), {PID})
    equal(ask("~/bin/pmp dump -p " + PID), {PID})
    equal(ask("pmp -p 1," + PID), {"1," + PID})
    check("printf" in ask("pmp run -n 5 print"), "a program")
    for line in ("pmp run cat --in", "pmp run -n 5 cat --in", "pmp run -- cat x --in"):
        check("--instant" not in ask(line), "the words after the program are its own", line)


def script(shell):
    if not shutil.which(shell):
        skip("no %s" % shell)
    result = run(PMP, "completion", shell)
    equal((result.code, result.err), (0, ""))
    path = os.path.join(temp_dir(), "_pmp" if shell == "zsh" else "pmp." + shell)
    with open(path, "w", encoding="utf-8") as file:
        file.write(result.out)
    return path


ENV = {"PATH": os.path.dirname(PMP) + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": HOME}


class Shell:
    """A shell that answers each line with some lines and then "end"."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT,
                                        env={**os.environ, **ENV}, cwd=FOLDER, text=True, bufsize=1)
        cleanup(self.end)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        lines = []
        for answer in iter(self.process.stdout.readline, "end\n"):
            check(answer, "the shell ended", *lines)
            lines.append(answer.rstrip("\n"))
        return [line for line in lines if line]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)


# readline cuts a line into words at its = signs, too.
BASH = r"""
source "$1"
compopt() { [[ $* == "-o default" ]] && mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
while read -r line; do
	IFS=$'\1' read -ra COMP_WORDS <<<"$line"
	[[ $line == *$'\1' ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9
	_pmp
	printf '%s\n' "${COMPREPLY[@]}" end
done
"""


@test("bash offers the right words")
def _():
    shell = Shell("bash", "-c", BASH, "bash", script("bash"))

    def ask(line):
        words = [word for part in line.split(" ") for word in re.findall(r"=|[^=]+", part) or [""]]
        return set(shell.ask("\1".join(words)))

    check_offers(ask)
    equal(ask("pmp show --weight="), {"wall", "cpu"})
    equal(ask("pmp show --weight=c"), {"cpu"})


@test("bash at a terminal quotes a name with a blank, and shows the command of a pid")
def _():
    path = script("bash")
    terminal = Terminal("bash", "--norc", "-i", env={**ENV, "PS1": "> ", "INPUTRC": "/dev/null"},
                        cwd=FOLDER, rows=100)
    # The machine may have so many processes that bash would ask before it lists them.
    terminal.send("bind 'set completion-query-items 0'; bind 'set page-completions off'\n")
    terminal.send(
        "bind 'set enable-bracketed-paste off'; PS1='$ '; source %s; echo rea''dy\n" % path)
    terminal.wait_for(r"ready\r\n\$ ")
    terminal.send("pmp show two\t")
    terminal.wait_for(r"pmp show two\\ words.txt ")
    # The first tab inserts what all pids begin with, if there is such a digit; two more list them.
    terminal.send("\x15pmp -p \t\t\t")
    terminal.wait_for(r"%s  \(python3\S* -c " % PID)
    terminal.wait_for(r"\$ pmp -p ")
    terminal.send("\x15exit\n")
    terminal.end()


FISH = """
source $argv[1]
while read -l line
    complete -C "$line"
    echo end
end
"""


@test("fish offers the right words, and describes pids and options")
def _():
    path = script("fish")
    shell = Shell("fish", "-c", FISH, path)

    def ask(line):
        return {answer.split("\t")[0] for answer in shell.ask(line)}

    check_offers(ask)
    equal(ask("pmp show --weight="), {"--weight=wall", "--weight=cpu"})
    equal(ask("pmp --pid=1," + PID), {"--pid=1," + PID})
    check(any(re.match(r"%s\tpython3\S* -c " % PID, line) for line in shell.ask("pmp -p " + PID)),
          "no description of a pid")
    check("--threads\tthe first level of the tree is the thread" in shell.ask("pmp fold --thr"),
          "no description of an option")


# Writes the offered words to a file. compadd with -O, -A or -D only queries, so it is not recorded.
ZSH = r"""
PS1='$ '
unset zle_bracketed_paste
fpath=($1 $fpath)
autoload -Uz compinit && compinit -u -D
bindkey '^T' list-choices
bindkey '^U' kill-whole-line
compadd() {
	if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
		local -a offered
		builtin compadd -A offered "$@"
		(( $#offered )) && print -rl -- "$IPREFIX"${^offered} >> offered.list
	fi
	builtin compadd "$@"
}
"""


@test("zsh offers the right words, and describes pids and options")
def _():
    path = script("zsh")
    folder = temp_dir()
    with open(os.path.join(folder, "set-up"), "w", encoding="utf-8") as file:
        text = ZSH.replace("$1", shlex.quote(os.path.dirname(path)))
        file.write(text.replace("offered.list", folder + "/offered"))
    terminal = Terminal("zsh", "-f", "-i", env={**ENV, "TERM": "dumb"}, cwd=FOLDER, rows=400,
                        columns=200)
    terminal.send("source %s; print rea''dy\n" % shlex.quote(os.path.join(folder, "set-up")))
    terminal.wait_for(r"ready\r?\n[^$]*\$ ")

    def ask(line):
        offered = os.path.join(folder, "offered")
        with open(offered, "w", encoding="utf-8"):
            pass
        terminal.send(line + "\x14\x15print en''d\n")
        terminal.wait_for(r"\nend\r?\n[^$]*\$ ")
        with open(offered, encoding="utf-8") as file:
            return set(file.read().replace("\\ ", " ").splitlines())

    check_offers(ask)
    equal(ask("pmp show --weight="), {"--weight=wall", "--weight=cpu"})
    terminal.send("pmp dump -p %s\x14" % PID)
    terminal.wait_for(r"%s +-- python3\S* -c " % PID)
    terminal.send("\x15pmp fold --thr\x14")
    terminal.wait_for("--threads +-- the first level of the tree is the thread")
    terminal.send("\x15exit\n")
    terminal.end()


main()
