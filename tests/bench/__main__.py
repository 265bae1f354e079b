"""``make bench``: how fast Naevus is, as ratios measured side by side in one run.

``python -m tests.bench ingestion`` measures one part alone.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench.ingestion import measure_ingestion, peak_memory
from tests.bench.latency import measure_latency
from tests.bench.throughput import measure_throughput


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(folder: Path) -> None:
    """Print how long one person waits."""
    print("From upload to stored result on an idle system, milliseconds")
    print("  part                                                  median      p95")
    for name, values in measure_latency(folder).items():
        print(f"  {name:50} {statistics.median(values):9.1f} {percentile(values, 0.95):8.1f}")


def throughput(folder: Path) -> None:
    """Print the worker against the bare engine."""
    cores = os.cpu_count() or 1
    print(f"Worker against the bare engine, {cores} processes each, the same stored photos")
    print("  round   worker images/s   engine images/s   ratio")
    rounds = []
    for number, one in enumerate(measure_throughput(folder, cores), start=1):
        rounds.append(one)
        print(f"  {number:5}   {one.worker:15.1f}   {one.engine:15.1f}   {one.ratio:5.2f}")
    ratio = statistics.median(one.ratio for one in rounds)
    print(f"  worker / bare engine, median: {ratio:.2f}")


def ingestion(folder: Path) -> None:
    """Print ``ingest`` against the straightforward way and bare decoding and encoding."""
    print(
        f"Ingest, {os.cpu_count()} processes each, 256-pixel squares, images/s (best of 3 rounds)"
    )
    print("  pictures        ingest   straightforward   ratio       bare   ratio")
    for width, height, count in ((6000, 4000, 200), (600, 450, 8000), (256, 256, 16000)):
        rounds = measure_ingestion(folder / f"{width}", width, height, count)
        best = [max(getattr(r, n) for r in rounds) for n in ("ingest", "straightforward", "bare")]
        print(
            f"  {width:4} x {height:<4} {best[0]:10.0f} {best[1]:17.0f} {best[0] / best[1]:7.2f} "
            f"{best[2]:10.0f} {best[0] / best[2]:7.2f}"
        )
    for count in (3000, 30000):
        most = peak_memory(folder / f"memory-{count}", count)
        print(f"  peak memory at {count:6,} pictures of 600 x 450: {most:.0f} MB")


# Latency first, because measuring the throughput changes this process's environment.
PARTS = {"latency": latency, "throughput": throughput, "ingestion": ingestion}


def main(names: list[str]) -> None:
    """Run the parts named, or all, and print them."""
    with tempfile.TemporaryDirectory(prefix="naevus-bench-") as folder:
        for name in names or PARTS:
            PARTS[name](Path(folder) / name)
            print()


if __name__ == "__main__":
    main(sys.argv[1:])
