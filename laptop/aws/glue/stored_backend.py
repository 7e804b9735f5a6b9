"""What Glue's parts see of the backend that owns them: moto's, with a lock and a way to the disk."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from moto.glue.models import GlueBackend


class StoredBackend(GlueBackend, ABC):
    """moto's Glue of one region. Hold `lock` while you change it, and `save` before you answer."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()

    @abstractmethod
    def save(self) -> None:
        """Write what changed."""
