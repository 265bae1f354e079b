"""``make bench``: how fast Naevus is, as ratios measured side by side in one run.

``python -m tests.bench ingestion`` measures one part alone. Three parts take more:
``parity`` needs a store of real pictures (``--data``), ``training`` takes one where
there is one, and timm's script to be compared with (``--timm-script``); ``gate``
needs a run whose test fold was held out (``--run``, and ``--data`` where its store
has moved).
"""

import argparse
import os
import statistics
import tempfile
from argparse import Namespace
from pathlib import Path

from ml.bundle import DEFAULT
from ml.metrics import Estimate, proportion
from tests.bench.ingestion import measure_ingestion, peak_memory
from tests.bench.latency import measure_latency
from tests.bench.throughput import measure_throughput


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(folder: Path, _: Namespace) -> None:
    """Print how long one person waits."""
    print("From upload to stored result on an idle system, milliseconds")
    print("  part                                                  median      p95")
    for name, values in measure_latency(folder).items():
        print(f"  {name:50} {statistics.median(values):9.1f} {percentile(values, 0.95):8.1f}")


def throughput(folder: Path, _: Namespace) -> None:
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


def ingestion(folder: Path, _: Namespace) -> None:
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


def training(folder: Path, options: Namespace) -> None:
    """Print the training with its pictures against the bare steps, and against timm's script."""
    from tests.bench import training as bench

    store = options.data or bench.made_up_store(folder)
    print(f"Training mobilenetv2_100, {bench.BATCH} pictures a step, bf16, images/s")
    print("  size   round   whole way   ready batches   ratio   waiting for pictures")
    whole = {}
    for size in bench.SIZES:
        rounds = list(bench.measure_training(store, folder / "cache", size))
        for number, one in enumerate(rounds, start=1):
            print(
                f"  {size:4}   {number:5}   {one.whole:9.1f}   {one.ready:13.1f}   "
                f"{one.whole / one.ready:5.2f}   {one.waiting:.1%}"
            )
        whole[size] = statistics.median(one.whole for one in rounds)
        waiting = statistics.median(one.waiting for one in rounds)
        print(f"  {size:4}  median {whole[size]:10.1f}; waiting {waiting:.1%}")
    if not options.timm_script:
        print("  timm's script: skipped, for --timm-script does not say where its train.py is")
        return
    beside_timm(folder, store, options.timm_script, bench.SIZES[0], whole[bench.SIZES[0]])


def beside_timm(folder: Path, store: Path, script: Path, size: int, ours: float) -> None:
    """Print the speed of timm's script at one size."""
    from tests.bench import timm_script

    pictures = timm_script.write_folder(store, folder / "timm", size)
    print(f"  timm's script, {' '.join(timm_script.settings(size, 0))}")
    for workers in timm_script.WORKERS:
        theirs = timm_script.measure_timm(script, pictures, size, workers)
        print(
            f"  timm, {workers} loading: {theirs.pictures_per_second:.1f} images/s, waiting "
            f"{theirs.waiting:.1%}; ours / timm {ours / theirs.pictures_per_second:.2f}"
        )


def parity(folder: Path, options: Namespace) -> None:
    """Print how far apart training and serving are on real pictures."""
    from ml.data.store import Store
    from tests.bench import parity as bench

    if not options.data:
        print("Parity: skipped, for --data does not name a store of real pictures")
        return
    found = bench.measure_parity(Store(options.data), options.bundle, options.pictures, folder)
    print(f"Calibrated probabilities of {len(found.targets)} pictures of the test fold")
    workers = [bench.worker(device) for device in bench.devices()]
    pairs = [(way, one) for one in workers for way in (bench.TRAINING, bench.BETWEEN)]
    print("  difference of                                                    largest      mean")
    for one, other in (*bench.PAIRS, *pairs):
        largest, mean = found.differences(one, other)
        print(f"  {one:30} / {other:30} {largest:8.1e}  {mean:8.1e}")
    for way in found.probabilities:
        value = found.auc(way)
        print(f"  AUC {way:30} {'one class only' if value is None else f'{value:.6f}'}")
    if not found.held_out:
        print("  The bundle was made with other folds: it may have learnt from these pictures.")


def gate(_: Path, options: Namespace) -> None:
    """Print what a bundle refuses, and of how many pictures."""
    from tests.bench import gate as bench

    if not options.run:
        print("What is refused: skipped, for --run does not name the run that held pictures out")
        return
    found = bench.measure_gate(options.bundle, options.run, options.data)
    strangers = sum(found.strangers.values())
    print(f"In-domain gate; {strangers} other pictures, shares with 95 % intervals")
    _shares(found.gate["known_refused"], found.good, "good: ")
    _shares(found.gate["strangers_refused"], found.strangers)
    hits = sum(
        found.gate["strangers_refused"][kind]["value"] * count
        for kind, count in found.strangers.items()
    )
    print(f"  {'all other pictures':50} {strangers:5}  {proportion(round(hits), strangers)}")
    print(f"  AUC, other pictures against good ones: {Estimate(**found.gate['auc'])}")
    print("Quality limits, each on its own")
    for fault, shares in found.quality["known_refused"].items():
        _shares(shares, found.good, f"{fault}: good: ")
        for degree, caught in found.quality["caught"][fault].items():
            told = f"{Estimate(**caught['refused'])}   AUC {Estimate(**caught['auc'])}"
            print(f"  {f'{fault}: {degree}':50}        {told}")


def _shares(shares: dict[str, dict[str, float]], counts: dict[str, int], before: str = "") -> None:
    for name, share in shares.items():
        print(f"  {before + name:50} {counts[name]:5}  {Estimate(**share)}")


# Latency first, because measuring the throughput changes this process's environment.
PARTS = {
    "latency": latency,
    "throughput": throughput,
    "ingestion": ingestion,
    "training": training,
    "parity": parity,
    "gate": gate,
}


def main() -> None:
    """Run the parts named, or all, and print them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--data", type=Path, metavar="STORE", help="real pictures, with folds")
    parser.add_argument("--bundle", type=Path, metavar="DIR", default=DEFAULT)
    parser.add_argument("--run", type=Path, metavar="RUN", help="the run of the bundle")
    parser.add_argument("--pictures", type=int, default=400, help="so many for parity (400)")
    parser.add_argument("--timm-script", type=Path, metavar="FILE", help="timm's train.py")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="naevus-bench-") as folder:
        for name in options.parts or PARTS:
            PARTS[name](Path(folder) / name, options)
            print()


if __name__ == "__main__":
    main()
