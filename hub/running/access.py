"""Who may see the dashboard; see `hub.api.port.Identity`."""

from __future__ import annotations

from datetime import datetime

from hub.identity.admin_key import is_key
from hub.storage.access import SqlAccess


class HubIdentity:
    """The admin key and one-time tokens over the database, so that they hold on any worker."""

    def __init__(self, access: SqlAccess) -> None:
        self._access = access

    @property
    def session_secret(self) -> bytes:
        """See Identity."""
        return self._access.session_secret

    def verify_admin_key(self, text: str) -> bool:
        """See Identity."""
        return is_key(text, self._access.admin_key_hash())

    def redeem_login_token(self, token_id: str, expires_at: datetime) -> bool:
        """See Identity."""
        return self._access.redeem(token_id, expires_at)
