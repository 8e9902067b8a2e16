"""A gate that lets everybody in as local: for tests of what lies behind it."""

from serving.auth.caller import LOCAL_CALLER


class AllowEveryCaller:
    """Asks nobody who they are."""

    async def caller(self, shown):
        return LOCAL_CALLER

    def is_limited(self, caller):
        return False


ALLOW_EVERY_CALLER = AllowEveryCaller()
