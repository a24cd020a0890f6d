"""The header that Toloka knows an account by. The only place where a token is revealed."""

from reconcile.providers.secrets import Secret


def authorization(secret: Secret) -> str:
    """The Authorization header's value: `ApiKey` for the new keys, `OAuth` for the old tokens.

    A new key has exactly two dots, and 22 to 24 characters before the first (so toloka-kit tells them apart).
    """
    token = secret.reveal()
    parts = token.split(".")
    scheme = "ApiKey" if len(parts) == 3 and 22 <= len(parts[0]) <= 24 else "OAuth"
    return f"{scheme} {token}"
