"""Problem documents (RFC 9457), as the service answers errors."""

from __future__ import annotations

import httpx


def problem_code(response: httpx.Response, status: int) -> str:
    """Return the problem's code, after checking that the response is a well-formed problem."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem["status"] == status
    assert {"type", "title", "code"} <= problem.keys()
    code: str = problem["code"]
    return code
