"""The state that most tests start from."""

from __future__ import annotations

import pytest

from tests.view.samples import make_series, open_state
from viewer_py.view.state import ViewerState


@pytest.fixture
def state() -> ViewerState:
    """A CT of 20 frames and an MR of 5, the CT open on its middle frame."""
    return open_state(make_series(), make_series("b", frames=5, modality="MR"))
