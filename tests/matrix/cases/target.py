"""The program that `make matrix` looks at (truth.py says how).

    target.py OUT CASE...

Each case is a module beside this file, and its `run` is called: the first one's in the main thread, the others'
in threads of their own. What they know of themselves is written to OUT.
"""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import truth  # noqa: E402


def load(name):
    """The case's module, None (and a reason) where this Python cannot run it."""
    try:
        module = __import__(name)
    except (ImportError, SyntaxError, AttributeError) as error:
        truth.skipped[name] = str(error)
        return None
    truth.calls[name] = {"via": getattr(module, "VIA", ()), "outside": getattr(module, "OUTSIDE", ()),
                         "direct": getattr(module, "DIRECT", ())}
    return module


def main(out, names):
    truth.OUT = out
    watcher = threading.Thread(target=truth.watch, args=(out,))
    watcher.daemon = True
    watcher.start()
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
