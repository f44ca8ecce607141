"""The same two stacks as people paste them: with the prefixes of loggers, CI systems and commands,
in strings, with mark-up, in other encodings. Each row is a function from the lines to a text, and
each text gives the stacks that the lines give without it.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PMP, equal, main, run, temp_dir, test  # noqa: E402

LINES = (
    'Thread 2 (Thread 0x7f0000000700 (LWP 11) "w"):',
    "#0  0x00007ffff7b08c74 in read () from /lib64/libc.so.6",
    "#1  0x0000555500001111 in ns::Pool<int, std::less<int> >::loop(void*) (this=0x0, arg=0x0)"
    " at src/w.cc:10",
    "#2  0x00007ffff7b05000 in start_thread (arg=0x0) at pthread_create.c:448",
    "",
    "Thread 1 (Thread 0x7f0000001700 (LWP 10) \"w\"):",
    "#0  0x00007ffff7b08c74 in epoll_wait () from /lib64/libc.so.6",
    "#1  0x0000555500002222 in main () at w.cc:30",
)
STACKS = (
    "w (tid 10);main (w.cc);epoll_wait (libc.so.6) 1\n"
    "w (tid 11);start_thread (pthread_create.c);ns::Pool<int, std::less<int> >::loop (w.cc);"
    "read (libc.so.6) 1\n"
)


def each(form):
    """A text of lines: form(number, line) for each; or form % line."""
    if isinstance(form, str):
        return lambda: "".join("%s%s\n" % (form, line) for line in LINES)
    return lambda: "".join(form(i, line) + "\n" for i, line in enumerate(LINES))


def whole(form, glue="\n"):
    return lambda: form(glue.join(LINES)) + "\n"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(before, after):
    return each(lambda i, line: before + escape(line) + after)


def encode(text, encoding):
    return lambda: (text() if callable(text) else text).encode(encoding)


def stamp(i):
    return "2024-05-01T10:00:%02d.%07d" % (i, i * 791919)


plain = each("")
PREFIXES = {
    "nothing": "",
    "ERROR": "ERROR: ",
    "a word in brackets": "[gdb] ",
    "two words": "gdb stdout: ",
    "pytest": "E   ",
    "a list": "- ",
    "a list of stars": " * ",
    "a diff": "+",
    "a diff, with a blank": "+ ",
    "set -x": "++ ",
    "a quotation": "> ",
    "a colon": ": ",
    "an arrow": "=> ",
    "a comment of Lisp": ";; ",
    "a comment of SQL": "-- ",
    "a comment of TeX": "% ",
    "a table's border": "| ",
    "a person": "<bob> ",
    "a time and a person": "[10:00] <bob> ",
    "a symbol": "\u274c ",
    "Docker Compose": "web_1  | ",
    "Docker Compose, without a number": "web-app  | ",
    "kubectl --prefix": "[pod/web-7d9f/app] ",
    "MPI": "[1,3]<stdout>:",
    "srun -l": "3: ",
    "pdsh": "node12: ",
    "Python's logging": "ERROR:root:",
    "tabs": "\t\t",
}
NUMBERED = {
    "GitHub": lambda i, line: "%sZ %s" % (stamp(i), line),
    "GitHub, of a job": lambda i, line: "build\tRun tests\t%sZ %s" % (stamp(i), line),
    "GitLab": lambda i, line: "%sZ 00O %s" % (stamp(i), line),
    "CRI": lambda i, line: "%s00Z stdout F %s" % (stamp(i), line),
    "CRI, of two streams": lambda i, line: "%s00Z std%s F %s" % (stamp(i), ("out", "err")[i % 2],
                                                                line),
    "Azure": lambda i, line: "%sZ ##[error]%s" % (stamp(i), line),
    "Jenkins": lambda i, line: "[%sZ] %s" % (stamp(i)[:23], line),
    "Bazel": lambda i, line: "(10:00:%02d) %s" % (i, line),
    "TeamCity": lambda i, line: "[10:00:%02d] :\t [Step 1/2] %s" % (i, line),
    "Buildkite": lambda i, line: "\033_bk;t=171455%d\007%s" % (i, line),
    "a time": lambda i, line: "10:00:%02d %s" % (i, line),
    "a time with milliseconds": lambda i, line: "12:00:01.%03d %s" % (i, line),
    "a time and a level": lambda i, line: "10:00:%02d %s %s" % (i, ("INFO", "WARN")[i % 2], line),
    "a time and a thread": lambda i, line: "10:00:%02d [main] INFO  c.x.Y - %s" % (i, line),
    "syslog": lambda i, line: "May 01 10:00:%02d box gdb.sh[123]: %s" % (i, line),
    "syslog of RFC 5424": lambda i, line: "<11>1 %s+00:00 box app 12 - - %s" % (stamp(i), line),
    "the kernel's log": lambda i, line: "[%12.6f] %s" % (9.9 * 10 ** i, line),
    "logcat": lambda i, line: "05-01 10:00:00.%03d  1234  5678 F DEBUG   : %s" % (i, line),
    "loguru": lambda i, line: "%s | ERROR    | mod.name:run:%d - %s" % (stamp(i), i, line),
    "a request's number": lambda i, line: "a1b2c3d4-%04x-4e5f task: %s" % (i * 4097, line),
    "a numbered list": lambda i, line: "%d. %s" % (i + 1, line),
    "cat -n": lambda i, line: "%6d\t%s" % (i + 5, line),
    "nl": lambda i, line: "%4d  %s" % (i + 5, line),
    "grep -n": lambda i, line: "%d:%s" % (i + 5, line),
    "grep -n of files": lambda i, line: "gdb.log:%d:%s" % (i + 5, line),
    "grep -C": lambda i, line: "%d%s%s" % (i + 5, ":" if "Thread" in line else "-", line),
    "grep -C of files": lambda i, line: (
        "a-b/gdb.log:%d:%s" if "Thread" in line else "a-b/gdb.log-%d-%s") % (i + 5, line),
    "an editor that trims": lambda i, line: ("E   " + line).rstrip(),
}
STRINGS = {
    "JSON": whole(lambda text: json.dumps({"id": 1, "bt": text, "end": True})),
    "JSON of Go": whole(lambda text: json.dumps({"bt": text}).replace("<", "\\u003c")
                        .replace(">", "\\u003e")),
    "JSON in JSON": whole(lambda text: json.dumps({"a": json.dumps({"bt": text})})),
    "JSON, an array": lambda: json.dumps({"lines": LINES}) + "\n",
    "JSON, an array over lines": lambda: json.dumps({"lines": LINES}, indent=2) + "\n",
    "Docker's log": each(lambda i, line: json.dumps(
        {"log": line + "\n", "stream": "stdout", "time": stamp(i)})),
    "a structured log": each(lambda i, line: json.dumps({"ts": i, "level": "error", "msg": line})),
    "logfmt": each(lambda i, line: "time=\"%s\" level=info msg=%s" % (stamp(i), json.dumps(line))),
    "Ansible": lambda: "ok: [box] => {\n    \"msg\": [\n%s    ]\n}\n" % "".join(
        "        %s,\n" % json.dumps(line) for line in LINES),
    "Ansible, of a failed task": whole(lambda text: (
        "fatal: [box]: FAILED! => {\"changed\": true, \"stdout\": %s, \"rc\": 1}"
        % json.dumps(text))),
    "YAML": whole(lambda text: "out: " + json.dumps(text)),
    "YAML, a list": lambda: "out:\n" + "".join("  - %s\n" % json.dumps(line) for line in LINES),
    "Python": whole(repr),
    "Python's bytes": whole(lambda text: repr(text.encode())),
    "Python's list": lambda: repr([line + "\n" for line in LINES]) + "\n",
    "C": each(lambda i, line: json.dumps(line + "\n")),
    "escapes without quotes": whole(str, "\\n"),
    "gdb/MI": each(lambda i, line: "~" + json.dumps(line + "\n")),
    "gdb/MI in pieces": lambda: "".join(
        "~%s\n" % json.dumps(part) for line in LINES
        for part in (line[:9], line[9:30], line[30:] + "\n")),
    "gdb/MI in a log": each(lambda i, line: "820,%d ~%s" % (i, json.dumps(line + "\n"))),
}
MARKUP = {
    "HTML, <br/>": html("", "<br/>"),
    "HTML, <br> in one line": whole(lambda text: text.replace("\n", "<br>")
                                    .replace("<int", "&lt;int").replace("<int>", "&lt;int&gt;")),
    "HTML, a list": html("<li>", "</li>"),
    "HTML, a list with classes": html("<li class=\"x\">", "</li>"),
    "HTML, a table": html("<tr><td id=\"L3\">3</td><td class=\"c\">", "</td></tr>"),
    "HTML, coloured": each(lambda i, line: "<span class=\"l\">%s</span>" % escape(line).replace(
        "read", "<span class=\"f\">read</span>")),
    "HTML, <pre>": whole(lambda text: "<pre><code>%s</code></pre>" % escape(text)),
    "HTML, escaped twice": each(lambda i, line: escape(escape(line))),
    "a CDATA section": whole(lambda text: "<system-out><![CDATA[%s]]></system-out>" % text),
    "an attribute of XML": whole(lambda text: "<failure message=\"%s\">" % escape(text).replace(
        "\"", "&quot;").replace("\n", "&#10;")),
    "a fence": whole(lambda text: "```\n%s\n```" % text),
    "code": each(lambda i, line: "`%s`" % line),
    "bold lines": each(lambda i, line: "**%s**" % line),
    "bold names": each(lambda i, line: line.replace("in read ", "in **read** ")),
    "code of names": each(lambda i, line: line.replace("in read ", "in `read` ")),
    "Markdown's escapes": each(lambda i, line: line.replace("_", "\\_").replace("#", "\\#")
                               .replace("<", "\\<").replace(">", "\\>")),
    "Jira": whole(lambda text: "{noformat}\n%s{noformat}" % text),
    "a row of a table": each(lambda i, line: "| %s |" % line),
}
ENCODINGS = {
    "no-break spaces": each(lambda i, line: line.replace(" ", "\u00a0")),
    "no-break spaces of Latin-1": encode(each(lambda i, line: line.replace(" ", "\u00a0")),
                                         "latin-1"),
    "quotation marks": each(lambda i, line: line.replace("\"w\"", "\u201cw\u201d")),
    "a byte order mark": whole(lambda text: "\ufeff" + text),
    "bare carriage returns": whole(str, "\r"),
    "two carriage returns": whole(str, "\r\r\n"),
    "UTF-16, little end first": encode(whole(lambda text: "\ufeff" + text), "utf-16-le"),
    "UTF-16, big end first": encode(whole(lambda text: "\ufeff" + text), "utf-16-be"),
    "UTF-16 without a mark": encode(plain, "utf-16-le"),
    "UTF-16 without a mark, big end first": encode(plain, "utf-16-be"),
    "UTF-16 of Windows": encode(whole(lambda text: "\ufeff\U0001f41e\r\n" + text, "\r\n"),
                                "utf-16-le"),
}
WRAPPED = {
    "a wrapped frame": lambda: plain().replace(" at ", "\n    at "),
    "a wrapped frame after a prefix": lambda: each("E   ")().replace(" at ", "\nE       at "),
    "only the first line": lambda: "ERROR:root:" + plain(),
    "a pager in a word": lambda: plain().replace(
        "less<", "le--Type <RET> for more, q to quit, c to continue without paging--\nss<"),
    "a pager in a word, answered": lambda: plain().replace(
        "less<", "le--Type <RET> for more, q to quit, c to continue without paging--c\nss<"),
    "a pager of old versions": lambda: plain().replace(
        "less<", "le---Type <return> to continue, or q <return> to quit---\nss<"),
    "a pager on its own line": lambda: plain().replace(
        "Pool<", "Po\n---Type <return> to continue, or q <return> to quit---\nol<"),
    "a pager after a blank": lambda: plain().replace(
        " in ns", " in\n---Type <return> to continue, or q <return> to quit---\nns"),
}


def check_text(make):
    text = make()
    path = os.path.join(temp_dir(), "text")
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    result = run(PMP, "fold", "-q", "-t", "-f", "collapsed", path)
    equal((result.code, result.out), (0, STACKS), text)


def register():
    tables = (
        ("prefix", {name: each(form) for name, form in PREFIXES.items()}),
        ("prefix", {name: each(form) for name, form in NUMBERED.items()}),
        ("string", STRINGS),
        ("mark-up", MARKUP),
        ("encoding", ENCODINGS),
        ("wrapped", WRAPPED),
    )
    for kind, rows in tables:
        for name, make in rows.items():
            test("%s: %s" % (kind, name))(lambda make=make: check_text(make))


register()
main()
