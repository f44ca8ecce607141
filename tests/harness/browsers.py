"""A browser for tests: headless Chromium, driven by tests/harness/programs/browser.js."""

import shutil

from tap import run, skip


def need_browser():
    """(node's command as a list of words, the path of chromium), or a skip."""
    chromium = (shutil.which("chromium") or shutil.which("chromium-browser")
                or shutil.which("google-chrome"))
    node = shutil.which("node")
    if not chromium or not node:
        skip("%s is missing" % ("chromium" if not chromium else "node"))
    for words in ((node,), (node, "--experimental-websocket")):
        script = "new WebSocket('ws://127.0.0.1:1').onerror = () => process.exit(0)"
        if run(*words, "-e", script).code == 0:
            return words, chromium
    return skip("a node with WebSocket (20.10 or later) is missing")
