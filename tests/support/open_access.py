"""Authentication that lets every caller in as local, for tests of the routes behind it."""

from serving.auth.caller import LOCAL_CALLER


class AllowEveryCaller:
    """Answer every credential with the local caller, and limit nobody."""

    async def caller(self, shown):
        return LOCAL_CALLER

    def is_limited(self, caller):
        return False


ALLOW_EVERY_CALLER = AllowEveryCaller()
