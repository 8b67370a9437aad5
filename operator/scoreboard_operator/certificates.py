"""Until when the way in can be trusted: the certificate that the Ingress shows (pure)."""

import base64
import binascii

from cryptography import x509

from scoreboard_operator.facts import Object
from scoreboard_operator.resource import Resource

CERTIFICATE = "tls.crt"


def certificate_secret(resource: Resource) -> str:
    """Name of the Secret with it; empty if the Ingress has none, or a Gateway has it."""
    name: str = resource.spec["exposure"].get("tls", {}).get("secretName", "")
    return name


def expiry(secret: Object | None) -> float | None:
    """When the first of the chain expires, Unix time; None if there is nothing to be read."""
    text = ((secret or {}).get("data") or {}).get(CERTIFICATE, "")
    try:
        chain = x509.load_pem_x509_certificates(base64.b64decode(text))
    except (binascii.Error, ValueError):
        return None
    return min(each.not_valid_after_utc.timestamp() for each in chain)
