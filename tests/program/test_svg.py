"""Flame graphs: well-formed SVG for any names; opened, searched and zoomed in headless Chromium."""

import json
import os
import re
import sys
import xml.dom.minidom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from browsers import need_browser  # noqa: E402
from tap import ROOT, check, equal, main, note, pmp, run, temp_dir, test  # noqa: E402

BROWSER = os.path.join(ROOT, "tests", "harness", "programs", "browse_svg.js")
HOSTILE = ("</script><script>window.hijacked=1</script>", "]]>",
           "\"><img src=x onerror=\"window.hijacked=1\">", "a&b<c>'d'",
           "\u6f22\u5b57\u6f22\u5b57", "\ufffe\uffff", "x" * 3000, "<![CDATA[", "&amp;",
           "${window.hijacked=1}")
NARROW = 0.00025  # merger/formats/flame_graph.c


def graph(text, *options):
    """The path of the SVG of collapsed stacks."""
    path = os.path.join(temp_dir(), "x.svg")
    result = pmp("show", "-q", "-", "-o", path, *options,
                 stdin=text.encode("utf-8", "surrogatepass"))
    equal(result.code, 0, result)
    return path


def boxes(path):
    """(name, position, size, depth) of each box."""
    document = xml.dom.minidom.parse(path)
    found = [node for node in document.getElementsByTagName("g")
             if "box" in node.getAttribute("class").split()]
    return [(node.getAttribute("data-name"), int(node.getAttribute("data-at")),
             int(node.getAttribute("data-size")),
             int(node.getAttribute("data-depth"))) for node in found]


@test("each node is a box with its position, size and depth")
def _():
    text = "a (m.py);b (m.py) 6\na (m.py);c (m.py);d (lib.so) 3\nz (lib.so) 1\n"
    found = {(name, depth): (at, size) for name, at, size, depth in boxes(graph(text))}
    equal(found,
          {("all", 0): (0, 10), ("a (m.py)", 1): (0, 9), ("b (m.py)", 2): (0, 6),
           ("c (m.py)", 2): (6, 3),
           ("d (lib.so)", 3): (6, 3), ("z (lib.so)", 1): (9, 1)})


@test("a tooltip has the lines; native code without a source file has addresses")
def _():
    path = os.path.join(temp_dir(), "x.svg")
    profile = os.path.join(ROOT, "tests", "golden", "cases", "show-stripped-yaml", "stripped.yaml")
    equal(pmp("show", "-q", profile, "-o", path).code, 0)
    titles = [node.firstChild.data
              for node in xml.dom.minidom.parse(path).getElementsByTagName("title")]
    check("fn 0x2100 (libz.so.1)\ntotal 2 samples, 50.0 %; self 2, 50.0 %\n"
          "+0x30: 50.0 %\n+0x44: 50.0 %" in titles, titles)
    check("<module> (sort.py)\ntotal 4 samples, 100.0 %; self 0, 0.0 %\n"
          "line 14: 25.0 %\nline 15: 25.0 %\nline 16: 50.0 %" in titles, titles)


@test("boxes that are too narrow are left out, and counted")
def _():
    wide, narrow = 1000000, int(1000000 * NARROW) - 10
    path = graph("wide %d\n" % wide + "".join("narrow%d 1\n" % i for i in range(narrow)))
    equal([name for name, _, _, _ in boxes(path)], ["all", "wide"])
    with open(path, encoding="utf-8") as file:
        check("%d of %d boxes are too narrow to be shown" % (narrow, narrow + 2) in file.read())


@test("an empty profile gives a valid SVG")
def _():
    result = pmp("fold", "-q", "-f", "svg", stdin=b"")
    equal(result.code, 0, result)
    xml.dom.minidom.parseString(result.out)


@test("a comparison's box has the mean of both shares; red has grown, blue has shrunk")
def _():
    folder = temp_dir()
    for name, text in (("a", "f;more 100\nf;less 600\nf;same 300\nold 0\n"),
                       ("b", "f;more 500\nf;less 190\nf;same 310\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    path = os.path.join(folder, "d.svg")
    result = pmp("diff", "-q", os.path.join(folder, "a"), os.path.join(folder, "b"), "-o", path)
    equal(result.code, 0, result)
    found = {name: size for name, _, size, _ in boxes(path)}
    equal(found,
          {"all": 10 ** 9, "f": 10 ** 9, "more": 3 * 10 ** 8, "less": 395 * 10 ** 6,
           "same": 305 * 10 ** 6})
    fills = {}
    for node in xml.dom.minidom.parse(path).getElementsByTagName("g"):
        if not node.hasAttribute("data-name"):
            continue
        style = node.getElementsByTagName("rect")[0].getAttribute("style")
        fill = re.search(r"fill:#(..)(..)(..)", style)
        if fill:
            fills[node.getAttribute("data-name")] = tuple(int(part, 16) for part in fill.groups())
    red, _, blue = fills["more"]
    check(red == 255 and blue < 160, "a share that has grown is not red", fills)
    red, _, blue = fills["less"]
    check(blue == 255 and red < 160, "a share that has shrunk is not blue", fills)
    check(min(fills["same"]) > 240 and min(fills["f"]) == 255, "an equal share is not white", fills)


def browse(path, search):
    words, chromium = need_browser()
    result = run(*words, BROWSER, chromium, temp_dir(), path, env={"SEARCH": search}, limit=50)
    equal(result.code, 0, result)
    return json.loads(result.out)


@test("search, zoom, reset, flip and dark colours work in a browser; names are only text")
def _():
    rows = ["root;%s;leaf%d %d" % (name.replace(";", ","), i, 100 + i)
            for i, name in enumerate(HOSTILE)]
    seen = browse(graph("\n".join(rows + ["root;other;deep;deeper 500"]) + "\n"), "leaf[02]$")
    equal((seen["errors"], seen["scripts"], seen["hijacked"]), ([], 1, "undefined"), seen)
    for name in HOSTILE:
        # A semicolon separates the frames of a collapsed stack.
        shown = re.sub("[\ufffe\uffff]", "?", name.replace(";", ","))
        check(any(shown in box for box in seen["names"]), ascii(shown),
              [ascii(box[:80]) for box in seen["names"]])
    equal((seen["found"], seen["hits"]), ("2 found: 13.1 %", 2), seen)
    check("total 500 samples, 32.4 %" in seen["hovered"], seen["hovered"])
    equal((seen["zoomed"]["name"], seen["zoomed"]["width"]), ("deeper", seen["zoomed"]["all"] - 20))
    check(seen["reset"] < seen["zoomed"]["width"] / 2, "not reset", seen["reset"])
    equal(seen["narrow"], 680)
    check(seen["light"] != seen["dark"] and seen["flipped"] > 100, seen)


@test("a browser opens the flame graph of a profile of 40,000 stacks")
def _():
    need_browser()
    rows = ["".join("f%d_%d;" % (depth, i >> depth) for depth in range(12, 0, -1)) +
            "leaf%d %d" % (i, 1 + i % 97)
            for i in range(40000)]
    seen = browse(graph("\n".join(rows) + "\n"), "leaf")
    note("%d boxes, opened in %d ms" % (seen["boxes"], seen["opened_ms"]))
    equal(seen["errors"], [])
    check("too narrow" in seen["bottom"], seen["bottom"])


main()
