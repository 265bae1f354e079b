"""``python -m worker.health``: exit 0 if this host's worker does its work."""

import sys
import time

from worker import heartbeat


def main() -> int:
    """Print the age of the last heartbeat; return 1 if it is too old."""
    try:
        age = time.time() - heartbeat.stamp_path().stat().st_mtime
    except FileNotFoundError:
        print("no heartbeat yet", file=sys.stderr)
        return 1
    print(f"last heartbeat {age:.0f} s ago", file=sys.stderr)
    return int(age > heartbeat.STALE_S)


if __name__ == "__main__":
    sys.exit(main())
