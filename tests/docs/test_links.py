"""Every relative link and anchor in the documentation leads somewhere."""

import pytest

from tests.docs.markdown import anchor, anchors, links, pages

OUTSIDE = ("http://", "https://", "mailto:")


def broken(page, root):
    """Return what is wrong with the links of a page, one line each."""
    for target in links(page.read_text(encoding="utf-8")):
        if target.startswith(OUTSIDE):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page.relative_to(root)}: {target}: no such file"
        elif fragment and fragment not in anchors(file.read_text(encoding="utf-8")):
            yield f"{page.relative_to(root)}: {target}: no such heading"


def test_every_relative_link_and_anchor_exists(root):
    checked = [*pages(root), root / "serving" / "examples" / "README.md"]
    assert [line for page in checked for line in broken(page, root)] == []


def test_every_page_is_listed_in_the_index_of_the_documentation(root):
    listed = set(links((root / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {p.name for p in (root / "docs").glob("*.md")} - {"README.md"} == listed


def test_every_page_can_be_reached_from_the_readme(root):
    named = {link.partition("#")[0] for link in links((root / "README.md").read_text("utf-8"))}
    here = {f"docs/{p.name}" for p in (root / "docs").glob("*.md")} - {"docs/README.md"}
    assert here - named == set()


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize(
    ("heading", "made"),
    [
        ("Task stock_risk", "task-stock_risk"),
        ("Keys of `times` and `over`", "keys-of-times-and-over"),
        ("Read back, decide, prove", "read-back-decide-prove"),
        ("0.2.0 - unreleased", "020---unreleased"),
    ],
)
def test_anchors_are_made_as_github_makes_them(heading, made):
    assert anchor(heading) == made


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path):
    (tmp_path / "one.md").write_text("[a](two.md) [b](two.md#there) [c](#not) [d](none.md)\n")
    (tmp_path / "two.md").write_text("# There\n\n```text\n[e](code.md)\n```\n")
    found = list(broken(tmp_path / "one.md", tmp_path)) + list(
        broken(tmp_path / "two.md", tmp_path)
    )
    assert found == ["one.md: #not: no such heading", "one.md: none.md: no such file"]
