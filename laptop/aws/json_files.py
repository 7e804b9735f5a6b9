"""JSON files that are whole at any moment, whenever the process dies."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Any) -> None:
    """Replace a file by `content` as indented JSON; dates become ISO 8601 strings."""
    write_text(
        path,
        json.dumps(content, indent=2, ensure_ascii=False, default=lambda value: value.isoformat()) + "\n",
    )


def write_text(path: Path, text: str) -> None:
    """Replace a file by `text`, making its directory if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
