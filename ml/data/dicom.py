"""The picture inside a DICOM file.

The competition's DICOM files wrap the very JPEG that lies in ``jpeg/``. It is
taken out as it is, without decoding; so both have one SHA-256 and the same
pixels. Everything else is decoded by pydicom.
"""

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit

JPEG = {JPEGBaseline8Bit, JPEGExtended12Bit}


def picture(data: bytes) -> bytes:
    """Return the first frame of a DICOM file as a JPEG or PNG file.

    Raises ``OSError`` where there is none, or none that can be decoded.
    """
    try:
        return _first_frame(dcmread(BytesIO(data)))
    except Exception as error:  # what a damaged file makes pydicom raise is anybody's guess
        raise OSError(f"no picture to be had from the DICOM file: {error}") from error


def _first_frame(dataset: Dataset) -> bytes:
    if dataset.file_meta.TransferSyntaxUID in JPEG:
        # DICOM pads a frame to an even length, which is no part of the JPEG.
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
        return frame[: frame.rindex(b"\xff\xd9") + 2]
    pixels = pixel_array(dataset, index=0)  # converted to RGB
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels of {pixels.dtype}, not of 8 bits")
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()
