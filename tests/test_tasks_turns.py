"""Sites that everybody shares: who changes something is alone, nobody starves, nobody waits in a circle."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from webapprentice.tasks.turns import Turns

EPISODES = st.lists(
    st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.booleans(), st.integers(0, 3)), max_size=24
)


@given(EPISODES)
@settings(max_examples=60, deadline=None)
def test_whoever_changes_a_site_is_alone_there_and_everybody_gets_a_turn(
    episodes: list[tuple[set[str], bool, int]],
) -> None:
    readers: Counter[str] = Counter()
    writers: Counter[str] = Counter()
    done = 0

    async def episode(turns: Turns, sites: set[str], changes: bool, breaths: int) -> None:
        nonlocal done
        turn = await turns.take(sites, changes)
        mine = writers if changes else readers
        mine.update(sites)
        for _ in range(breaths + 1):
            assert all(writers[site] + bool(readers[site]) <= 1 for site in sites)
            await asyncio.sleep(0)
        mine.subtract(sites)
        await turn.end()
        await turn.end()
        done += 1

    async def scene() -> None:
        turns = Turns()
        await asyncio.wait_for(asyncio.gather(*(episode(turns, *one) for one in episodes)), 20)

    asyncio.run(scene())
    assert done == len(episodes)


def test_a_writer_is_not_overtaken_by_readers_for_ever_and_strangers_need_not_wait() -> None:
    async def scene() -> None:
        turns = Turns()
        reading = await turns.take("a", False)
        order: list[str] = []

        async def note(name: str, sites: str, changes: bool) -> None:
            turn = await turns.take(sites, changes)
            order.append(name)
            await turn.end()

        doing = [
            asyncio.create_task(note(*one))
            for one in (("writer", "a", True), ("late", "a", False), ("other", "b", True))
        ]
        await doing[2]
        assert order == ["other"]
        await reading.end()
        await asyncio.gather(*doing)
        assert order == ["other", "writer", "late"]

    asyncio.run(scene())


def test_who_gives_up_waiting_holds_nobody_up() -> None:
    async def scene() -> None:
        turns = Turns()
        reading = await turns.take("a", False)
        waiting = asyncio.create_task(turns.take("a", True))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(turns.take("a", False), 5)
        await reading.end()

    asyncio.run(scene())
