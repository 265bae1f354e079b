"""Everything that is said of how good a run is, from its out-of-fold scores to one page.

``report.make`` gathers the figures, ``page.render`` writes them for people. No
figure is ever measured on what helped to set it, and none is given where there
are too few pictures to say.
"""
