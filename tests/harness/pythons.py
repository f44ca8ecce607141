"""The Pythons of this machine, for tests that use all of them: PYTHON, /usr/bin and ~/.pyenv."""

import glob
import json
import os
import subprocess

from tap import PYTHON

PROBE = """
import json, os, sys, sysconfig
value = sysconfig.get_config_var
library = value("INSTSONAME") or value("LDLIBRARY") or "?"
print(json.dumps([list(sys.version_info[:2]), sys.version.split()[0],
                  os.path.realpath(sys.executable), os.path.join(value("LIBDIR") or "", library),
                  sysconfig.get_path("include"), bool(value("Py_GIL_DISABLED"))]))
"""


class Python:
    """One interpreter: version (3, 11), release "3.11.2", the file with its code, and its folder of
    headers. `facts` is the output of PROBE."""

    def __init__(self, path, facts):
        self.path = path
        self.version, self.release, executable, library, self.include, self.free = facts
        self.version = tuple(self.version)
        self.file = library if ".so" in library and os.path.exists(library) else executable

    def __str__(self):
        return "%s (%s)" % (self.path, self.release)


def found():
    """Each release once, oldest first."""
    paths = [PYTHON] + glob.glob("/usr/bin/python[23].*[0-9]")
    paths += glob.glob("/usr/bin/python[23].*[0-9]t")
    paths += glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python"))
    pythons = {}
    for path in paths:
        try:
            out = subprocess.run([path, "-c", PROBE], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL,
                                 check=True, timeout=20).stdout
            python = Python(path, json.loads(out.decode()))
        except (OSError, subprocess.SubprocessError, ValueError):
            continue
        pythons.setdefault((python.version, python.release, python.free), python)
    return [pythons[key] for key in sorted(pythons)]
