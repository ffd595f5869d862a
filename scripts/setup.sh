#!/bin/sh
# Makes .venv with everything the project needs, and sees to it that there is a Chromium. Safe to run again.
#   scripts/setup.sh            what the commands need
#   scripts/setup.sh dev        and what the tests and checks need
# WEBAPPRENTICE_PYTHON names the Python to use (3.11 or newer).
set -eu
cd "$(dirname "$0")/.."
extras=${1:-run}
torch=$(sed -n 's/^torch==//p' requirements/torch.txt)

say() { printf '%s\n' "setup: $*"; }
fail() { printf '%s\n' "setup: $*" >&2; exit 69; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo -n "$@"; else return 1; fi; }
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 update -qq >/dev/null 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

find_python() {
    for name in ${WEBAPPRENTICE_PYTHON:-} python3.11 python3 python3.12 python3.13; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "no Python 3.11, 3.12 or 3.13 here; install one and run this again, or name it in WEBAPPRENTICE_PYTHON"
}

make_venv() {
    [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(find_python)
    say "making .venv with $python"
    "$python" -m venv --clear .venv >/dev/null 2>&1 || {
        rm -rf .venv
        apt_install python3-venv || fail "Python has no venv module; install the package python3-venv and run this again"
        "$python" -m venv --clear .venv
    }
}

# A wheel folder that pip knows of comes first (an air-gapped machine). Otherwise uv's torch backend chooses: the build
# for the driver that is here, and the CPU build, without gigabytes of CUDA packages, where there is none.
install_packages() {
    stamp=.venv/.installed-$extras
    want=$(cat requirements/lock.txt requirements/lock-dev.txt requirements/torch.txt pyproject.toml | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt || fail "could not install uv; is a package index within reach?"
    links=$(.venv/bin/python -m pip config get global.find-links 2>/dev/null || .venv/bin/python -m pip config get :env:.find-links 2>/dev/null || true)
    if [ -n "$links" ]; then export UV_FIND_LINKS="$links"; fi
    lock=requirements/lock.txt
    [ "$extras" = dev ] && lock=requirements/lock-dev.txt
    say "installing the locked packages"
    if [ -n "$links" ] && ls "$links"/torch-"$torch"* >/dev/null 2>&1; then
        .venv/bin/uv pip install -q --python .venv/bin/python --no-deps "torch==$torch"
    else
        .venv/bin/uv pip install -q --python .venv/bin/python --torch-backend="${UV_TORCH_BACKEND:-auto}" "torch==$torch"
    fi
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps --require-hashes -r "$lock"
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
    printf '%s' "$want" >"$stamp"
}

have_chromium() { .venv/bin/python -c 'import sys; from webapprentice.browser import find_chromium; sys.exit(find_chromium() is None)' >/dev/null 2>&1; }

install_chromium() {
    have_chromium && return
    say "installing Chromium"
    with_deps=
    [ "$(id -u)" = 0 ] && with_deps=--with-deps
    timeout 600 .venv/bin/playwright install $with_deps --only-shell chromium >/dev/null 2>&1 && have_chromium && return
    apt_install chromium-headless-shell fonts-dejavu-core && have_chromium && return
    apt_install chromium fonts-dejavu-core && have_chromium && return
    fail "no Chromium could be installed; install one and name it in WEBAPPRENTICE_CHROMIUM"
}

make_venv
install_packages
install_chromium
