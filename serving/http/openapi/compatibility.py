"""Contract compatibility: list what a new OpenAPI document breaks for callers of the released one.

A request may be allowed more, an answer may say more; never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
LOWER_LIMITS = ("minimum", "minLength", "minItems", "exclusiveMinimum")
UPPER_LIMITS = ("maximum", "maxLength", "maxItems", "exclusiveMaximum")


class Side(StrEnum):
    """Who writes what a schema describes."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True)
class OpenApiDocument:
    """An OpenAPI document whose references can be followed."""

    document: Json

    def at(self, schema: Json) -> Json:
        """The schema itself where it is a reference."""
        while "$ref" in schema:
            found: Any = self.document
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


@dataclass(frozen=True)
class ContractComparison:
    """The contract as it was and as it would be."""

    before: OpenApiDocument
    after: OpenApiDocument

    def breaks(self) -> list[str]:
        """One line for each thing that would break a caller; empty if nothing would."""
        return list(dict.fromkeys(self._paths()))

    def _paths(self) -> Iterator[str]:
        for path, methods in self.before.document["paths"].items():
            now = self.after.document["paths"].get(path)
            if now is None:
                yield f"{path}: is gone"
                continue
            for method in METHODS:
                if method in methods and method not in now:
                    yield f"{method.upper()} {path}: is gone"
                elif method in methods:
                    at = f"{method.upper()} {path}"
                    yield from self._operation(at, methods[method], now[method])

    def _operation(self, at: str, was: Json, now: Json) -> Iterator[str]:
        yield from self._parameters(at, was, now)
        yield from self._bodies(at, was.get("requestBody", {}), now.get("requestBody", {}))
        for status, answer in was["responses"].items():
            if not status.startswith("2"):
                continue  # problems are one type, and new ones may come
            if status not in now["responses"]:
                yield f"{at}: no longer answers {status}"
                continue
            yield from self._contents(f"{at} {status}", answer, now["responses"][status])

    def _parameters(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in was.get("parameters", ())}
        for one in now.get("parameters", ()):
            name, old = f"{at} {one['in']} {one['name']}", before.get((one["in"], one["name"]))
            if one.get("required") and not (old and old.get("required")):
                yield f"{name}: is required now"
            if old is not None:
                yield from self._schema(name, old["schema"], one["schema"], Side.REQUEST)
        there = {(one["in"], one["name"]) for one in now.get("parameters", ())}
        for place, name in before.keys() - there:
            yield f"{at} {place} {name}: is gone"

    def _bodies(self, at: str, was: Json, now: Json) -> Iterator[str]:
        if now.get("required") and not was.get("required"):
            yield f"{at} body: is required now"
        for kind, content in was.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{at} body: {kind} is no longer taken"
                continue
            new = now["content"][kind]
            yield from self._schema(f"{at} body", content["schema"], new["schema"], Side.REQUEST)

    def _contents(self, at: str, was: Json, now: Json) -> Iterator[str]:
        for kind, content in was.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{at}: {kind} is no longer answered"
                continue
            old, new = content.get("schema", {}), now["content"][kind].get("schema", {})
            yield from self._schema(at, old, new, Side.ANSWER)

    def _schema(self, at: str, was: Json, now: Json, side: Side) -> Iterator[str]:
        yield from SchemaComparison(self.before, self.after, side).compared(at, was, now, ())


