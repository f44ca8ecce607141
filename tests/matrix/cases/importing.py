"""A thread blocks in the import of a module that an imported module imports."""


def run():
    import importing_one
    return importing_one
