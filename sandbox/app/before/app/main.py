"""The API of ATUM DESK: every module of ``app.routers`` serves its part."""

from __future__ import annotations

import importlib
import logging
import pkgutil

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app import mailbox, routers
from app.version import VERSION
from app.wrong import Wrong

logging.getLogger("httpx").setLevel(logging.WARNING)

app = FastAPI(title="ATUM DESK", version=VERSION)
for found in sorted(pkgutil.iter_modules(routers.__path__), key=lambda one: one.name):
    module = importlib.import_module(f"app.routers.{found.name}")
    app.include_router(module.router)
    if hasattr(module, "install"):
        module.install(app)
mailbox.install(app)
app.add_middleware(Wrong)


@app.exception_handler(httpx.HTTPError)
async def ollama_is_away(request: Request, error: Exception) -> JSONResponse:
    """Answer 503 where Ollama does not."""
    logging.getLogger("uvicorn.error").error("%s: Ollama: %r", request.url.path, error)
    return JSONResponse({"detail": "the model is not available"}, 503)
