#!/usr/bin/env bash
# Makes .venv ready: `scripts/bootstrap.sh demo` for the demo and the checks, `scripts/bootstrap.sh test` for the suite
# as well. Repeats cost nothing. Ends with 2 when something must be installed first.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-demo}
debian_packages=()   # needed, installed as root
missing=()           # what a missing service costs, for who cannot install it

say() { echo "bootstrap: $*" >&2; }
has() { command -v "$1" >/dev/null; }
can_install() { [ "$(id -u)" = 0 ] && has apt-get; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "no Python 3.11, 3.12 or 3.13 found: install one (Debian: apt install python3) or set PYTHON"
    exit 2
}

has_pgbouncer() { has pgbouncer || [ -x /usr/sbin/pgbouncer ]; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has pg_config; }

need_service() {
    debian_packages+=("$1")
    missing+=("$2")
}

check_venv() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    if can_install; then
        debian_packages+=(python3-venv)
    else
        say "$python cannot make virtual environments: install them (Debian: apt install python3-venv)"
        exit 2
    fi
}

check_services() {
    has java || need_service default-jre-headless "tests on Apache Kafka and the schema registry are skipped"
    has mvn || need_service maven "tests on Apache Kafka and the schema registry are skipped"
    has_postgres || need_service postgresql "tests on PostgreSQL are skipped"
    has_pgbouncer || need_service pgbouncer "tests behind a pooler of PostgreSQL are skipped"
}

install_debian_packages() {
    [ ${#debian_packages[@]} -gt 0 ] || return 0
    if ! can_install; then
        local i
        for i in "${!debian_packages[@]}"; do
            say "${debian_packages[$i]} is not installed: ${missing[$i]} (Debian: apt install ${debian_packages[$i]})"
        done
        return 0
    fi
    say "installing ${debian_packages[*]}"
    # Debian's signed index names the hash of each; which version that is, is the machine's to say
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${debian_packages[@]}"; } >/dev/null; then
        say "apt-get failed: install by hand: ${debian_packages[*]}"
        exit 2
    fi
}

wanted_state() {
    "$python" --version
    pwd
    cat requirements.lock scripts/uv.lock pyproject.toml | sha256sum
}

venv_is_sound() {
    .venv/bin/python -m pip --version >/dev/null 2>&1 && [ "$(.venv/bin/python --version)" = "$("$python" --version)" ]
}

install_python_packages() {
    local stamp=.venv/plangate-bootstrap
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_state)" ] && .venv/bin/python -c ''; then
        return
    fi
    say "installing the Python packages of requirements.lock into .venv; this takes a minute or two"
    venv_is_sound || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/uv.lock
    # compiled now, not by every process anew where Python may not write bytecode: it starts in a third of the time
    export UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
    wanted_state >"$stamp"
}

exec 9<"$0" # two makes at once take turns
flock 9
python=$(find_python)
check_venv
[ "$purpose" != test ] || check_services
install_debian_packages
install_python_packages
