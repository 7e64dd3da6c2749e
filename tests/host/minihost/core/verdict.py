"""What a check gives back."""

from typing import Any

Verdict = dict[str, Any]
