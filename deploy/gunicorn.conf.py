"""How gunicorn serves the site in its container."""

import os

bind = "0.0.0.0:8000"
# Threads, because a long-poll waits without computing; processes for the
# sanitising of photos, which computes.
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
# Both longer than a long-poll, which is held for up to 25 s.
timeout = 60
graceful_timeout = 30
# The container's file system is read-only; these would be written to it.
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108
