"""``manage.py local``: the whole platform on one machine, until Ctrl-C."""

import os
import shlex
import signal
import socket
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from honcho.manager import Manager
from honcho.printer import Printer

from webplatform.local import broker, demo
from webplatform.predictions import queue


class Command(BaseCommand):
    """Starts broker, worker, sweeper and web server, and stops them all."""

    help = "Start web server, worker, sweeper and broker together; Ctrl-C stops them all."

    def add_arguments(self, parser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)

    def handle(self, *args, port: int, host: str, workers: int, **options) -> None:
        """Prepare the database, then run everything."""
        if settings.PRODUCTION:
            raise CommandError("This is the local set-up. For production, see docker-compose.yml.")
        _check_port(host, port)
        _check_model()
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        demo.ensure_account()
        # Whoever held a lease was stopped with the last run.
        queue.expire_leases()
        # The folder's name is short because a socket's path must be.
        with tempfile.TemporaryDirectory(prefix="naevus-") as folder:
            chosen = broker.choose(Path(folder))
            with chosen.running():
                status = self._run(chosen, host, port, workers)
        sys.exit(status)

    def _run(self, chosen: broker.Broker, host: str, port: int, workers: int) -> int:
        manager = Manager(Printer(sys.stdout))
        env = os.environ | {"BROKER_URL": chosen.url, "PYTHONUNBUFFERED": "1"}
        python = shlex.quote(sys.executable)
        manager.add_process(
            "worker",
            f"exec {python} -m celery --quiet -A worker.app worker --concurrency {workers} "
            "--queues default --loglevel info --without-mingle --without-gossip",
            env=env | {"DJANGO_SETTINGS_MODULE": "worker.settings"},
        )
        manager.add_process("sweeper", f"exec {python} manage.py sweep --every 10", env=env)
        manager.add_process(
            "web",
            f"exec {python} -m gunicorn --bind {host}:{port} --threads 16 --no-control-socket "
            "--timeout 60 --log-level warning webplatform.config.wsgi",
            env=env,
        )
        # A closed terminal stops everything as Ctrl-C does.
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        self.stdout.write(
            f"\n  Naevus       http://{host}:{port}\n"
            f"  Log in       {demo.EMAIL}   password  {demo.PASSWORD}\n"
            f"  Admin        http://{host}:{port}/admin/   (the same log-in)\n"
            f"  API          http://{host}:{port}/api/docs/\n"
            f"  Broker       {chosen.name}\n"
            f"  Data         {settings.VAR_DIR}\n"
            "  Stop         Ctrl-C\n\n"
        )
        self.stdout.flush()
        manager.loop()
        stopped_by_hand = manager.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
        return 0 if stopped_by_hand else manager.returncode or 1


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}). Stop what uses it, or "
                f"choose another: make run PORT={port + 1}"
            ) from error


def _check_model() -> None:
    if not (Path(settings.MODEL_BUNDLE) / "bundle.json").exists():
        raise CommandError(f"There is no model bundle in {settings.MODEL_BUNDLE}.")
