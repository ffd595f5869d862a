from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from webapprentice.cli import VERBS
from webapprentice.improve.config import ImproveConfig

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_readme_is_short_and_has_two_set_up_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 150
    assert "make demo" in readme
    assert "make test" in readme


def test_every_command_is_documented() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [verb for verb in VERBS if f"`{verb}`" not in text and f"apprentice {verb}" not in text] == []


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8")):
            assert target in targets, f"{page.name} speaks of make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_settings_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if not link.startswith(("http://", "https://")):
            assert (page.parent / link).exists(), link
    for file in re.findall(r"`(recipes/[\w./]+|tests/[\w./]+|docs/[\w./]+)`", text):
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize("file", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda file: file.name)
def test_every_recipe_is_a_valid_configuration(file: Path) -> None:
    config = ImproveConfig.resolve(file)
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["model"] == config.model


def test_a_recipe_for_large_models_keeps_nothing_of_the_seed_models_training() -> None:
    config = ImproveConfig.resolve(ROOT / "recipes" / "qwen.yaml")
    assert (config.train.method, config.train.max_steps, config.practice.rollout.dialect) == ("lora", None, "webarena")


def test_nothing_names_a_machine_or_a_registry() -> None:
    wrong = re.compile(r"/(?:work|root|farm|opt/wheels)/|pypi\.org|download\.pytorch|/tmp/w\b")
    files = [
        *PAGES,
        *ROOT.glob("requirements/*"),
        *ROOT.glob("scripts/*"),
        *(ROOT / "src").rglob("*.py"),
        ROOT / "Makefile",
    ]
    assert [str(file) for file in files if wrong.search(file.read_text(encoding="utf-8"))] == []
