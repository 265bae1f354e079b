"""Celery: the doorbell between the web site and the workers.

The queue of record is the table of predictions, so a message carries no data
and may be lost or come twice. The values below follow from that.
"""

import environ

env = environ.Env()

CELERY_BROKER_URL = env.str("BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# The prediction's row is the result.
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
# A message that killed its worker is not handed on: the row counts attempts,
# the broker would loop.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Only the prefork pool honours time limits.
CELERY_WORKER_POOL = "prefork"
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
# Loading a model in a replaced child may take long; the default of 4 s would
# put the pool into an endless restart.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 5
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the hard time limit, or a running message comes a second time.
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 30,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}

# The queue that new predictions ring: "default" for CPU workers, "gpu" to keep
# the network on the GPU nodes.
INFERENCE_QUEUE = env.str("INFERENCE_QUEUE", "default")
# How many photos a worker claims at once. A batch brings nothing on a CPU and
# everything on a GPU.
INFERENCE_BATCH = env.int("INFERENCE_BATCH", 4)
INFERENCE_DEVICE = env.str("INFERENCE_DEVICE", "auto")
