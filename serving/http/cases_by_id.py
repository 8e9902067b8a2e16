"""Cases given by their id alone, completed from the open cases in the profile file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data.contracts.sites import SITE_ID
from serving.auth.caller import Caller
from serving.http.problems import Problem
from serving.tasks.messages import ASKED_AT

CASES = "cases"
FindCase = Callable[[str], str | None]


def complete_cases_by_id(
    body: bytes, reference: Sequence[str], caller: Caller, find: FindCase
) -> bytes | None:
    """Replace each case of a body that states its id alone by the lake's open case of that id.

    Args:
        body: of a request that could not be read as it is.
        reference: columns of the id. A case that states these, `asked_at` and nothing else is
            given by its id.
        caller: who asks; a case of a site that they may not see counts as unknown.
        find: returns the open case of an id, as JSON; None where there is none.

    Returns:
        The body with whole cases; None where no case is given by its id.

    Raises:
        Problem: 422 naming each id that is not an open case of the lake.
    """
    request = _json_object(body)
    cases = request.get(CASES)
    if not isinstance(cases, list):
        return None
    by_id = [place for place, case in enumerate(cases) if _is_id_alone(case, reference)]
    if not by_id:
        return None
    unknown = list[dict[str, Any]]()
    for place in by_id:
        name = "/".join(cases[place][column] for column in reference)
        whole = _open_case(name, caller, find)
        if whole is None:
            takes = "the id of an open case of the lake, or the whole case"
            unknown.append({"field": f"{CASES}[{place}]", "got": json.dumps(name), "takes": takes})
        else:
            cases[place] = {**whole, **cases[place]}
    if unknown:
        noun = "case" if len(unknown) == 1 else "cases"
        raise Problem(422, f"{len(unknown)} {noun} given by id alone are not known", unknown)
    return json.dumps(request).encode()


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_id_alone(case: Any, reference: Sequence[str]) -> bool:
    if not isinstance(case, Mapping) or set(case) - {ASKED_AT} != set(map(str, reference)):
        return False
    return all(isinstance(case[column], str) for column in reference)


def _open_case(name: str, caller: Caller, find: FindCase) -> dict[str, Any] | None:
    text = find(name)
    if text is None:
        return None
    whole: dict[str, Any] = json.loads(text)
    return whole if caller.sees(whole[SITE_ID]) else None
