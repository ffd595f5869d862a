"""A customer of the shop and a clerk of its back office, over HTTP."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import Any

import httpx

from webapprentice.sites.serving import COOKIE, Serving
from webapprentice.tasks.local import local_benchmark
from webapprentice.tasks.probing import Prober
from webapprentice.tasks.webarena.helpers import value_at

PENDING = "01000421"
"""Emma's order that was not sent yet."""
DELIVERED = "01000406"
"""Emma's order of five weeks ago."""


class Visit:
    """Emma in the shop and Alma in the back office, in one session."""

    def __init__(self, serving: Serving, session: str) -> None:
        self.serving, self.session = serving, session
        self.shop = self._client("shop", "emma", "maple-42-lantern")
        self.office = self._client("shop_admin", "admin", "copper-88-kettle")

    def _client(self, site: str, user: str, password: str) -> httpx.Client:
        base = f"http://{self.serving.places[site]}"
        client = httpx.Client(base_url=base, cookies={COOKIE: self.session}, follow_redirects=True, trust_env=False)
        assert client.post("/login", data={"user": user, "password": password}).status_code == 200
        return client

    def state(self, path: str) -> Any:
        async def ask() -> Any:
            async with Prober(local_benchmark(self.serving)) as prober:
                return await prober.state("shop_admin", self.session)

        return value_at(asyncio.run(ask()), path)

    def put(self, sku: str, quantity: int, **choice: str) -> httpx.Response:
        return self.shop.post(f"/product/{sku}/cart", data={"quantity": str(quantity), **choice})


def words(page: httpx.Response) -> str:
    """What can be read on a page, white space collapsed."""
    text = re.sub(r"<(script|style)>.*?</\1>", " ", page.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
