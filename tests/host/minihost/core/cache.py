"""Reports by what was asked: those used least recently go first, old ones are not given."""

import hashlib
import time
from collections import OrderedDict
from typing import Any

from .verdict import Verdict


class ValidationCache:
    def __init__(self, max_size: int = 1000, ttl_seconds: float = 3600) -> None:
        self.max_size = max_size
        self.ttl_seconds = ttl_seconds
        self.cache: OrderedDict[str, Any] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def _make_cache_key(self, text: Any, document_type: Any, active_modules: Any) -> str:
        asked = f"{text}|{document_type}|{','.join(sorted(active_modules or []))}"
        return hashlib.sha256(asked.encode()).hexdigest()

    def get(self, text: Any, document_type: Any, active_modules: Any) -> Any:
        key = self._make_cache_key(text, document_type, active_modules)
        if key not in self.cache:
            self.misses += 1
            return None
        result, since = self.cache[key]
        if time.time() - since > self.ttl_seconds:
            del self.cache[key]
            self.misses += 1
            return None
        self.cache.move_to_end(key)
        self.hits += 1
        return result

    def set(self, text: Any, document_type: Any, active_modules: Any, result: Any) -> None:
        key = self._make_cache_key(text, document_type, active_modules)
        if key not in self.cache and len(self.cache) >= self.max_size:
            self.cache.popitem(last=False)
        self.cache[key] = (result, time.time())

    def clear(self) -> None:
        self.cache.clear()
        self.hits = self.misses = 0

    def get_stats(self) -> Verdict:
        asked = self.hits + self.misses
        return {
            "size": len(self.cache),
            "max_size": self.max_size,
            "hits": self.hits,
            "misses": self.misses,
            "hit_rate": round(self.hits / asked * 100 if asked else 0, 2),
            "ttl_seconds": self.ttl_seconds,
        }

    def cleanup_expired(self) -> int:
        now = time.time()
        old = [key for key, (_, since) in self.cache.items() if now - since > self.ttl_seconds]
        for key in old:
            del self.cache[key]
        return len(old)
