#!/bin/sh
# Creates the virtual environment named by the first argument with the first Python that is new
# enough, or says in one line what is missing. PYTHON=… picks another interpreter.
set -u
venv=$1
for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "multiorder needs Python 3.11 or newer; none was found. Install it (Debian: apt install python3 python3-venv; macOS: brew install python) or name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    echo "$python has no venv module. Install it (Debian: apt install python3-venv), then call make again." >&2
    exit 1
fi
echo "Creating $venv with $("$python" --version) …"
if ! "$python" -m venv "$venv"; then
    rm -rf "$venv"
    echo "The virtual environment $venv could not be created; the reason is above." >&2
    exit 1
fi
