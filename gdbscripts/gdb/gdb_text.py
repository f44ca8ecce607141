"""gdb's text in Python: names in it are the target's bytes, and need be no text at all."""
import gdb


def execute(command: str) -> None:
    """What gdb says is taken, so that it costs no write, and thrown away."""
    try:
        gdb.execute(command, False, True)
    except UnicodeDecodeError:
        pass  # it has been executed; what it says has such a name in it


def name_text(name: str) -> str:
    """A name that gdb has read as ISO-8859-1, in which every byte is text (session.py), as the UTF-8 that it most likely is."""
    return name.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
