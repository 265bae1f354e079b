# The images of Naevus, one target each:
#   web         the site (gunicorn); also migrates and sweeps
#   nginx       the front door: static files, private photos, everything else to web
#   worker      analyses photos on the CPU with ONNX Runtime; no torch
#   worker-gpu  analyses photos on an NVIDIA GPU with torch
# docker-compose.yml builds and runs them. Every Python package comes as a
# wheel, so that no image needs a compiler, not even for a moment.

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    NAEVUS_VAR=/var/lib/naevus \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app
# A fixed number, because the photos on the volume belong to it. The folder is
# made here because a new volume takes its owner from the image.
RUN groupadd --system --gid 10001 naevus \
    && useradd --system --uid 10001 --gid naevus --no-create-home --shell /usr/sbin/nologin naevus \
    && mkdir -p /var/lib/naevus/media \
    && chown -R naevus:naevus /var/lib/naevus


FROM base AS web
# Only the lists first: a change of code must not install everything again.
COPY requirements/constraints.txt requirements/base.txt requirements/web.txt requirements/
RUN pip install --no-cache-dir --only-binary :all: -r requirements/web.txt
COPY manage.py ./
COPY deploy/gunicorn.conf.py deploy/
COPY ml ml
COPY webplatform webplatform
# Readable for everybody, whatever the umask of whoever checked this out.
RUN chmod -R a+rX .
# Production settings give static files names that change with their content.
# The values are needed to start and are not kept in the image.
RUN NAEVUS_MODE=production SECRET_KEY=not-kept ALLOWED_HOSTS=not-kept DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --noinput
USER naevus
EXPOSE 8000
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "webplatform.config.wsgi"]


FROM nginx:1.28-bookworm AS nginx
# The same owner as in `base`, whichever container is the first to mount the volume.
RUN mkdir -p /var/lib/naevus/media && chown -R 10001:10001 /var/lib/naevus
COPY deploy/nginx/nginx.conf /etc/nginx/nginx.conf
COPY deploy/nginx/errors /srv/errors
COPY --from=web /app/staticfiles /srv/static
RUN chmod -R a+rX /srv /etc/nginx/nginx.conf
USER nginx
EXPOSE 8080
# nginx itself, past the image's start script, which edits files that are read-only here.
ENTRYPOINT ["nginx", "-g", "daemon off;"]
CMD []


FROM base AS worker
COPY requirements/constraints.txt requirements/base.txt requirements/worker.txt requirements/
RUN pip install --no-cache-dir --only-binary :all: -r requirements/worker.txt
COPY deploy/worker.sh deploy/
COPY ml ml
COPY webplatform webplatform
COPY worker worker
RUN chmod -R a+rX .
USER naevus
CMD ["sh", "deploy/worker.sh"]


FROM base AS worker-gpu
COPY requirements/constraints.txt requirements/base.txt requirements/worker.txt \
     requirements/worker-gpu.txt requirements/
RUN pip install --no-cache-dir --only-binary :all: -r requirements/worker-gpu.txt
COPY deploy/worker.sh deploy/
COPY ml ml
COPY webplatform webplatform
COPY worker worker
RUN chmod -R a+rX .
USER naevus
# A GPU wants one process and large batches.
ENV WORKER_CONCURRENCY=1 INFERENCE_BATCH=32
CMD ["sh", "deploy/worker.sh"]
