"""The program that `make matrix` samples; truth.py describes the protocol.

    target.py OUT CASE...

Each case is a module beside this file. Its `run` is called: that of the first case in the main
thread, that of each other case in a thread of its own. OUT is the file for the truth.
"""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import truth  # noqa: E402


def load(name):
    """The case's module; None if this Python cannot run it (the reason is in truth.skipped)."""
    try:
        module = __import__(name)
    except (ImportError, SyntaxError, AttributeError) as error:
        truth.skipped[name] = str(error)
        return None
    truth.calls[name] = {"via": getattr(module, "VIA", ()),
                         "symbols": getattr(module, "SYMBOLS", ()),
                         "direct": getattr(module, "DIRECT", ())}
    return module


def main(out, names):
    truth.OUT = out
    reporter = threading.Thread(target=truth.write_on_request, args=(out,))
    reporter.daemon = True
    reporter.start()
    modules = [(name, load(name)) for name in names]
    for name, module in modules[1:]:
        if module:
            truth.start(name, module.run)
    name, module = modules[0]
    if not module:
        truth.block()
    truth.enter(name)
    module.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
