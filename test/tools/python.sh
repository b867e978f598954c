# Sourced by the launchers beside it: finds or makes the virtual environment with what `requirements.txt` pins, outside of the tree, kept
# under the hash of the pins as the OP Stack's programs are. `skip_or_find_python NAME` sets `venv`, or says why not and ends the launcher
# with 0: these checks are beside the tests, not instead of them. With HASHSAND_REQUIRE_PYTHON set it ends with 69 instead.
root=$(cd "$(dirname "$0")/../.." && pwd -P)
cache=${HASHSAND_CACHE:-$HOME/.cache/hashsand}

skip() {
  echo "$1 skipped: $2" >&2
  [ -z "${HASHSAND_REQUIRE_PYTHON:-}" ] || exit 69
  exit 0
}

skip_or_find_python() {
  local pins python
  pins=$(cksum <"$root/test/tools/requirements.txt" | tr ' ' -)
  venv=$cache/python-$pins
  [ ! -e "$venv/complete" ] || return 0
  for python in python3.13 python3.12 python3.11 python3; do
    "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    python=
  done
  [ -n "$python" ] || skip "$1" 'it needs Python 3.11 or newer with its module venv; install that and run again'
  mkdir -p "$cache"
  rm -rf "$venv"
  if ! { "$python" -m venv "$venv" && "$venv/bin/pip" install -q -r "$root/test/tools/requirements.txt"; } >"$venv.log" 2>&1; then
    tail -3 "$venv.log" >&2
    rm -rf "$venv"
    skip "$1" "its packages could not be installed, see $venv.log; run again with a package index in reach"
  fi
  touch "$venv/complete"
}