@dataclass(frozen=True)
class SchemaComparison:
    """Schemas of one side, compared. What may only shrink in answers may only grow in requests."""

    before: OpenApiDocument
    after: OpenApiDocument
    side: Side

    def compared(self, at: str, was: Json, now: Json, seen: tuple[str, ...]) -> Iterator[str]:
        """What breaks between two schemas. seen: references on the way here."""
        reference = str(was.get("$ref", ""))
        if reference and reference in seen:
            return
        way = (*seen, reference)
        old, new = self.before.at(was), self.after.at(now)
        yield from self._kinds(at, old, new)
        yield from self._choices(at, old, new)
        yield from self._limits(at, old, new)
        yield from self._fields(at, old, new, way)
        if "items" in old and "items" in new:
            yield from self.compared(f"{at}[]", old["items"], new["items"], way)

    def _kinds(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before, after = json_types(self.before, was), json_types(self.after, now)
        if self.side is Side.REQUEST and (lost := before - after):
            yield f"{at}: no longer takes {', '.join(sorted(lost))}"
        if self.side is Side.ANSWER and (new := after - before):
            yield f"{at}: may be {', '.join(sorted(new))} now"

    def _choices(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before, after = allowed_values(self.before, was), allowed_values(self.after, now)
        if self.side is Side.REQUEST and after is not None:
            lost = ["anything else"] if before is None else sorted(before - after)
            if lost:
                yield f"{at}: no longer takes {', '.join(lost)}"
        if self.side is Side.ANSWER and before is not None:
            new = ["anything"] if after is None else sorted(after - before)
            if new:
                yield f"{at}: may be {', '.join(new)} now"

    def _limits(self, at: str, was: Json, now: Json) -> Iterator[str]:
        if self.side is Side.ANSWER:
            return
        old, new = value_limits(self.before, was), value_limits(self.after, now)
        for name in (*LOWER_LIMITS, *UPPER_LIMITS):
            if name not in new:
                continue
            tighter = new[name] > old[name] if name in LOWER_LIMITS and name in old else None
            if tighter is None:
                tighter = name not in old or new[name] < old[name]
            if tighter:
                yield f"{at}: {name} is {new[name]:g}, was {old.get(name, 'open')}"
        if "pattern" in new and new["pattern"] != old.get("pattern"):
            yield f"{at}: takes another pattern"

    def _fields(self, at: str, was: Json, now: Json, way: tuple[str, ...]) -> Iterator[str]:
        old, new = object_fields(self.before, was), object_fields(self.after, now)
        for name in old.keys() & new.keys():
            yield from self.compared(f"{at}.{name}", old[name], new[name], way)
        if old:
            yield from (f"{at}.{name}: is gone" for name in sorted(old.keys() - new.keys()))
        required, now_required = set(was.get("required", ())), set(now.get("required", ()))
        if self.side is Side.REQUEST and was.get("properties"):
            yield from (f"{at}.{n}: is required now" for n in sorted(now_required - required))
        if self.side is Side.ANSWER and now.get("properties"):
            lost = sorted((required - now_required) & new.keys())
            yield from (f"{at}.{n}: may be missing now" for n in lost)


def schema_branches(contract: OpenApiDocument, schema: Json) -> list[Json]:
    """The schemas any of which may hold; the schema itself where there is one."""
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [b for one in schema[word] for b in schema_branches(contract, contract.at(one))]
    return [schema]


def json_types(contract: OpenApiDocument, schema: Json) -> set[str]:
    """JSON types that it allows; "number" allows integers too. Empty schemas allow any."""
    found: set[str] = set()
    for one in schema_branches(contract, schema):
        kind = one.get("type", "object" if "properties" in one else None)
        match kind:
            case None:
                found |= {"string"} if "const" in one or "enum" in one else {"anything"}
            case list():
                found |= set(kind)
            case _:
                found.add(kind)
    return found | ({"integer"} if "number" in found else set())


def allowed_values(contract: OpenApiDocument, schema: Json) -> set[str] | None:
    """The values it allows; None where it allows any."""
    found: set[str] = set()
    for one in schema_branches(contract, schema):
        if one.get("type") == "null":
            continue
        if "enum" not in one and "const" not in one:
            return None
        found |= set(map(str, one.get("enum", [one.get("const")])))
    return found


def value_limits(contract: OpenApiDocument, schema: Json) -> Json:
    """The limits of its one kind of value besides null; none where there are several."""
    real = [one for one in schema_branches(contract, schema) if one.get("type") != "null"]
    return real[0] if len(real) == 1 else {}


def object_fields(contract: OpenApiDocument, schema: Json) -> dict[str, Json]:
    """The fields of the objects that it allows."""
    found: dict[str, Json] = {}
    for one in schema_branches(contract, schema):
        found |= one.get("properties", {})
    return found
