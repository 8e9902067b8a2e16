"""The rules of what breaks a caller, one case each."""

import copy

import pytest

from serving.http.openapi.compatibility import ContractComparison, OpenApiDocument


def contract(request=None, answer=None, **operation):
    made = {
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": request or {}}},
        },
        "responses": {"200": {"content": {"application/json": {"schema": answer or {}}}}},
        "parameters": [],
    }
    return {"paths": {"/v1/x": {"post": made | operation}}, "components": {"schemas": {}}}


def breaks(before, after):
    return ContractComparison(OpenApiDocument(before), OpenApiDocument(after)).breaks()


def thing(required=(), **fields):
    return {"type": "object", "properties": fields, "required": list(required)}


NUMBER, TEXT = {"type": "number", "minimum": 0, "maximum": 9}, {"type": "string"}
NULL = {"type": "null"}
CHOICE = {"type": "string", "enum": ["a", "b"]}

OPEN = {"type": "string", "x-extensible-enum": ["a", "b"]}


def either(word="oneOf", **kinds):
    """One of several objects, told apart by the constant in `kind`."""
    return {
        word: [
            thing(["kind"], kind={"const": kind, "type": "string"}, **fields)
            for kind, fields in kinds.items()
        ]
    }


A, B, C = {"x": TEXT, "y": TEXT}, {"x": NUMBER}, {"z": TEXT}
OBJECT = thing(["a"], a=TEXT, b=TEXT)

# side, the schema before, the schema after, what it says; nothing where nobody is broken
RULES = [
    ("request", thing(a=TEXT), thing(a=TEXT, b=TEXT), None),
    ("request", thing(a=TEXT), thing(["b"], a=TEXT, b=TEXT), "body.b: is required now"),
    ("request", thing(a=TEXT), thing(["a"], a=TEXT), "body.a: is required now"),
    ("request", thing(["a"], a=TEXT), thing(a=TEXT), None),
    ("request", thing(a=TEXT, b=TEXT), thing(a=TEXT), "body.b: is gone"),
    ("request", thing(a=TEXT), thing(a={"type": "boolean"}), "body.a: no longer takes string"),
    ("request", thing(a={"type": "integer"}), thing(a={"type": "number"}), None),
    (
        "request",
        thing(a={"type": "number"}),
        thing(a={"type": "integer"}),
        "no longer takes number",
    ),
    ("request", thing(a={"anyOf": [TEXT, NULL]}), thing(a=TEXT), "no longer takes null"),
    ("request", thing(a=TEXT), thing(a={"anyOf": [TEXT, NULL]}), None),
    ("request", thing(a=NUMBER), thing(a=NUMBER | {"maximum": 8}), "maximum is 8, was 9"),
    ("request", thing(a=NUMBER), thing(a=NUMBER | {"minimum": 1}), "minimum is 1, was 0"),
    ("request", thing(a=NUMBER), thing(a=NUMBER | {"minimum": -1, "maximum": 10}), None),
    ("request", thing(a=TEXT), thing(a=TEXT | {"maxLength": 5}), "maxLength is 5, was open"),
    ("request", thing(a=TEXT), thing(a=TEXT | {"pattern": "^x"}), "takes another pattern"),
    ("request", thing(a=CHOICE), thing(a=CHOICE | {"enum": ["a"]}), "no longer takes b"),
    ("request", thing(a=CHOICE), thing(a=CHOICE | {"enum": ["a", "b", "c"]}), None),
    ("request", thing(a=TEXT), thing(a=CHOICE), "no longer takes anything else"),
    ("answer", thing(["a"], a=TEXT), thing(["a"], a=TEXT, b=TEXT), None),
    ("answer", thing(a=TEXT, b=TEXT), thing(a=TEXT), "200.b: is gone"),
    ("answer", thing(["a"], a=TEXT), thing(a=TEXT), "200.a: may be missing now"),
    ("answer", thing(a=TEXT), thing(["a"], a=TEXT), None),
    ("answer", thing(a=TEXT), thing(a={"anyOf": [TEXT, NULL]}), "200.a: may be null now"),
    ("answer", thing(a={"anyOf": [TEXT, NULL]}), thing(a=TEXT), None),
    ("answer", thing(a=CHOICE), thing(a=CHOICE | {"enum": ["a"]}), None),
    ("answer", thing(a=CHOICE), thing(a=CHOICE | {"enum": ["a", "b", "c"]}), "may be c now"),
    ("answer", thing(a=CHOICE), thing(a=TEXT), "may be anything now"),
    ("answer", thing(a=NUMBER), thing(a=NUMBER | {"maximum": 8}), None),
    (
        "answer",
        {"type": "array", "items": thing(a=TEXT, b=TEXT)},
        {"type": "array", "items": thing(a=TEXT)},
        "200[].b: is gone",
    ),
    # Enumerations of answers that are declared open may grow.
    ("answer", CHOICE, OPEN, None),
    ("answer", CHOICE, OPEN | {"x-extensible-enum": ["a", "b", "c"]}, "may be c now"),
    ("answer", OPEN, OPEN | {"x-extensible-enum": ["a", "b", "c"]}, None),
    ("answer", OPEN, OPEN | {"x-extensible-enum": ["a"]}, None),
    ("answer", OPEN, CHOICE, None),
    ("answer", OPEN, {"type": "integer"}, "may be integer now"),
    # Each of several alternatives is compared with its own, whatever their order.
    ("request", either(a=A, b=B), either(a=A, b=B), None),
    ("request", either(a=A, b=B), either(b=B, a=A), None),
    ("request", either(a=A, b=B), either(a=A, b=B, c=C), None),
    ("request", either(a=A, b=B), either("anyOf", a=A, b=B, c=C), None),
    ("request", either(a=A, b=B, c=C), either(a=A, b=B), "body: no longer takes kind=c"),
    ("request", either(a=A, b=B), either(a={"x": TEXT}, b=B), "body<kind=a>.y: is gone"),
    (
        "request",
        either(a=A, b=B),
        either(b=B, a=A | {"x": {"type": "boolean"}}),
        "no longer takes string",
    ),
    ("answer", either(a=A, b=B), either(a=A | C, b=B), None),
    ("answer", either(a=A, b=B, c=C), either(a=A, b=B), None),
    ("answer", either(a=A, b=B), either(a=A, b=B, c=C), "200: may now be kind=c"),
    ("answer", either(a=A, b=B), either(b=B, a={"x": TEXT}), "200<kind=a>.y: is gone"),
    ("request", either(a=A, b=B), either(a=A), "body: no longer takes kind=b"),
    # Of an object or null the object counts.
    ("answer", {"anyOf": [OBJECT, NULL]}, {"anyOf": [thing(a=TEXT, b=TEXT), NULL]}, "may be miss"),
    (
        "request",
        {"anyOf": [thing(a=TEXT), NULL]},
        {"anyOf": [thing(["a"], a=TEXT), NULL]},
        "required",
    ),
    (
        "request",
        {"type": "array", "items": either(a=A, b=B)},
        {"type": "array", "items": either(a={"x": TEXT}, b=B)},
        "body[]<kind=a>.y: is gone",
    ),
]


