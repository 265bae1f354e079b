"""What docker-compose.yml, the Dockerfile and nginx promise each other and the operator."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from webplatform.api.problems import problem
from webplatform.photos.body_limit import MAX_BODY_BYTES
from webplatform.photos.sanitise import TooManyBytes

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

ONE_SHOT = {"migrate"}
OURS = {"migrate", "web", "sweeper", "worker", "worker-gpu", "nginx"}
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?][^}]*)?\}")


def strings(value) -> list[str]:
    """Return every string in a piece of YAML."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def options(command: list[str]) -> dict[str, str]:
    """Return the ``--name value`` pairs of a command."""
    return {
        name.removeprefix("--"): value for name, value in pairwise(command) if name.startswith("--")
    }


def networks(service: str) -> set[str]:
    """Return the networks of a service."""
    return set(SERVICES[service]["networks"])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_every_service_says_whether_it_is_well_and_comes_back(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_migration_runs_once_and_the_others_wait_for_it():
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web", "sweeper", "worker", "worker-gpu"):
        wait = SERVICES[name]["depends_on"]["migrate"]["condition"]
        assert wait == "service_completed_successfully"


def test_no_secret_stands_in_a_file():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|AUTH$", name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name
    for text in strings(SERVICES):
        for password in re.findall(r"://\w*:(.+)@", text):
            assert password.startswith("${"), text
    assert options(SERVICES["broker"]["command"])["requirepass"].startswith("${")
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "BROKER_PASSWORD", "ALLOWED_HOSTS"):
        assert re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE)
        used = [text for text in strings(SERVICES) if f"${{{name}" in text]
        assert used
        assert all(f"${{{name}:?" in text for text in used), "it must not default to nothing"


def test_every_variable_is_explained_in_the_example():
    used = {match[0] for text in strings(SERVICES) for match in VARIABLE.findall(text)}
    explained = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert used == explained - {"COMPOSE_PROJECT_NAME"}


def test_the_broker_forgets_nothing_and_the_cache_may():
    broker = options(SERVICES["broker"]["command"])
    assert broker["appendonly"] == "yes"
    assert broker["appendfsync"] == "everysec"
    assert broker["maxmemory-policy"] == "noeviction"
    assert any(volume.startswith("broker:") for volume in SERVICES["broker"]["volumes"])
    cache = options(SERVICES["cache"]["command"])
    assert cache["appendonly"] == "no"
    assert cache["maxmemory-policy"] == "allkeys-lru"
    assert "volumes" not in SERVICES["cache"]


def test_only_nginx_can_be_reached_from_outside():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"nginx"}
    assert SERVICES["nginx"]["ports"] == ["${BIND_ADDRESS:-127.0.0.1}:${PORT:-8080}:8080"]
    assert COMPOSE["networks"]["backend"]["internal"] is True
    assert networks("nginx") == {"edge"}
    for name in ("db", "broker", "cache", "worker", "worker-gpu", "sweeper", "migrate"):
        assert networks(name) == {"backend"}


def test_a_worker_gets_no_key_of_the_site_and_no_photo_to_change():
    needed = {"NAEVUS_MODE", "DATABASE_URL", "BROKER_URL", "WORKER_QUEUES", "MODEL_BUNDLE"}
    needed |= {"INFERENCE_QUEUE"}  # a worker rings for others
    assert set(SERVICES["worker"]["environment"]) == needed | {"WORKER_CONCURRENCY"}
    assert set(SERVICES["worker-gpu"]["environment"]) == needed
    for name in ("worker", "worker-gpu", "nginx"):
        assert "media:/var/lib/naevus/media:ro" in SERVICES[name]["volumes"]
        assert all(volume.endswith(":ro") for volume in SERVICES[name]["volumes"])
    assert "environment" not in SERVICES["nginx"]


def test_a_worker_may_end_what_it_has_begun(settings):
    grace = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace > settings.CELERY_TASK_TIME_LIMIT
    assert SERVICES["worker-gpu"]["stop_grace_period"] == SERVICES["worker"]["stop_grace_period"]


def test_the_gpu_is_asked_for_only_by_its_profile():
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    (device,) = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert "deploy" not in SERVICES["worker"]
    assert "profiles" not in SERVICES["worker"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_own_containers_are_locked(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    target = service["image"].removeprefix("naevus-").split(":")[0]
    stage = re.search(rf"^FROM \S+ AS {target}\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.M | re.S)
    assert stage
    assert re.search(r"^USER (naevus|nginx)$", stage[1], re.M)


def test_the_images_are_built_under_the_names_that_run():
    for name in ("web", "worker", "worker-gpu", "nginx"):
        assert SERVICES[name]["build"] == {"context": ".", "target": name}
        assert SERVICES[name]["image"] == f"naevus-{name}:${{NAEVUS_VERSION:-latest}}"
    for name in ("migrate", "sweeper"):
        assert SERVICES[name]["image"] == SERVICES["web"]["image"]


def test_the_cpu_worker_has_no_torch():
    stage = re.search(r"^FROM base AS worker\n(.*?)^FROM", DOCKERFILE, re.M | re.S)
    assert stage
    assert "worker-gpu.txt" not in stage[1]
    for line in ("worker.txt", "base.txt"):
        assert "torch" not in (ROOT / "requirements" / line).read_text().split()


def test_photos_are_served_only_on_the_site_s_word():
    prefix = SERVICES["web"]["environment"]["ACCEL_REDIRECT_PREFIX"]
    locations = dict(re.findall(r"^        location (\S+) \{\n(.*?)^        }", NGINX, re.M | re.S))
    assert re.search(r"^\s*internal;$", locations[prefix], re.M)
    public = [body for name, body in locations.items() if name != prefix]
    assert public
    assert not any("/var/lib/naevus" in body for body in public)


def test_nginx_refuses_large_bodies_as_the_site_does():
    limit = re.search(r"client_max_body_size (\d+)m;", NGINX)
    assert limit
    assert int(limit[1]) * 1024 * 1024 == MAX_BODY_BYTES
    errors = ROOT / "deploy" / "nginx" / "errors"
    answer = json.loads((errors / "413.json").read_text())
    expected = problem(413, TooManyBytes.code, TooManyBytes.message)
    # Newer versions of Python call this status "Content Too Large".
    assert {**answer, "title": ""} == {**expected, "title": ""}
    assert TooManyBytes.message in (errors / "413.html").read_text()


def test_nothing_private_is_sent_to_the_image_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        word.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE.replace("\\\n", ""), re.M)
        for word in line.split()
    }
    assert {path.split("/")[0] for path in allowed} == copied
