#include "cli/options/command_table.h"

#include <stdint.h>
#include <string.h>

#include "merger/base/buf.h"

static const struct command commands[COMMAND_COUNT] = {
	[COMMAND_ID_RECORD] = {
		.name = "record",
		.usage = "[record] -p PID[,PID...] [-n SAMPLES] [-r HZ] [-d SECONDS] [OPTION...]",
		.summary = "sample live processes (the default command)",
		.text = "Samples live processes and prints a call tree: each function below its "
			"callers, with its share of the samples. Ctrl-C ends the sampling early: "
			"pmp detaches from the processes, then prints and writes the result so "
			"far. This is the default command.",
		.examples = {
			{ "200 samples in 20 seconds, with the profile in a file",
			  "pmp -p 4711 -o work.yaml" },
			{ "a process and its children for a minute, by thread, as a flame graph",
			  "pmp -p 4711 --children --threads -d 60 -o work.svg" },
			{ "CPU time only (exclude waiting)", "pmp -p 4711 --weight cpu" },
		},
		.bit = COMMAND_RECORD,
	},
	[COMMAND_ID_RUN] = {
		.name = "run",
		.usage = "run [-n SAMPLES] [-r HZ] [-d SECONDS] [OPTION...] [--] PROGRAM [WORD...]",
		.summary = "sample a program from its first instruction to its end",
		.text = "Starts a program (found on PATH, as in a shell) and samples it from its "
			"first instruction to its end; `-n` and `-d` end the sampling earlier. "
			"The first word that is not an option is the program; all words after it "
			"are the program's arguments. The program keeps standard output; pmp "
			"prints the tree to standard error. pmp forwards signals to the program "
			"and exits with the program's exit code.",
		.examples = {
			{ "the start of a program",
			  "pmp run -r 100 -- python3 -c 'import asyncio'" },
			{ "a whole test run, as a flame graph",
			  "pmp run -q -o tests.svg make check" },
		},
		.operand = "PROGRAM",
		.bit = COMMAND_RUN,
		.min_operands = 1,
		.max_operands = SIZE_MAX,
		.rest = true,
		.needs = "which program? pmp run PROGRAM [WORD...] starts it",
	},
	[COMMAND_ID_TOP] = {
		.name = "top",
		.usage = "top -p PID[,PID...] [-r HZ] [-d SECONDS] [-o FILE] [OPTION...]",
		.summary = "show functions, call tree and threads live in the terminal",
		.text = "Samples live processes and shows in the terminal: the functions by self "
			"or total time, in the last seconds or since the start; the call tree; "
			"the threads; and the cost of the sampling. The key `?` lists the keys. "
			"`w` writes a profile of all samples so far, `-o` writes one at the end. "
			"`q` ends pmp; the processes continue.",
		.examples = {
			{ "a process, live", "pmp top -p 4711" },
			{ "a process and its descendants at 5 Hz, with a profile at the end",
			  "pmp top -p 4711 --children -r 5 -o work.yaml" },
		},
		.bit = COMMAND_TOP,
	},
	[COMMAND_ID_DUMP] = {
		.name = "dump",
		.usage = "dump -p PID[,PID...] | --core CORE [PROGRAM] | FILE... [OPTION...]",
		.summary = "explain why a process hangs: a verdict and all threads' stacks",
		.text = "Explains why a process hangs. It stops all threads at the same instant, "
			"reads their stacks, and lets them continue before it prints the report. "
			"With files it reads text that gdb printed, as `pmp fold` does, or the "
			"output of `--save-raw`.",
		.examples = {
			{ "what a process waits for", "pmp dump -p 4711" },
			{ "five snapshots, to see whether it is busy or blocked",
			  "pmp dump -p 4711 --interval 0.5" },
			{ "a core file", "pmp dump --core core.4711 ./program" },
		},
		.operand = "FILE",
		.bit = COMMAND_DUMP,
		.max_operands = SIZE_MAX,
	},
	[COMMAND_ID_FOLD] = {
		.name = "fold",
		.usage = "fold [OPTION...] [FILE...]",
		.summary = "make a profile from text that gdb printed: files, .gz too, or stdin",
		.text = "Makes a profile from text that gdb printed, on this machine or another: "
			"the output of `bt`, `bt full`, `thread apply all bt`, `py-bt` and "
			"`py-bt-full`, or of `--save-raw`. The text may contain prompts, log "
			"prefixes, mail quoting, CRLF and wrapped lines. Several files are added "
			"up. Without a file, or for `-`, it reads standard input. Input "
			"compressed with gzip is decompressed. Text without any stack gives an "
			"empty profile, not an error.",
		.examples = {
			{ "gdb on a machine without pmp, then pmp here",
			  "gdb -p 4711 -batch -ex 'thread apply all bt' > bt; pmp fold bt" },
			{ "a core file",
			  "gdb -batch -ex 'thread apply all bt' ./prog core | pmp fold -t" },
		},
		.operand = "FILE",
		.bit = COMMAND_FOLD,
		.max_operands = SIZE_MAX,
	},
	[COMMAND_ID_SHOW] = {
		.name = "show",
		.usage = "show [OPTION...] PROFILE",
		.summary = "print a profile (YAML, JSON or collapsed stacks) in any format",
		.text = "Prints a profile in any format. The profile is in YAML, JSON or "
			"collapsed stacks; pmp detects which by its content. `-` is standard "
			"input.",
		.examples = {
			{ "a profile's tree", "pmp show work.yaml" },
			{ "only the samples from second 2 to second 4",
			  "pmp show work.yaml --from +2 --to +4" },
			{ "a flame graph for a browser", "pmp show work.yaml -o work.svg" },
		},
		.operand = "PROFILE",
		.bit = COMMAND_SHOW,
		.min_operands = 1,
		.max_operands = 1,
		.needs = "show needs a profile; give one: pmp show PROFILE (- is stdin)",
	},
	[COMMAND_ID_MERGE] = {
		.name = "merge",
		.usage = "merge [--by host|pid|thread] [OPTION...] [PROFILE...]",
		.summary = "add profiles of many runs, processes or hosts: files or stdin",
		.text = "Adds profiles up. They come from files, or from standard input (`-`), "
			"which may contain several profiles one after another, for example the "
			"output of many hosts in one pipe. Order and grouping do not change the "
			"sum. Its pauses are those of the worst run. It has no timeline; "
			"`--from`, `--focus` and similar options apply to each profile before it "
			"is added.",
		.examples = {
			{ "three runs", "pmp merge a.yaml b.yaml c.yaml -o all.yaml" },
			{ "two hosts, each with its own subtree",
			  "ssh web1 pmp -p 47 -qf yaml | pmp merge --by host - web2.yaml" },
		},
		.operand = "PROFILE",
		.bit = COMMAND_MERGE,
		.max_operands = SIZE_MAX,
	},
	[COMMAND_ID_DIFF] = {
		.name = "diff",
		.usage = "diff [OPTION...] BEFORE AFTER",
		.summary = "compare two profiles and mark the changes that are more than chance",
		.text = "Compares the shares of two profiles, the largest changes first. A star "
			"marks a change that is more than chance: of 100 comparisons of a program "
			"with itself, at most one would show any star. The result is a table (`-f "
			"flat`), a tree (`-f tree`), JSON (`-f json`), or a flame graph (`-f "
			"svg`) in which red functions have grown and blue functions have shrunk. "
			"`--focus` and similar options apply to both profiles.",
		.examples = {
			{ "the changes between two releases", "pmp diff old.yaml new.yaml" },
			{ "the same as a flame graph", "pmp diff old.yaml new.yaml -o diff.svg" },
			{ "CPU time only (exclude waiting)",
			  "pmp diff --weight cpu old.yaml new.yaml" },
		},
		.operand = "PROFILE",
		.bit = COMMAND_DIFF,
		.min_operands = 2,
		.max_operands = 2,
		.needs = "diff needs two profiles; give them: pmp diff BEFORE AFTER (- is stdin)",
	},
	[COMMAND_ID_HELP] = {
		.name = "help",
		.usage = "help [COMMAND]",
		.summary = "list all commands and options, or those of one command",
		.text = "Prints the help of a command, as `--help` after the command does. "
			"Without a command it lists all commands, options, formats and exit "
			"codes.",
		.examples = { { "the help of dump", "pmp help dump" } },
		.operand = "COMMAND",
		.bit = COMMAND_TOOL,
		.max_operands = 1,
	},
	[COMMAND_ID_COMPLETION] = {
		.name = "completion",
		.usage = "completion bash|zsh|fish",
		.summary = "print the completion script for a shell",
		.text = "Prints a script that completes commands, options, their values, files "
			"and, for `-p`, processes. The script gets the processes from `pmp "
			"completion pids`.",
		.examples = {
			{ "completion in the current bash", "source <(pmp completion bash)" },
			{ "permanent completion in zsh (a file in a folder of fpath)",
			  "pmp completion zsh > ~/.zfunc/_pmp" },
			{ "permanent completion in fish",
			  "pmp completion fish > ~/.config/fish/completions/pmp.fish" },
		},
		.operand = "bash|zsh|fish",
		.bit = COMMAND_TOOL,
		.min_operands = 1,
		.max_operands = 1,
		.needs = "which shell? pmp completion bash|zsh|fish",
	},
	[COMMAND_ID_MAN] = {
		.name = "man",
		.usage = "man",
		.summary = "print the man page, for man or groff",
		.text = "Prints the source of the man page, for a machine on which it is not "
			"installed.",
		.examples = { { "read the man page", "pmp man | man -l -" } },
		.bit = COMMAND_TOOL,
	},
};

const struct command *command_at(size_t i)
{
	return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *command_by_name(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

enum command_id command_id(const struct command *command)
{
	return (enum command_id)(command - commands);
}

void command_list(unsigned bits, struct buf *ret)
{
	const struct command *command;
	size_t left = 0;

	if (bits == COMMAND_EVERY) {
		buf_printf(ret, "every command");
		return;
	}
	for (size_t i = 0; (command = command_at(i)); i++)
		left += (command->bit & bits) != 0;
	for (size_t i = 0; (command = command_at(i)); i++)
		if (command->bit & bits)
			buf_printf(ret, "%s%s", command->name,
			           --left > 1 ? ", "
			           : left     ? " and "
			                      : "");
}
