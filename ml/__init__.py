"""From dermoscopic pictures to a calibrated probability of melanoma.

The package trains, packs and serves the model. It knows nothing of the web
site, and serving needs only NumPy, Pillow and ONNX Runtime.
"""

__version__ = "0.1.0"
