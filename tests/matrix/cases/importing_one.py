import importing_two  # noqa: F401
