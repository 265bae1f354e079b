"""What a step has freed is there for the next one."""

import platform
import subprocess
import sys

import pytest

from tests.local.running import ROOT

# Fills 64 MB again and again, and prints how many pages the system had to bring for it.
FILLING = """
import resource, sys
from ml.training.memory import keep_freed_memory

assert keep_freed_memory()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        block = b"x" * (64 << 20)
        del block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_large_blocks_are_not_handed_back():
    done = subprocess.run(
        [sys.executable, "-c", FILLING], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 100  # by default 80,000, or 160 where pages are huge


def test_elsewhere_nothing_is_done(monkeypatch):
    from ml.training.memory import keep_freed_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
