"""The server without a web framework: what a request comes to, as plain functions."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from .core.async_engine import AsyncLOKIEngine
from .core.audit_log import AuditLogger
from .core.cache import ValidationCache
from .core.models import ModelRouter
from .core.verdict import Verdict

cache = ValidationCache(max_size=50, ttl_seconds=1800)
engine = AsyncLOKIEngine(max_workers=4)
for _module in ("lettings", "adverts", "privacy", "workshop"):
    engine.load_module(_module)
audit_log = AuditLogger(Path(__file__).parent / "audit.db")
router = ModelRouter()


def validate_document(data: Verdict) -> tuple[Verdict, int]:
    """The cache first, then the engine; errors are kept as any other report."""
    try:
        text = data.get("text")
        document_type = (data.get("document_type") or "unknown").lower()
        modules: Any = (data.get("modules") or []) if "modules" in data else list(engine.modules)
        if not text:
            return {"error": "no text"}, 400
        kept = cache.get(text, document_type, modules)
        if kept:
            kept["_cached"] = True
            return {"validation": kept, "risk": kept.get("overall_risk", "LOW")}, 200
        report = engine.check_document(
            text=text, document_type=document_type, active_modules=modules
        )
        cache.set(text, document_type, modules, report)
        with suppress(Exception):  # no reason not to answer
            audit_log.log_validation(text, document_type, modules, report, data.get("client"))
        return {"validation": report, "risk": report.get("overall_risk") or "LOW"}, 200
    except Exception as error:
        return {"error": type(error).__name__}, 500


def cache_stats() -> Verdict:
    return cache.get_stats()


def try_model(data: Verdict) -> tuple[Verdict, int]:
    """What a model says with a user's own key, and what the gates say of that."""
    try:
        provider = data.get("provider") or ""
        router.configure_provider(provider, data.get("api_key") or "")
        said = router.call_provider(provider, data.get("prompt") or "")
        report = engine.check_document(said, "answer", list(engine.modules))
        return {"response": said, "validation": report}, 200
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}, 500
