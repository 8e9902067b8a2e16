"""A gate that lets everybody in as local: for tests of what lies behind it."""

from serving.caller import LOCAL


class Anybody:
    """Asks nobody who they are."""

    async def caller(self, shown):
        return LOCAL

    def limited(self, caller):
        return False


ANYBODY = Anybody()
