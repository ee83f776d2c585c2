#!/bin/sh
# Poetry (2.0 or later) with an environment that is there, and that a container and this machine never share.
# Every argument is passed on:  scripts/poetry-wrapper.sh run pytest -q
#
#   POETRY_WRAPPER_POETRY     the Poetry to call (default: poetry on PATH)
#   POETRY_WRAPPER_CONTAINER  1 or 0: whether this is a container (default: found out)
#   POETRY_VIRTUALENVS_PATH   where environments are kept (default: below the user's cache, a container's apart)
#
# Written by `accelinstall wrapper`; call it again to have the newest.
set -eu

project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
poetry=${POETRY_WRAPPER_POETRY:-poetry}

if ! command -v "$poetry" >/dev/null 2>&1; then
    echo "$0: there is no $poetry; install it: pipx install poetry" >&2
    exit 127
fi

container=${POETRY_WRAPPER_CONTAINER:-0}
if [ -z "${POETRY_WRAPPER_CONTAINER:-}" ]; then
    if [ -f /.dockerenv ] || [ -f /run/.containerenv ] || [ -n "${KUBERNETES_SERVICE_HOST:-}" ]; then
        container=1
    fi
fi

# Environments stay out of the project's folder, which a container may see as well.
if [ "${POETRY_VIRTUALENVS_CREATE:-true}" != false ]; then
    export POETRY_VIRTUALENVS_IN_PROJECT=false
    if [ "$container" != 0 ] && [ -z "${POETRY_VIRTUALENVS_PATH:-}" ]; then
        # A home that is mounted from the host would bring the host's environments along.
        POETRY_VIRTUALENVS_PATH="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pypoetry/virtualenvs-container"
        export POETRY_VIRTUALENVS_PATH
    fi
fi

# What runs needs the locked packages; everything else Poetry makes or asks for by itself.
command=''
for word in "$@"; do
    case $word in
        -*) ;;
        *)
            command=$word
            break
            ;;
    esac
done
if [ "$command" = run ] && ! "$poetry" --project "$project" env info --path >/dev/null 2>&1; then
    echo "$0: no environment yet, making one" >&2
    "$poetry" --project "$project" install --no-interaction >&2
fi

exec "$poetry" --project "$project" "$@"
