"""Makes an SVG picture of a terminal.

    pmp ... --color=always | python3 terminal_svg.py COMMAND > FILE.svg

The first line of the picture is "$ COMMAND". It handles the escape sequences that pmp prints: dim,
bold and the eight colours.
"""

import html
import re
import sys

CELL_WIDTH, LINE_HEIGHT, MARGIN = 7.8, 17, 14
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
BACKGROUND, TEXT, DIM = "#16191f", "#d8dce3", "#8b93a1"
COLOURS = {31: "#ff6e67", 32: "#7bd88f", 33: "#e8bf6a", 34: "#82aaff", 35: "#d196ff", 36: "#5fd3e0"}


def runs(line):
    """The pieces of a line with one style each: (first column, text, colour, bold)."""
    column, colour, bold = 0, TEXT, False
    for codes, text in re.findall("(?:\033\\[([0-9;]*)m)?([^\033]*)", line):
        for code in (int(code or 0) for code in codes.split(";")) if codes else ():
            if code == 0:
                colour, bold = TEXT, False
            elif code == 1:
                bold = True
            elif code == 2:
                colour = DIM
            else:
                colour = COLOURS.get(code, TEXT)
        if text.strip():
            yield column, text, colour, bold
        column += len(text)


def draw(lines):
    """Puts each piece of text at its column, with the width of its columns, for any font of the
    viewer."""
    columns = max(len(re.sub("\033\\[[0-9;]*m", "", line)) for line in lines)
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    yield ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" '
           'width="%.0f" height="%d">' % (width, height, width, height))
    yield '<rect width="100%%" height="100%%" rx="8" fill="%s"/>' % BACKGROUND
    yield '<g font-family="%s" font-size="13">' % FONT
    for number, line in enumerate(lines):
        y = MARGIN + (number + 0.75) * LINE_HEIGHT
        for column, text, colour, bold in runs(line):
            indent = len(text) - len(text.lstrip())
            text = text.strip().replace(" ", "\u00a0")  # browsers merge several plain blanks
            yield '<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>' % (
                MARGIN + (column + indent) * CELL_WIDTH, y, len(text) * CELL_WIDTH, colour,
                ' font-weight="bold"' if bold else "", html.escape(text, quote=False))
    yield "</g>\n</svg>"


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n".join(draw(["$ " + sys.argv[1], *sys.stdin.read().rstrip("\n").split("\n")])))
