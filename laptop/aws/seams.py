"""How a service of moto is given other classes than its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from moto.core.responses import BaseResponse


def install(service: str, backend: Callable[..., Any], models: dict[str, type]) -> None:
    """Make moto create its backends and models of a service from other classes.

    Args:
        service: The service as moto names its package, for example `glue`.
        backend: Called with a region and `account_id=`, makes the backend.
        models: Replacements of model classes by the name they have in `moto.<service>.models`.
    """
    module = importlib.import_module(f"moto.{service}.models")
    getattr(module, f"{service}_backends").backend = backend
    for name, model in models.items():
        if not hasattr(module, name):
            raise AttributeError(f"moto.{service}.models has no {name}: this is written for moto 5.2.5")
        setattr(module, name, model)


def routes(urls: ModuleType, response: type[BaseResponse]) -> Any:
    """A service's `urls` module with the same routes, answered by `response`."""
    paths = {path: getattr(response, handler.__name__) for path, handler in urls.url_paths.items()}
    return SimpleNamespace(url_bases=urls.url_bases, url_paths=paths)
