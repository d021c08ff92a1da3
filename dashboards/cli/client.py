"""Talks to `tenken serve`: one request, one answer, every refusal as one clear line."""

from __future__ import annotations

from typing import Any

import httpx

from plugins.value import value

TIMEOUT_S = 30.0
"""Seconds for one request."""


class RefusedError(Exception):
    """The server refused, could not be reached, or is none of ours."""

    def __init__(self, server: str, reason: str, status: int = 0) -> None:
        super().__init__(server, reason, status)
        self.server, self.reason, self.status = server, reason, status

    def __str__(self) -> str:
        return f"{self.server}: {self.reason}"


@value
class Connection:
    """Where the server is and who asks."""

    url: str
    """Such as http://127.0.0.1:8731."""
    token: str
    """Token of the review body or of an operator."""

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON is untyped
        """Read; raises `RefusedError`."""
        return self._ask("GET", path)

    def post(self, path: str, form: object = None, document: bytes | None = None) -> Any:  # noqa: ANN401 - same
        """Send a form as JSON, or a document as it is; raises `RefusedError`."""
        return self._ask("POST", path, form, document)

    def _ask(self, method: str, path: str, form: object = None, document: bytes | None = None) -> Any:  # noqa: ANN401 - same
        try:
            response = httpx.request(
                method,
                self.url.rstrip("/") + path,
                headers={"authorization": f"Bearer {self.token}"},
                json=form,
                content=document,
                timeout=TIMEOUT_S,
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            reason = f"cannot be reached ({type(error).__name__}: {error}); is `tenken serve` running there?"
            raise RefusedError(self.url, reason) from None
        return self._answer(response)

    def _answer(self, response: httpx.Response) -> Any:  # noqa: ANN401 - same
        try:
            body = response.json()
        except ValueError:
            raise RefusedError(
                self.url, f"answered {response.status_code} without JSON; is it `tenken serve`?"
            ) from None
        if response.is_success:
            return body
        detail = body.get("detail", "no reason given") if isinstance(body, dict) else "no reason given"
        remedy = body.get("remedy", "") if isinstance(body, dict) else ""
        told = f"{detail}; {remedy}" if remedy and remedy not in detail else detail
        raise RefusedError(self.url, f"refused ({response.status_code}): {told}", response.status_code)
