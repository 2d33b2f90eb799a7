"""What holds for all tests: Hypothesis looks for wrong answers, not for slow ones.

A busy machine makes any example late; a test that must be quick measures so itself.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
