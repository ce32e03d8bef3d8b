"""Telling the platform of one examination, over HTTPS: OAuth 2.0 or mutual TLS, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

import requests
from pydantic import BaseModel, StringConstraints, ValidationError

from server.master_index.platform_file import Platform

PATIENCE = (5.0, 30.0)  # seconds to connect, and for the answer
LONGEST_ANSWER = 64 * 1024
IndexText = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")
]
_PASSING = frozenset({401, 403, 408, 425, 429})


class PlatformUnavailableError(ConnectionError):
    """The platform does not answer, or not as agreed; a later try may succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PlatformRefusedError(RuntimeError):
    """The platform refuses for good."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Answer(BaseModel):
    entry_id: str
    master_index: IndexText


class _Token(BaseModel):
    access_token: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class PlatformClient:
    """One platform, asked in a row; its token is fetched once."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._token = ""

    def tell(self, entry_id: str, facts: Mapping[str, str]) -> str | None:
        """Send an entry; return the unique index, None where the platform sends it later.

        An entry that is sent again carries the same `Idempotency-Key`. Raises
        PlatformUnavailableError, PlatformRefusedError.
        """
        headers = {"Idempotency-Key": entry_id, **self._authorization()}
        answer = self._post(self._platform.url, headers, json=dict(facts))
        if answer.status_code == HTTPStatus.ACCEPTED:
            return None
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            self._token = ""
            if 400 <= answer.status_code < 500 and answer.status_code not in _PASSING:
                raise PlatformRefusedError(f"status_{answer.status_code}")
            raise PlatformUnavailableError(f"status_{answer.status_code}")
        try:
            said = _Answer.model_validate_json(answer.content)
        except ValidationError:
            raise PlatformUnavailableError("answer_malformed") from None
        if said.entry_id != entry_id:
            raise PlatformUnavailableError("answer_to_another_entry")
        return said.master_index

    def _authorization(self) -> dict[str, str]:
        oauth2 = self._platform.oauth2
        if oauth2 is None:
            return {}
        if not self._token:
            form = {"grant_type": "client_credentials"}
            if oauth2.scope:
                form["scope"] = oauth2.scope
            credentials = (oauth2.client_id, oauth2.client_secret)
            answer = self._post(oauth2.token_url, {}, data=form, auth=credentials)
            try:
                self._token = _Token.model_validate_json(answer.content).access_token
            except ValidationError:
                raise PlatformUnavailableError(f"no_token_{answer.status_code}") from None
        return {"Authorization": f"Bearer {self._token}"}

    def _post(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        json: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> requests.Response:
        try:
            answer = requests.post(
                url,
                headers=dict(headers),
                json=json,
                data=data,
                auth=auth,
                cert=self._platform.certificate,
                verify=self._platform.authorities or True,
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise PlatformUnavailableError(type(error).__name__) from None
        if len(answer.content) > LONGEST_ANSWER:
            raise PlatformUnavailableError("answer_too_long")
        return answer
