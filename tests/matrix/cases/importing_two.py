import truth


class Body(object):
    truth.block()
