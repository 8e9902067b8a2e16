"""Commands, options, modules, tests and files that the documentation names exist.

Blocks that are fenced as sh are run by another test; this one also reads what is not run.
"""

import re

import typer

from tests.docs.markdown import CODE_SPAN, FENCE, blocks, pages
from triage import app

COMMAND = re.compile(r"\btriage ((?:[a-z]+ ?)+)([^|&;>\n]*)")
MODULE = re.compile(r"python -m ((?:tests|training|serving|data|features|models)[\w.]*)")
TARGET = re.compile(r"\bmake ([a-z-]+)")
ROOMS = ("data/", "features/", "models/", "training/", "serving/", "tests/", "docs/")


def code_of(page):
    """Return the code of a page: its blocks and its code spans, one each."""
    text = page.read_text(encoding="utf-8")
    joined = re.sub(r"(`[^`\n]*)\n([^`\n]*`)", r"\1 \2", FENCE.sub("", text))
    return [b.code for b in blocks(text) if b.language != "text"] + CODE_SPAN.findall(joined)


def said(root):
    """Yield each page's name with each piece of its code."""
    for page in pages(root):
        for code in code_of(page):
            yield page.name, code


def test_every_command_and_option_exists(root):
    commands = typer.main.get_command(app)
    wrong = []
    for page, code in said(root):
        for words, rest in COMMAND.findall(code):
            command = commands
            for word in words.split():
                inner = getattr(command, "commands", {})
                if not inner:
                    break
                if word not in inner:
                    wrong.append(f"{page}: triage {words}")
                    break
                command = inner[word]
            known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
            wrong += [
                f"{page}: triage {words}{option}"
                for option in re.findall(r"--[a-z-]+", rest)
                if option not in known | {"--help"}
            ]
    assert wrong == []


def test_every_module_that_is_run_exists(root):
    names = {module.rstrip(".") for _, code in said(root) for module in MODULE.findall(code)}
    assert len(names) > 5
    for name in names:
        path = root / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name


def test_every_target_of_make_exists(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {target for _, code in said(root) for target in TARGET.findall(code)}
    assert named - targets == set()


def test_every_test_that_is_named_exists(root):
    text = "\n".join(f.read_text(encoding="utf-8") for f in (root / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", text))
    named = {name for _, code in said(root) for name in re.findall(r"^test_\w+$", code)}
    assert len(named) > 10
    assert named - there == set()


def test_every_file_and_folder_that_is_named_exists(root):
    named = {
        (page, code)
        for page, code in said(root)
        if code.startswith(ROOMS) and re.fullmatch(r"[\w./-]+", code) and "NAME" not in code
    }
    assert len(named) > 20
    assert {
        f"{page}: {path}"
        for page, path in named
        if "TASK" not in path and not (root / path).exists()
    } == set()
