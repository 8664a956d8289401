"""Who asks: tokens (HS256; claims sub, exp, type) and what a role may do."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException, Request

from app.database import Database
from app.settings import jwt_secret

EXPIRES_S = 28_800
STAFF = ("AGENT", "MANAGER", "ADMIN")


def token(user_id: uuid.UUID, kind: str, expires_s: int = EXPIRES_S) -> str:
    """Return a signed token."""
    claims = {"sub": str(user_id), "exp": int(time.time()) + expires_s, "type": kind}
    return jwt.encode(claims, jwt_secret(), algorithm="HS256")


async def user(request: Request, database: Database) -> Any:
    """Return the row of the user whose access token came along; 401 without."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise HTTPException(401, "Not authenticated")
    try:
        claims = jwt.decode(text, jwt_secret(), algorithms=["HS256"])
        user_id = uuid.UUID(claims["sub"])
    except (jwt.InvalidTokenError, KeyError, ValueError) as error:
        raise HTTPException(401, "Could not validate credentials") from error
    if claims.get("type") != "access":
        raise HTTPException(401, "Could not validate credentials")
    row = await database.fetchrow("SELECT * FROM users WHERE id = $1 AND is_active", user_id)
    if row is None:
        raise HTTPException(401, "Could not validate credentials")
    return row


User = Annotated[Any, Depends(user)]


async def staff(user: User) -> Any:
    """Return the user where that is an agent, a manager or an admin; else 403."""
    if user["role"] not in STAFF:
        raise HTTPException(403, "Not enough permissions")
    return user


Staff = Annotated[Any, Depends(staff)]
