"""Makes the agent's modules importable inside gdb, from the bundle that pmp passes as descriptor 4.

The bundle is this file, then a line `#:PMP-BUNDLE`, then each module after a line
`#:PMP-MODULE name`. pmp executes only the part before `#:PMP-BUNDLE`:

    python pmp_source = open(4, "rb").read().decode()
    python exec(pmp_source.partition("\\n#:PMP-BUNDLE\\n")[0])

A module NAME is imported as pmp_NAME. No file is written or searched for, so no file of the target
or the user can replace a module.
"""
import importlib.abc
import importlib.util
import sys


class Bundle(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads modules from the text of the bundle (importlib.abc)."""

    def __init__(self, source: str) -> None:
        self._texts = {}
        for module in source.partition("\n#:PMP-BUNDLE\n")[2].split("\n#:PMP-MODULE "):
            name, _, text = module.partition("\n")
            self._texts["pmp_" + name.replace("#:PMP-MODULE ", "").strip()] = text

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> object:
        if fullname not in self._texts:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, _spec: object) -> None:
        return None  # an ordinary module

    def exec_module(self, module: object) -> None:
        name = module.__name__
        exec(compile(self._texts[name], "<%s>" % name, "exec"), module.__dict__)


sys.meta_path.insert(0, Bundle(globals()["pmp_source"]))
importlib.import_module("pmp_agent")
