"""Loads the agent's modules inside gdb, from the bundle that pmp passes as descriptor 4.

The bundle is this file, then a line `#:PMP-BUNDLE`, then each module behind a line
`#:PMP-MODULE name`, the agent last. pmp runs this part only:

    python pmp_source = open(4, "rb").read().decode()
    python exec(pmp_source.partition("\\n#:PMP-BUNDLE\\n")[0])

No file is written or searched for, so nothing of the target's or the user's can take a module's place.
"""
import sys
import types


def load(source: str) -> None:
    modules = source.partition("\n#:PMP-BUNDLE\n")[2].split("#:PMP-MODULE ")[1:]
    for module in modules:
        name, _, text = module.partition("\n")
        loaded = types.ModuleType("pmp_" + name)
        sys.modules[loaded.__name__] = loaded
        exec(compile(text, "<pmp %s>" % name, "exec"), loaded.__dict__)


load(globals()["pmp_source"])
