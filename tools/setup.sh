#!/bin/sh
# Set-up for `make`: system packages where missing, a virtual environment, the program itself.
#   tools/setup.sh run     what playing needs
#   tools/setup.sh test    also what the tests need: a private sound server, screen, JACK, real music, and
#                          bands that play music with known answers
# Quick when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."

RUN="python3-venv python3-dev gcc g++ portaudio19-dev libasound2-plugins libegl1 libgl1 libegl-mesa0 libglx-mesa0
 libgl1-mesa-dri libopengl0"
TEST="pipewire pipewire-pulse pipewire-bin wireplumber dbus pulseaudio-utils sox jackd2 xvfb xauth x11-utils x11-apps
 xdotool imagemagick singularity-music mma fluidsynth espeak-ng fluid-soundfont-gm musescore-general-soundfont-small
 timgm6mb-soundfont"

say() { echo "set-up: $*"; }
die() { echo "set-up: $*" >&2; exit 1; }

packages=$RUN
[ "$1" = test ] && packages="$RUN $TEST"

if command -v dpkg-query >/dev/null 2>&1; then
    missing=
    for package in $packages; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        say "installing system packages:$missing"
        root=
        if [ "$(id -u)" -ne 0 ]; then
            command -v sudo >/dev/null 2>&1 || die "not root and no sudo: install these packages first:$missing"
            root=sudo
        fi
        $root apt-get update -q >/dev/null || die "apt-get update failed: is the network there?"
        # shellcheck disable=SC2086
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null ||
            die "apt-get could not install:$missing"
    fi
else
    say "no dpkg here: install PortAudio, OpenGL, a C compiler and the Python headers by your system's own means"
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$python is older than 3.11: name a newer one, e.g. make setup PYTHON=python3.12"
[ -x .venv/bin/python ] || { say "making a virtual environment in .venv"; "$python" -m venv .venv; }

want="$(cat pyproject.toml constraints.txt tools/setup.sh | cksum)"
have=$(cat .venv/.pix2live-setup 2>/dev/null || true)
extras=
[ "$1" = test ] && extras='[dev]'
case "$have" in
    "$want$extras" | "$want[dev]") fresh=no ;;
    *) fresh=yes ;;
esac
if [ "$fresh" = yes ] || [ ! -x .venv/bin/pix2live ]; then
    say "installing pix2live and its Python packages into .venv (a minute or more the first time)"
    .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".$extras" ||
        die "pip could not install the packages: see above"
    echo "$want$extras" > .venv/.pix2live-setup
fi
say "ready: .venv/bin/pix2live"
