"""A queue of RQ: read from the target's Redis by the names that RQ itself gives to its keys.

A registry of RQ tidies up as it is read, and a job's payload is a pickle: neither is touched. Only
lengths, ids, times and states are read.
"""

from __future__ import annotations

import base64
import datetime as dt
import zlib
from collections.abc import Mapping
from typing import Any

from gate.contract.item import Name
from gate.duration import AHEAD_S
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.queues.engine import Engine
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise
from gate.sources.queues.redis_server import redis_of
from gate.sources.source import Looking

MOST = 200
"""Jobs of each state whose times are read: the oldest that wait, the newest that ended."""
JOB = ("status", "enqueued_at", "started_at", "ended_at", "worker_name", "exc_info", "created_at")


class RqQueue(QueuePromise):
    """A queue of RQ, in the Redis that the target names.

    Attributes:
        name: What RQ calls it.
        workers_at_least: How many workers must be registered for it.
    """

    name: Name
    workers_at_least: int = 1


def look(queues: Mapping[str, RqQueue], looking: Looking) -> Mapping[str, Fact[QueueFacts]]:
    """Read all queues through one connection."""
    try:
        from rq import registry  # noqa: PLC0415 - an extra
        from rq.queue import Queue  # noqa: PLC0415
        from rq.worker_registration import WORKERS_BY_QUEUE_KEY  # noqa: PLC0415
    except ImportError:
        why = "the package rq is missing here: pip install 'atum-desk-gate[rq]'"
        return dict.fromkeys(queues, CannotTell(why, Cause.TOOL_MISSING))
    keys = {
        "waits": Queue.redis_queue_namespace_prefix + "{0}",
        "handed over": Queue.redis_queue_namespace_prefix + "{0}:intermediate",
        "runs": registry.StartedJobRegistry.key_template,
        "failed": registry.FailedJobRegistry.key_template,
        "done": registry.FinishedJobRegistry.key_template,
        "canceled": registry.CanceledJobRegistry.key_template,
        "workers": WORKERS_BY_QUEUE_KEY.replace("%s", "{0}"),
        "worker": "rq:worker:",
        "job": "rq:job:",
        "results": "rq:results:",
    }
    with redis_of(looking.target, looking.carrier) as client:
        return {id_: Seen(_Reading(client, keys, one).facts()) for id_, one in queues.items()}


class _Reading:
    def __init__(self, client: Any, keys: Mapping[str, str], queue: RqQueue) -> None:
        self._client, self._queue = client, queue
        self._keys = {key: one.format(queue.name) for key, one in keys.items()}
        seconds, micro = client.time()
        self._now = seconds + micro / 1e6

    def facts(self) -> QueueFacts:
        """Everything of this queue."""
        waits, runs = self._waiting(), self._jobs("runs", newest=False)
        failed, done = self._jobs("failed"), self._jobs("done")
        workers = self._workers()
        lives = {name for name, alive in workers.items() if alive}
        taken = [*(one["ended_at"] for one in (*done, *failed)), *(r["started_at"] for r in runs)]
        gone = [
            f"job {one['id']} was taken by {one['worker_name'] or 'a worker'} which is gone"
            for one in runs
            if one["worker_name"] not in lives
        ]
        failures = sorted(one["ended_at"] for one in failed if one["ended_at"] is not None)
        newest = min(failed, key=lambda one: one["ended_at"] or 0.0, default=None)
        few = len(lives) < self._queue.workers_at_least
        missing = (
            f"{len(lives)} workers are registered for {self._queue.name}, "
            f"not {self._queue.workers_at_least}"
        )
        due = [one["enqueued_at"] or one["created_at"] for one in waits]
        running = [one["started_at"] for one in runs if one["started_at"] is not None]
        number = sum(int(self._client.llen(self._keys[one])) for one in ("waits", "handed over"))
        return QueueFacts(
            name=f"RQ's queue {self._queue.name}",
            waiting=number,
            oldest_due_s=max((one for one in due if one is not None), default=None),
            running=tuple(sorted(running, reverse=True)),
            gone=tuple(gone),
            taken_s=min((one for one in taken if one is not None), default=None),
            failed=int(self._client.zcard(self._keys["failed"])),
            failures=tuple(failures),
            error=self._error_of(newest),
            discarded=int(self._client.zcard(self._keys["canceled"])),
            broken=(missing,) if few else (),
        )

    def _waiting(self) -> list[dict[str, Any]]:
        """The jobs that come next, and those that were handed to a worker which did not begin.

        Redis hands a job to a worker that waits for one, be its process frozen.
        """
        ids = self._client.lrange(self._keys["waits"], 0, MOST - 1)
        ids += self._client.lrange(self._keys["handed over"], 0, MOST - 1)
        return [self._job(one) for one in ids]

    def _jobs(self, state: str, *, newest: bool = True) -> list[dict[str, Any]]:
        read = self._client.zrevrange if newest else self._client.zrange
        ids = read(self._keys[state], 0, MOST - 1)
        return [self._job(one.partition(b":")[0]) for one in ids]

    def _job(self, id_: bytes) -> dict[str, Any]:
        name = id_.decode("utf-8", "replace")
        values = self._client.hmget(self._keys["job"] + name, JOB)
        found = dict(zip(JOB, values, strict=True))
        ages = {key: self._age(found[key]) for key in JOB if key.endswith("_at")}
        worker = (found["worker_name"] or b"").decode("utf-8", "replace")
        return {"id": known.first(name, 60), "worker_name": worker, **ages,
                "error": _error(found["exc_info"])}  # fmt: skip

    def _error_of(self, job: dict[str, Any] | None) -> str:
        """What a failed job says: in its hash, or in the newest of its results."""
        if job is None or job["error"]:
            return job["error"] if job else ""
        results = self._client.xrevrange(self._keys["results"] + job["id"], count=1)
        packed = results[0][1].get(b"exc_string", b"") if results else b""
        try:
            return _error(base64.b64decode(packed))
        except ValueError:
            return ""

    def _workers(self) -> dict[str, bool]:
        """Whether each registered worker still has its key, which it renews all the while."""
        found = {}
        for one in self._client.smembers(self._keys["workers"]):
            key = one.decode("utf-8", "replace")
            alive = bool(self._client.exists(key)) and not self._client.hget(key, "death")
            found[key.removeprefix(self._keys["worker"])] = alive
        return found

    def _age(self, time: bytes | None) -> float | None:
        """Seconds since a time; ``None`` where there is none, or it is yet to come."""
        try:
            at = dt.datetime.fromisoformat((time or b"").decode().replace("Z", "+00:00"))
        except (ValueError, UnicodeDecodeError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=dt.timezone.utc)
        age = float(self._now - at.timestamp())
        return None if age < -AHEAD_S else max(0.0, age)


def _error(packed: bytes | None) -> str:
    """The last line of what an exception said."""
    try:
        text = zlib.decompressobj().decompress(packed or b"", 1 << 16)
    except zlib.error:
        text = packed or b""
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return known.first(lines[-1], 300) if lines else ""


ENGINE = Engine(name="rq", model=RqQueue, says="its queue of RQ, in the target's Redis", look=look)
