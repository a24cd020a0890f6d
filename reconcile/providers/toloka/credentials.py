"""The header that Toloka knows an account by. The only place where its token is revealed."""

from reconcile.providers.secrets import Secret


def authorization(secret: Secret, *, environment: str) -> str:
    """The Authorization header's value."""
    return f"{scheme_of(secret, environment=environment)} {secret.reveal()}"


def scheme_of(secret: Secret, *, environment: str) -> str:
    """`ApiKey` for the new keys, `OAuth` for the old tokens, and always at Yandex Tasks, which has no other.

    A new key has exactly two dots, and 22 to 24 characters before the first (so toloka-kit tells them apart).
    """
    parts = secret.reveal().split(".")
    new = len(parts) == 3 and 22 <= len(parts[0]) <= 24
    return "ApiKey" if new and environment != "yandex" else "OAuth"
