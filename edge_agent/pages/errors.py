"""PageError                the page cannot be served
├── PageTokenWeak        the secret of the installation could be guessed: make a longer one
└── PageAssetsMissing    scripts or fonts were never fetched: ./dev setup, or install the wheel
"""

from __future__ import annotations

from edge_agent.errors import EdgeAgentError


class PageError(EdgeAgentError):
    """The page cannot be served; the message says why and what to do."""


class PageTokenWeak(PageError):
    """The secret of the installation could be guessed."""


class PageAssetsMissing(PageError):
    """Files that the page is made of are not there."""
