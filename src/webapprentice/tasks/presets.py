"""WebArena's sites as its Docker images make them: paths, accounts and what shows that somebody is signed in.

Facts about the public images; addresses are the user's. Accounts are those that the images come with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from webapprentice.core.faults import UsageError

PORTS = {
    "shopping": 7770,
    "shopping_admin": 7780,
    "reddit": 9999,
    "gitlab": 8023,
    "wikipedia": 8888,
    "map": 3000,
    "homepage": 4399,
}
"""Ports that WebArena's own instructions give to its sites."""

_WIKIPEDIA = "/wikipedia_en_all_maxi_2022-05/A/User:The_other_Kiwix_guy/Landing"
_SITES: dict[str, dict[str, Any]] = {
    "shopping": {
        "login": {
            "page": "/customer/account/login/",
            "user": "emma.lopez@gmail.com",
            "password": "Password.123",
            "user_field": "#email",
            "password_field": "#pass",
            "signed_in": "/customer/account/",
        }
    },
    "shopping_admin": {
        "path": "/admin",
        "login": {
            "page": "/",
            "user": "admin",
            "password": "admin1234",
            "user_field": "#username",
            "password_field": "#login",
            "signed_in": "/dashboard",
            "signed_out": 'id="login-form"',
        },
    },
    "reddit": {
        "login": {
            "page": "/login",
            "user": "MarvelsGrantMan136",
            "password": "test1234",
            "user_field": "[name=_username]",
            "password_field": "[name=_password]",
            "signed_in": "/user/MarvelsGrantMan136/account",
        }
    },
    "gitlab": {
        "health": "/users/sign_in",
        "login": {
            "page": "/users/sign_in",
            "user": "byteblaze",
            "password": "hello1234",
            "user_field": "#user_login",
            "password_field": "#user_password",
            "signed_in": "/-/profile",
        },
    },
    "wikipedia": {"path": _WIKIPEDIA},
    "map": {},
    "homepage": {},
}


def write_webarena(out: Path, tasks: Path, host: str, given: dict[str, str] | None = None) -> Path:
    """Write the benchmark file of WebArena: `host` at its usual ports, except where `given` names a site's address.

    Raises UsageError for a site that WebArena does not have, and where the file is there already.
    """
    unknown = sorted(set(given or {}) - set(_SITES))
    if unknown:
        raise UsageError(f"WebArena has no site {unknown[0]!r}; its sites are {', '.join(_SITES)}")
    sites = {}
    for name, known in _SITES.items():
        address = (given or {}).get(name) or f"http://{host}:{PORTS[name]}{known.get('path', '')}"
        sites[name] = {"url": address, **{part: value for part, value in known.items() if part != "path"}}
    held = {
        "name": "webarena",
        "tasks": str(tasks.absolute()),
        "sites": sites,
        # One state for everybody: tasks that change it want the containers restored in between; docs/webarena.md.
        "reset": {"when": "never"},
        "auth": "webarena.auth",
    }
    try:
        with out.open("x", encoding="utf-8") as file:
            yaml.safe_dump(held, file, sort_keys=False)
    except FileExistsError as error:
        raise UsageError(f"{out} is there already; edit it, or name another with --out") from error
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}; check the folder") from error
    return out
