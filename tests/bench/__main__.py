"""``make bench``: how fast Naevus is, as ratios measured side by side in one run."""

import os
import statistics
import tempfile
from pathlib import Path

from tests.bench.latency import measure_latency
from tests.bench.throughput import measure_throughput


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    """Run both measurements and print them."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="naevus-bench-") as folder:
        # First, because the other one changes this process's environment.
        parts = measure_latency(Path(folder) / "l")
        print("From upload to stored result on an idle system, milliseconds")
        print("  part                                                  median      p95")
        for name, values in parts.items():
            print(f"  {name:50} {statistics.median(values):9.1f} {percentile(values, 0.95):8.1f}")
        print()

        print(f"Worker against the bare engine, {cores} processes each, the same stored photos")
        print("  round   worker images/s   engine images/s   ratio")
        rounds = []
        for number, one in enumerate(measure_throughput(Path(folder) / "t", cores), start=1):
            rounds.append(one)
            print(f"  {number:5}   {one.worker:15.1f}   {one.engine:15.1f}   {one.ratio:5.2f}")
        ratio = statistics.median(one.ratio for one in rounds)
        print(f"  worker / bare engine, median: {ratio:.2f}")


if __name__ == "__main__":
    main()