@pytest.mark.parametrize(("side", "before", "after", "said"), RULES)
def test_a_request_may_be_allowed_more_and_an_answer_may_say_more(side, before, after, said):
    found = breaks(contract(**{side: before}), contract(**{side: after}))
    assert (len(found), said or "") == (bool(said), said or "")
    assert said is None or said in found[0]


def test_an_address_and_a_method_stay():
    before, gone, other = contract(), contract(), contract()
    del gone["paths"]["/v1/x"]
    other["paths"]["/v1/x"] = {"put": other["paths"]["/v1/x"]["post"]}
    assert breaks(before, gone) == ["/v1/x: is gone"]
    assert breaks(before, other) == ["POST /v1/x: is gone"]
    assert breaks(gone, before) == []


def parameter(required, kind="string"):
    return {"in": "query", "name": "site", "required": required, "schema": {"type": kind}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([], [parameter(False)], []),
        ([], [parameter(True)], ["POST /v1/x query site: is required now"]),
        ([parameter(False)], [parameter(True)], ["POST /v1/x query site: is required now"]),
        ([parameter(True)], [parameter(False)], []),
        ([parameter(False)], [], ["POST /v1/x query site: is gone"]),
        (
            [parameter(False)],
            [parameter(False, "integer")],
            ["POST /v1/x query site: no longer takes string"],
        ),
    ],
)
def test_parameters_may_come_and_never_be_asked_for_later(before, after, said):
    assert breaks(contract(parameters=before), contract(parameters=after)) == said


def test_a_status_and_a_content_type_of_success_stay_and_problems_may_come():
    before = contract()
    responses = before["paths"]["/v1/x"]["post"]["responses"]
    assert breaks(before, contract(responses=responses | {"418": {}})) == []
    assert breaks(before, contract(responses={"201": {}})) == ["POST /v1/x: no longer answers 200"]
    html = {"200": {"content": {"text/html": {}}}}
    (said,) = breaks(before, contract(responses=html))
    assert said == "POST /v1/x 200: application/json is no longer answered"


def test_a_body_that_was_not_needed_is_not_needed_later():
    after = contract()
    after["paths"]["/v1/x"]["post"]["requestBody"]["required"] = True
    assert breaks(contract(), after) == ["POST /v1/x body: is required now"]


def test_references_are_followed_and_those_that_come_back_end():
    before = contract(answer={"$ref": "#/components/schemas/tree"})
    leaf = thing(["name"], name=TEXT, below={"$ref": "#/components/schemas/tree"})
    before["components"]["schemas"]["tree"] = leaf
    after = copy.deepcopy(before)
    assert breaks(before, after) == []
    after["components"]["schemas"]["tree"]["properties"].pop("name")
    assert breaks(before, after) == ["POST /v1/x 200.name: is gone"]


def test_alternatives_that_come_back_to_themselves_end():
    tree = {"$ref": "#/components/schemas/tree"}
    leaf = thing(["kind"], kind={"const": "leaf"}, name=TEXT)
    node = thing(["kind"], kind={"const": "node"}, below=tree)
    before = contract(request=tree)
    before["components"]["schemas"] |= {"tree": {"oneOf": [leaf, node]}}
    after = copy.deepcopy(before)
    assert breaks(before, after) == []
    after["components"]["schemas"]["tree"]["oneOf"][0]["properties"].pop("name")
    assert breaks(before, after) == ["POST /v1/x body<kind=leaf>.name: is gone"]
