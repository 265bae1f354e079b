#!/bin/sh
# Starts Celery in a worker's container.
set -eu

# The settings ask for these two. A worker signs nothing and answers no host, so
# it gets a key that nobody else knows instead of the site's.
SECRET_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
ALLOWED_HOSTS=localhost
export SECRET_KEY ALLOWED_HOSTS

# On a CPU one process a core is fastest. Prefork is the only pool that honours
# time limits.
exec celery --app worker.app worker \
    --pool prefork \
    --concurrency "${WORKER_CONCURRENCY:-$(nproc)}" \
    --queues "${WORKER_QUEUES:-default}" \
    --without-gossip --without-mingle \
    --loglevel INFO
