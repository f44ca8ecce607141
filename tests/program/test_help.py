"""The help texts: --help, pmp help COMMAND, and the man page. All are made from the same tables."""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PMP, ROOT, check, equal, main, run, skip, temp_dir, test  # noqa: E402


def output_of(*args):
    result = run(PMP, *args)
    equal((result.code, result.err), (0, ""), result)
    return result.out


@test("--help exits with 0 and lists all commands, in 80 columns")
def _():
    out = output_of("--help")
    equal(output_of("-h"), out)
    equal(output_of("-p", "1", "--help", "--lines"), out)
    for part in ("pmp [record] -p PID", "pmp fold", "pmp show", "--attach seize|plain",
                 ".yaml .yml",
                 "130"):
        check(part in out, part, out)
    for line in out.splitlines():
        check(len(line) <= 80, "longer than 80 columns: " + line)


@test("a command's help lists only its own options")
def _():
    fold, show = output_of("fold", "--help"), output_of("show", "-h")
    check("--threads" in fold and "--pid" not in fold and "PROFILE" not in fold, "fold", fold)
    check("--output" in show and "--pid" not in show, "show", show)


COMMANDS = re.findall(r"^  pmp \[?(\w+)", output_of("--help"), re.MULTILINE)


@test("each command's help has its usage, options and examples, in 80 columns")
def _():
    check(len(COMMANDS) > 4, "too few", COMMANDS)
    for command in COMMANDS:
        out = output_of(command, "--help")
        equal(output_of("help", command), out)
        check(re.match(r"Usage:\n  pmp \[?%s\b" % command, out), command, out)
        check("\nOptions:\n" in out and "  -h, --help " in out, command, out)
        examples = out.partition("\nExamples:\n")[2]
        check(re.search(r"^      .*\bpmp (%s\b%s)" % (command, "|-" if command == "record" else ""),
                        examples, re.MULTILINE),
              command, out)
        for line in out.splitlines():
            check(len(line) <= 80, "longer than 80 columns: " + line)
    equal(output_of("help"), output_of("--help"))
    result = run(PMP, "help", "shwo")
    equal((result.code, result.out), (2, ""))
    check("'shwo' is no command (did you mean show?)" in result.err, result)


def section(page, name):
    return re.search(r"^%s\n((?:[ ].*)?\n)+" % name, page, re.MULTILINE).group()


@test("the man page has exactly the options, commands, formats and exit codes of --help")
def _():
    if not shutil.which("man"):
        skip("no man (man-db)")
    path = os.path.join(temp_dir(), "pmp.1")
    with open(path, "w", encoding="utf-8") as file:
        file.write(output_of("man"))
    read = run("man", "--warnings=w", "-l", path,
               env={"MANWIDTH": "80", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C"})
    equal((read.code, read.err), (0, ""))
    page, survey = read.out, output_of("--help")
    for line in page.splitlines():
        check(len(line) <= 80, "longer than 80 columns: " + line)

    head = r"((?:-\w, )?--[a-z-]+(?: (?:[A-Z]\S*|\S+\|\S+))?)"
    listed = re.findall(r"^  (?:    )?" + head, survey, re.MULTILINE)
    equal(re.findall(r"^       %s(?: .*)?$" % head, section(page, "OPTIONS"), re.MULTILINE), listed)
    equal(re.findall(r"^       (\w+)(?: .*)?$", section(page, "COMMANDS"), re.MULTILINE), COMMANDS)
    formats = survey[survey.index("\nFormats"):survey.index("\nExit codes")]
    listed = re.findall(r"^  (\w+) .*(?:\n   +((?:\.|callgrind\.).*))?", formats, re.MULTILINE)
    heads = re.findall(r"^       (\w+)(?: \((\S.*)\)$| .*|$)",
                       section(page, "FORMATS").partition("\n       Labels")[0],
                       re.MULTILINE)
    equal(heads, listed)
    codes = re.findall(r"^  (\S+)  +(.*)", survey[survey.index("Exit codes"):], re.MULTILINE)
    equal(re.findall(r"^ +([\dN+]+)  +(.*)", section(page, "EXIT STATUS"), re.MULTILINE), codes)


@test("each @more paragraph of the man page belongs to an existing option, command or format")
def _():
    survey = output_of("--help")
    with open(os.path.join(ROOT, "cli", "help", "pmp.1.in"), encoding="utf-8") as file:
        rows = re.findall(r"^@more (\w+) (\S+)$", file.read(), re.MULTILINE)
    check(len(rows) > 10, "too few", rows)
    for kind, name in rows:
        check(re.search({"option": r" --%s\b", "command": r"^  pmp \[?%s\b",
                         "format": r"^  %s +"}[kind] % name,
                        survey, re.MULTILINE), kind, name)


main()
