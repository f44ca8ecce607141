#include "cli/options/command_table.h"

#include <stdint.h>
#include <string.h>

#include "merger/base/buf.h"

static const struct command commands[COMMAND_COUNT] = {
	[COMMAND_ID_RECORD] = {
		.name = "record",
	        .usage = "[record] -p PID[,PID...] [-n SAMPLES] [-r HZ] [-d SECONDS] [OPTION...]",
		.summary = "sample live processes with gdb (the command if none is named)",
		.text = "Samples live processes and prints a call tree: each function below its "
		        "callers, with the share of the samples in which it was there. Ctrl-C "
		        "ends it early: the processes are let go, and what there is is printed "
		        "and written. It is the command if none is named.",
		.examples = {
			{ "200 samples in 20 seconds, and the profile in a file",
			  "pmp -p 4711 -o work.yaml" },
			{ "a process and its children for a minute, by thread, as a flame graph",
			  "pmp -p 4711 --children --threads -d 60 -o work.svg" },
			{ "what it burns, not where it waits", "pmp -p 4711 --weight cpu" },
		},
	        .bit = COMMAND_RECORD,
	},
	[COMMAND_ID_RUN] = {
		.name = "run",
	        .usage = "run [-n SAMPLES] [-r HZ] [-d SECONDS] [OPTION...] [--] PROGRAM [WORD...]",
		.summary = "sample a program from its first instruction to its end",
		.text = "Starts a program, found on PATH as a shell does, and samples it from its "
		        "first instruction to its end; `-n` and `-d` end the sampling earlier. "
		        "The first word that is no option is the program, and what follows is its "
		        "own. Its standard output is its own, too: the tree goes to standard "
		        "error. Signals are passed on, and pmp ends as the program does.",
		.examples = {
			{ "what takes a program's start", "pmp run -r 100 -- python3 -c 'import asyncio'" },
			{ "all of a test run, as a flame graph", "pmp run -q -o tests.svg make check" },
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
		.summary = "where is it now: functions, calls and threads on the screen, live",
		.text = "Samples live processes, and shows meanwhile what they do: functions by "
		        "self or total time in the last seconds or since the start, the call tree, "
		        "the threads, and what looking costs. `?` says which keys there are; `w` "
		        "writes a profile of what there is so far, `-o` at the end. It ends with "
		        "`q`, and the processes run on.",
		.examples = {
			{ "a process, live", "pmp top -p 4711" },
			{ "a family of processes, five times a second, and a profile of it all",
			  "pmp top -p 4711 --children -r 5 -o work.yaml" },
		},
		.bit = COMMAND_TOP,
	},
	[COMMAND_ID_DUMP] = {
		.name = "dump",
	        .usage = "dump -p PID[,PID...] | --core CORE [PROGRAM] | FILE... [OPTION...]",
		.summary = "why does it hang: one look at every thread, and a verdict",
		.text = "Says why a process hangs: one look at every thread, all of them stopped "
		        "at one instant, and let go before anything is written. With files it "
		        "reads what a gdb printed, as `pmp fold` does, and what `--save-raw` has "
		        "kept.",
		.examples = {
			{ "what does it wait for", "pmp dump -p 4711" },
			{ "does it spin, or is it blocked: five looks", "pmp dump -p 4711 --interval 0.5" },
			{ "of a core file", "pmp dump --core core.4711 ./program" },
		},
		.operand = "FILE",
	        .bit = COMMAND_DUMP,
	        .max_operands = SIZE_MAX,
	},
	[COMMAND_ID_FOLD] = {
		.name = "fold",
	        .usage = "fold [OPTION...] [FILE...]",
		.summary = "the same from text that a gdb printed: files, .gz too, or stdin",
		.text = "Makes the profile of text that a gdb printed, here or elsewhere: what `bt`, "
		        "`bt full`, `thread apply all bt`, `py-bt` and `py-bt-full` print, with "
		        "prompts, log prefixes, mail quoting, CRLF or wrapped lines as people "
		        "paste it; and what `--save-raw` has kept. Several files are added up. "
		        "Without a file, or for `-`, it reads standard input. What is packed with "
		        "gzip is unpacked on the way. Text without any stack is an empty profile, "
		        "not an error.",
		.examples = {
			{ "on a machine where only gdb is, then here",
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
		.summary = "print a profile (YAML, JSON or collapsed stacks) again, in any format",
		.text = "Prints a profile again, in any format: one in YAML, JSON or collapsed "
		        "stacks, which it tells apart by content. `-` is standard input.",
		.examples = {
			{ "a profile's tree", "pmp show work.yaml" },
			{ "only what was there from the second second to the fourth",
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
		.summary = "add profiles up: of many runs, processes or hosts; files or stdin",
		.text = "Adds profiles up: files, or standard input (-), in which several may stand "
		        "one behind the other, as the output of many hosts in one pipe. Order "
		        "and grouping make no difference. Pauses are those of the worst run. "
		        "The sum has no timeline; --from, --focus and the like look at each "
		        "profile before it's added.",
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
		.summary = "compare two profiles: what has changed, and is it more than chance",
		.text = "Compares two profiles by shares of each one's whole, the largest changes "
		        "first. A star stands before those that are not chance: of 100 "
		        "comparisons of a program with itself one at most would have any. "
		        "As a table (-f flat), as a tree (-f tree) or as a flame graph in which "
		        "what has grown is red, and what has shrunk is blue (-f svg), or for programs (-f json). --focus "
		        "and the like look at both.",
		.examples = {
			{ "what has a release changed", "pmp diff old.yaml new.yaml" },
			{ "where in the program, as a picture", "pmp diff old.yaml new.yaml -o diff.svg" },
			{ "what it burns, not where it waits", "pmp diff --weight cpu old.yaml new.yaml" },
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
		.summary = "what there is, or what a command does, takes, and is good for",
		.text = "Prints what `--help` behind the command does; without one, what there is.",
		.examples = { { "all about dump", "pmp help dump" } },
		.operand = "COMMAND",
		.bit = COMMAND_TOOL,
		.max_operands = 1,
	},
	[COMMAND_ID_COMPLETION] = {
		.name = "completion",
		.usage = "completion bash|zsh|fish",
		.summary = "a script with which a shell completes pmp's words",
		.text = "Prints the script that completes commands, options, their values, files, and "
		        "for `-p` the processes, which it asks `pmp completion pids` for.",
		.examples = {
			{ "completion in this bash", "source <(pmp completion bash)" },
			{ "the same for good, in zsh: into a folder of fpath",
			  "pmp completion zsh > ~/.zfunc/_pmp" },
			{ "the same for good, in fish",
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
		.summary = "the man page, for man or groff",
		.text = "Prints the man page as man and groff take it, so that it can be read "
		        "where pmp was copied to.",
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
