"""The local sites as a benchmark: their tasks, their solutions, and the worlds in which they are played."""

from __future__ import annotations

from functools import cache

from webapprentice.core.records import Task
from webapprentice.sites import every
from webapprentice.sites.serving import COOKIE, Serving, url_of
from webapprentice.sites.site import Site
from webapprentice.tasks.benchmark import BenchmarkConfig, LoginConfig, ResetConfig, SiteConfig
from webapprentice.tasks.gold import load_gold
from webapprentice.tasks.splits import UNSEEN_SITE, kept_for_exams
from webapprentice.tasks.webarena.records import tasks_from

NAME = "sites"


@cache
def local_tasks() -> tuple[Task, ...]:
    """Every task of the local sites: `sites/shop/12` is number 12 of the shop's file.

    Raises UnavailableError where what serves the sites is not installed.
    """
    addresses = {name: url_of(name) for name in every()}
    return tuple(
        task
        for name, site in every().items()
        if site.tasks is not None
        for task in tasks_from(site.tasks, addresses, f"{NAME}/{name}")
    )


@cache
def local_solutions() -> dict[str, tuple[str, ...]]:
    """What solves each of them, line by line."""
    addresses = {name: url_of(name) for name in every()}
    return {
        f"{NAME}/{name}/{number}": lines
        for name, site in every().items()
        if site.gold is not None
        for number, lines in load_gold(site.gold, addresses).items()
    }


def local_lists() -> dict[str, frozenset[str]]:
    """Lists of tasks by name: `sites_attempted`, and those that are not, by site and by template."""
    tasks = local_tasks()
    kept = {task.id for task in tasks if kept_for_exams(task)}
    unseen = {task.id for task in tasks if UNSEEN_SITE in task.sites}
    return {
        "sites_attempted": frozenset(task.id for task in tasks if task.id not in kept),
        "sites_held_out": frozenset(kept - unseen),
        "sites_unseen": frozenset(unseen),
    }


def local_benchmark(serving: Serving) -> BenchmarkConfig:
    """The running sites as a benchmark like any other."""
    first = next(iter(serving.sites))
    return BenchmarkConfig(
        name=NAME,
        sites={name: _site(site, serving.places[name]) for name, site in serving.sites.items()},
        reset=ResetConfig(
            when="episode",
            url=f"{url_of(first)}/-/reset",
            cookie=COOKIE,
            headers={"X-Apprentice-Token": serving.token},
            seconds=10.0,
        ),
        verified=True,  # an idle run of an impossible task fails without a judge
    )


def _site(site: Site, place: str) -> SiteConfig:
    account = next(iter(site.accounts.values()), None)
    login = account and LoginConfig(
        page=site.login, user=account.user, password=account.password, signed_in="/-/account"
    )
    return SiteConfig(url=url_of(site.name), place=place, health="/-/health", login=login, state="/-/state")
