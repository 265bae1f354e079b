"""How long one person waits on an idle system, and for what."""

import sqlite3
import time
from pathlib import Path

from tests.conftest import PHOTOS
from tests.local.running import platform

UPLOADS = 60


def measure_latency(var: Path) -> dict[str, list[float]]:
    """Upload photos one after the other; return the milliseconds of each part."""
    parts: dict[str, list[float]] = {
        "upload answered (sanitised, stored, queued)": [],
        "waited in the queue for a worker": [],
        "analysed and written by the worker": [],
        "upload sent to result received by long-poll": [],
    }
    answered, queued, worked, total = parts.values()
    with platform(var) as running:
        authorization = running.log_in()
        running.upload(PHOTOS[0].read_bytes(), authorization)
        time.sleep(5)  # until the model is loaded
        ids = []
        for number in range(UPLOADS):
            photo = PHOTOS[number % len(PHOTOS)].read_bytes()
            began = time.perf_counter()
            prediction = running.upload(photo, authorization)["prediction"]["id"]
            answered.append((time.perf_counter() - began) * 1000)
            url = f"/api/v1/predictions/{prediction}/?wait=20"
            assert running.call("GET", url, Authorization=authorization)["state"] == "ready"
            total.append((time.perf_counter() - began) * 1000)
            ids.append(prediction.replace("-", ""))
        for queue_ms, work_ms in _database_times(var / "naevus.sqlite3", ids):
            queued.append(queue_ms)
            worked.append(work_ms)
    return parts


def _database_times(database: Path, ids: list[str]) -> list[tuple[float, float]]:
    day = 24 * 60 * 60 * 1000
    query = (
        f"SELECT (julianday(claimed_at) - julianday(created_at)) * {day}, "  # noqa: S608
        f"(julianday(finished_at) - julianday(claimed_at)) * {day} "
        f"FROM predictions_prediction WHERE id IN ({','.join('?' * len(ids))})"
    )
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query, ids).fetchall()
    finally:
        connection.close()
