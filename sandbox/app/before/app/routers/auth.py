"""Log in, and the own profile."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from starlette.concurrency import run_in_threadpool

from app.auth import EXPIRES_S, User, token
from app.database import Database
from app.passwords import matches

router = APIRouter(prefix="/api/v1/auth")


@router.post("/login")
async def login(
    database: Database, username: Annotated[str, Form()], password: Annotated[str, Form()]
) -> dict[str, Any]:
    """Exchange e-mail and password for tokens."""
    row = await database.fetchrow("SELECT * FROM users WHERE email = $1 AND is_active", username)
    if row is None or not await run_in_threadpool(matches, password, row["password_hash"]):
        raise HTTPException(401, "Incorrect email or password")
    return {
        "access_token": token(row["id"], "access"),
        "refresh_token": token(row["id"], "refresh", EXPIRES_S * 21),
        "token_type": "bearer",
        "expires_in": EXPIRES_S,
    }


@router.get("/me")
async def me(user: User) -> dict[str, Any]:
    """Show the own profile."""
    return {
        "id": str(user["id"]),
        "email": user["email"],
        "full_name": user["full_name"],
        "role": user["role"].lower(),
        "organization_id": str(user["organization_id"]),
    }
