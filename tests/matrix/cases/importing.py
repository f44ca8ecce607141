"""While a module is imported, by a module that is imported."""


def run():
    import importing_one
    return importing_one
