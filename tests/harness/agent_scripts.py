"""Finds the files of the agent's modules below gdbscripts/. It runs with any Python 3."""

import glob
import importlib.util
import os

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "gdbscripts")


def path_of(name):
    """The path of NAME.py in gdbscripts/ or one of its folders, None if there is none. Base names
    are unique."""
    found = glob.glob(os.path.join(glob.escape(SCRIPTS), "**", name + ".py"), recursive=True)
    return found[0] if found else None


class Finder:
    """For sys.meta_path: `import pmp_NAME` loads NAME.py."""

    @staticmethod
    def find_spec(fullname, _path=None, _target=None):
        path = path_of(fullname[4:]) if fullname.startswith("pmp_") else None
        return importlib.util.spec_from_file_location(fullname, path) if path else None
