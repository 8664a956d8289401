"""How somebody asks by hand what a query asks."""

from __future__ import annotations

import dataclasses
import shlex

from gate.connection.libpq import LOOPBACK
from gate.kinds.finding import Here
from gate.kinds.pasted import LOCAL_PORT, psql, tunnel
from gate.kinds.scene import Scene
from gate.redis import Redis
from gate.sources.queries.keyspace import RedisQuestion

LOOKS = {
    "keys": "--scan --pattern {} | wc -l",
    "length": "LLEN {}",
    "exists": "EXISTS {}",
    "ttl": "TTL {}",
    "config": "CONFIG GET {}",
    "info": "INFO | grep {}",
}
"""How a Redis is asked by hand."""


def query_look(sql: str, redis: RedisQuestion | None, name: str, scene: Scene) -> str:
    """What asks the same by hand.

    Args:
        sql: The statement, where it is one.
        redis: The question, where it is one to a Redis.
        name: Of the database; empty for the target's own.
        scene: Where it is.
    """
    if redis is None:
        there = dataclasses.replace(scene, target=scene.target.at_database(name))
        return psql(sql, there)
    place = scene.target.at_redis(name).redis or Redis()
    what, of = redis.command
    words = LOOKS.get(what, what.upper()).format(shlex.quote(of))
    target = scene.target
    host, port = place.host, target.port(place.port)
    called = f"[{host}]" if ":" in host else host
    before = tunnel(f"{called}:{port}", target) if place.forward else ""
    if before:
        host, port = LOOPBACK, LOCAL_PORT
    login = f'REDISCLI_AUTH="${{{place.password_env}:?}}" ' if place.password_env else ""
    given = f' --user "${{{place.user_env}:?}}"' if place.user_env else ""
    given += " --tls" if place.tls else ""
    command = f"{before}{login}redis-cli -h {host} -p {port}{given} -n {place.db} {words}"
    # Without a tunnel it is asked on the host, where the variables are not.
    return command if place.forward and not before else Here(command)
