"""Doorbell in, results out: claim photos, ask the model, write its answers."""

import itertools
import logging
import time
from contextlib import ExitStack

from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from PIL import Image

from ml.predictor import Predictor
from webplatform.predictions import queue
from worker import model, stopping
from worker.app import app

log = logging.getLogger(__name__)

# A drain ends after this long and rings for the next, so that it stays below
# its time limits and a worker that is told to stop does so soon.
DRAIN_S = 20.0
# Every so many claims, one goes to a photo that was tried before.
RETRY_EVERY = 4


@app.task(name="inference.drain", soft_time_limit=60, time_limit=90)
def drain() -> None:
    """Answer queued predictions until none is left or the time is up."""
    stopping.install()
    predictor = model.load()
    deadline = time.monotonic() + DRAIN_S
    for turn in itertools.count(1):
        with stopping.put_off():
            claims = queue.claim(settings.INFERENCE_BATCH, retry=turn % RETRY_EVERY == 0)
            if not claims:
                return
            if turn == 1 and len(claims) == settings.INFERENCE_BATCH:
                queue.wake_a_worker()  # there may be more
            answer(predictor, claims)
        if time.monotonic() > deadline:
            queue.wake_a_worker()
            return


def answer(predictor: Predictor, claims: list[queue.Claim]) -> None:
    """Answer claimed predictions, one by one where the batch as a whole fails."""
    try:
        with ExitStack() as files:
            images = [
                Image.open(files.enter_context(claim.open_image()), formats=["JPEG"])
                for claim in claims
            ]
            answers = predictor.predict_batch(images)
    except SoftTimeLimitExceeded:
        for claim in claims:
            queue.fail(claim, "the analysis took too long")
        raise
    except Exception as error:
        if len(claims) > 1:
            for claim in claims:
                answer(predictor, [claim])
            return
        log.exception("prediction %s failed", claims[0].prediction_id)
        queue.fail(claims[0], f"{type(error).__name__}: {error}")
        return
    for claim, prediction in zip(claims, answers, strict=True):
        queue.complete(claim, prediction, predictor.info)
