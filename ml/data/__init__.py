"""Data: from other people's archives to a store that one can train on.

The way of the data, a module each: ``kaggle`` and ``fetch`` get an archive
whole; ``presets`` declare the known collections, ``tables`` read their labels,
``archives`` find and read their pictures, ``reduction`` makes these small,
``shards`` and ``journal`` write them so that a kill costs nothing, ``ingestion``
drives all that and ``store`` reads what came of it; ``duplicates`` and ``audit``
look for leaks, ``cleaning`` takes them out, ``folds`` splits what is left and
``samples`` hands it to training.
"""
