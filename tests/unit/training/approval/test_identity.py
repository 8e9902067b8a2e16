"""Identity of the acting person: a name, a token that proves it, or an error."""

import hashlib
import tomllib

import pytest
from pydantic import SecretStr

from training.approval.people import (
    DEMO_IDENTITY,
    Duty,
    Identity,
    IdentityError,
    add_person,
    read_people,
    whoami,
)
from training.settings import ApprovalMode, ApprovalSettings


@pytest.fixture(autouse=True)
def _nobody(monkeypatch):
    for name in ("USER", "TOKEN", "PEOPLE", "APPROVAL", "ROLE"):
        monkeypatch.delenv(f"TRIAGE_{name}", raising=False)


@pytest.fixture
def people(tmp_path):
    return tmp_path / "people.toml"


def with_token(token, path, **more) -> ApprovalSettings:
    return ApprovalSettings(token=SecretStr(token), people=path, **more)


def test_a_name_in_the_environment_is_taken_at_its_word(monkeypatch):
    monkeypatch.setenv("TRIAGE_USER", "ada")
    monkeypatch.setenv("TRIAGE_ROLE", "planner")
    assert whoami() == Identity("ada", "planner", "environment")


def test_nobody_is_an_error_that_says_what_to_set():
    with pytest.raises(IdentityError, match="nobody is named: set TRIAGE_USER=your-name"):
        whoami()


def test_in_demo_mode_nobody_is_demo_and_a_name_is_kept():
    assert whoami(ApprovalSettings(approval=ApprovalMode.DEMO)) == DEMO_IDENTITY
    assert whoami(ApprovalSettings(approval=ApprovalMode.DEMO, user="ada")).name == "ada"
    assert not DEMO_IDENTITY.named


def test_a_token_proves_who_holds_it_with_role_and_duties(people):
    token = add_person(people, "Bo", "head of purchasing", [Duty.APPROVE])
    found = whoami(with_token(token, people))
    assert found == Identity("Bo", "head of purchasing", "token", (Duty.APPROVE,))
    assert found.allowed(Duty.APPROVE) is found
    with pytest.raises(IdentityError, match=r"Bo \(head of purchasing\) may not train, only appro"):
        found.allowed(Duty.TRAIN)


def test_a_wrong_token_is_refused_and_never_repeated(people):
    add_person(people, "bo", "planner", [Duty.TRAIN])
    with pytest.raises(IdentityError, match="the token in TRIAGE_TOKEN is nobody's") as error:
        whoami(with_token("guess-4711", people))
    assert "guess-4711" not in str(error.value)
    assert "guess-4711" not in repr(with_token("guess-4711", people))


def test_a_token_of_another_user_is_refused(people):
    token = add_person(people, "bo", "planner", [Duty.TRAIN])
    assert whoami(with_token(token, people, user="BO ")).name == "bo"
    with pytest.raises(IdentityError, match=r"TRIAGE_USER is 'ada' and the token .* is of 'bo'"):
        whoami(with_token(token, people, user="ada"))


def test_with_listed_approvers_a_name_alone_proves_nothing(people):
    add_person(people, "bo", "planner", [Duty.APPROVE])
    with pytest.raises(IdentityError, match="a name alone proves nothing: set TRIAGE_TOKEN"):
        whoami(ApprovalSettings(user="bo", people=people))


def test_only_the_digest_of_a_token_is_written(people):
    tokens = [
        add_person(people, 'Bo "the \\ Boss"', "head", [Duty.APPROVE]),
        add_person(people, "Zoë", "data scientist", [Duty.TRAIN, Duty.APPROVE]),
    ]
    text = people.read_text(encoding="utf-8")
    assert not [token for token in tokens if token in text]
    listed = tomllib.loads(text)["people"]
    assert [entry["name"] for entry in listed] == ['Bo "the \\ Boss"', "Zoë"]
    assert [entry["token_sha256"] for entry in listed] == [
        hashlib.sha256(token.encode()).hexdigest() for token in tokens
    ]
    assert read_people(people)[1].may == (Duty.TRAIN, Duty.APPROVE)


@pytest.mark.parametrize("name", ["bo", " BO "])
def test_a_name_is_given_one_token_only(people, name):
    add_person(people, "Bo", "planner", [Duty.TRAIN])
    before = people.read_text()
    with pytest.raises(ValueError, match=r"has .* already"):
        add_person(people, name, "planner", [Duty.APPROVE])
    assert people.read_text() == before


@pytest.mark.parametrize(
    "text",
    [
        "[[people]]\nname = 'bo'\n",
        "people = ",
        "[[people]]\nname='b'\nrole='r'\ntoken_sha256='0'\nmay=['rule']\n",
    ],
)
def test_a_file_that_is_not_one_of_people_is_named_with_what_it_should_hold(people, text):
    people.write_text(text)
    with pytest.raises(ValueError, match=r"people\.toml is not a file of people: .*of train, appr"):
        whoami(with_token("t", people))


def test_a_file_that_is_not_there_is_named_with_how_to_make_it(people):
    with pytest.raises(FileNotFoundError, match="which is not there; `triage people add` makes it"):
        whoami(with_token("t", people))
    with pytest.raises(IdentityError, match="TRIAGE_TOKEN is set without TRIAGE_PEOPLE"):
        whoami(ApprovalSettings(token=SecretStr("t")))


def test_a_mode_that_is_neither_is_one_line_with_the_choices(monkeypatch):
    monkeypatch.setenv("TRIAGE_APPROVAL", "of")
    with pytest.raises(ValueError, match="TRIAGE_APPROVAL: got") as error:
        whoami()
    assert "takes one of required, demo" in str(error.value)
    assert "\n" not in str(error.value)
