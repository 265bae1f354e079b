"""What the tests of learning share."""

import pytest


@pytest.fixture
def one_thread():
    """Compute on one thread: small networks gain nothing from more.

    On a busy machine the threads of a small step spend most of the time waiting
    for each other, and burn it.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
