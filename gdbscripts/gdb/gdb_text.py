"""gdb's text in Python. Names in it are bytes of the target, in any encoding or none."""
import gdb


def execute(command: str) -> None:
    """Executes a gdb command and discards its output, which so costs no write. gdb.error."""
    try:
        gdb.execute(command, False, True)
    except UnicodeDecodeError:
        pass  # the command was executed; its output contains such a name


def name_text(name: str) -> str:
    """A name that gdb has decoded as ISO-8859-1 (gdb_settings.py), decoded again as UTF-8, which is
    the most likely encoding; other bytes become surrogates."""
    return name.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
