"""Learning: from a store and a recipe to a run folder with weights and scores.

``recipe`` says everything that decides what comes out; ``preparation`` reads
pictures and first weights, ``distillation`` what teachers say, ``metadata`` what
is known of people, ``batches`` and ``augmentation`` make what the network sees
at a step, ``trainer`` takes the step, ``loop`` stops and goes on, ``history``
shows how it went, ``memory`` makes steps on a CPU faster. Whatever is random at
a step depends on the recipe's seed and the number of the step alone, so there is
no random state to save and a run can go on at any step.
"""
