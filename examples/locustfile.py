"""Users of a service that validates documents, for locust: `pip install locust`.

    locust -f examples/locustfile.py --host http://127.0.0.1:8000

`GATECORE_DOCUMENTS` names a folder of texts, `GATECORE_PATH` where documents are sent,
`GATECORE_TOKEN` a token. Each user waits for an answer before asking again, so a service that
stands still is asked less: `gatecore load --rate` shows what people would see then.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from locust import HttpUser, constant_pacing, task  # type: ignore[import-not-found]

FOLDER = Path(os.environ.get("GATECORE_DOCUMENTS", Path(__file__).parent))
PATH = os.environ.get("GATECORE_PATH", "/validate")
TOKEN = os.environ.get("GATECORE_TOKEN", "")
TEXTS = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.txt"))]


class Writer(HttpUser):  # type: ignore[misc]
    """Sends a document a second."""

    wait_time = constant_pacing(1)

    @task
    def validate(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
        self.client.post(PATH, json={"text": random.choice(TEXTS)}, headers=headers)
