"""Pages about documents that were asked before: they have the server's cache under its name."""

from .core.verdict import Verdict
from .server import cache


def known(text: str, document_type: str, modules: list[str]) -> Verdict | None:
    found: Verdict | None = cache.get(text, document_type, modules)
    return found
