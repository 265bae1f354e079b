"""Writes: accept a photo, delete a photo, clear away files that nobody owns."""

import logging
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from webplatform.accounts.models import User
from webplatform.errors import UserError
from webplatform.photos.models import Photo
from webplatform.photos.sanitise import CleanPhoto, Readable, sanitise
from webplatform.predictions.services import request_prediction

log = logging.getLogger(__name__)

ORPHAN_AGE = timedelta(hours=1)


class IdempotencyConflict(UserError):
    """A key that was used for another photo."""

    code = "idempotency_conflict"
    status = 409
    message = "This Idempotency-Key was already used for a different photo."


def accept_photo(
    *, owner: User, upload: Readable, idempotency_key: str | None = None
) -> tuple[Photo, bool]:
    """Store a photo and queue its prediction; return it and whether it is new.

    The same key with the same bytes gives the photo of the first time, so that
    a phone may send again when it does not know whether it got through.

    Raises ``PhotoRefused`` or ``IdempotencyConflict``; nothing is stored then.
    """
    clean = sanitise(upload)
    if idempotency_key and (photo := _already_accepted(owner, idempotency_key, clean)):
        return photo, False
    photo = Photo(
        owner=owner,
        width=clean.width,
        height=clean.height,
        upload_sha256=clean.upload_sha256,
        idempotency_key=idempotency_key or None,
    )
    # The files go first: a row never points to a file that is not there. When
    # the commit fails in a way that leaves its outcome open, the files stay, and
    # `remove_orphans` takes them if there is no row after all.
    photo.image.save("", ContentFile(clean.image), save=False)
    photo.thumbnail.save("", ContentFile(clean.thumbnail), save=False)
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
            request_prediction(photo)
    except IntegrityError:
        _delete_files(photo)
        # The same upload came twice at the same moment and the other was first.
        if idempotency_key and (first := _already_accepted(owner, idempotency_key, clean)):
            return first, False
        raise
    return photo, True


def _already_accepted(owner: User, key: str, clean: CleanPhoto) -> Photo | None:
    photo = Photo.objects.filter(owner=owner, idempotency_key=key).first()
    if photo and photo.upload_sha256 != clean.upload_sha256:
        raise IdempotencyConflict
    return photo


def delete_photo(photo: Photo) -> None:
    """Delete a photo, its predictions and its files."""
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk).delete()
        transaction.on_commit(lambda: _delete_files(photo))


def delete_person(person: User) -> None:
    """Delete a person with everything of theirs, the photos' files included."""
    with transaction.atomic():
        for photo in Photo.objects.filter(owner=person):
            delete_photo(photo)
        person.delete()


def _delete_files(photo: Photo) -> None:
    for file in (photo.image, photo.thumbnail):
        if file.name:
            try:
                file.storage.delete(file.name)
            except OSError:
                log.exception("a file of photo %s is left to the sweeper", photo.pk)


def remove_orphans() -> int:
    """Delete files without a photo, which a crash may leave; return how many.

    Only files older than ``ORPHAN_AGE`` count: a younger one may belong to an
    upload that is being committed right now.
    """
    removed = 0
    deadline = timezone.now() - ORPHAN_AGE
    owners = default_storage.listdir("photos")[0] if default_storage.exists("photos") else []
    for owner in owners:
        folder = f"photos/{owner}"
        names = {f"{folder}/{name}" for name in default_storage.listdir(folder)[1]}
        old = {name for name in names if default_storage.get_modified_time(name) < deadline}
        owned = Photo.objects.filter(image__startswith=f"{folder}/").values_list(
            "image", "thumbnail"
        )
        for name in old.difference(*owned):
            default_storage.delete(name)
            removed += 1
    return removed
