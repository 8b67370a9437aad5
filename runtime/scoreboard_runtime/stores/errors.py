"""What can go wrong with a store, in words that the roles understand."""

DATABASE, QUEUE, CACHE, IDENTITY_PROVIDER = "database", "queue", "cache", "identity_provider"


class StoreUnavailable(Exception):
    """The store did not answer; whether the call took effect is not known. Worth trying again."""

    def __init__(self, dependency: str, why: str = "") -> None:
        super().__init__(f"{dependency} is not available: {why}" if why else dependency)
        self.dependency = dependency
