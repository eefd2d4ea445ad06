#!/usr/bin/env python3
"""Brings the font that deployed receipts are set in: IBM Plex Sans Arabic, regular and bold (SIL Open Font License 1.1).

    python3 infra/deploy/fonts.py [FOLDER]        FOLDER is target/fonts without one

The package comes from npm by its name and version and is held against its known hash; its WOFF files are unpacked to TrueType,
which is what the typesetter reads, and the licence is laid beside them. `stack.py` puts the folder into the zips of `receipts`
and `execution` when it is there. Without it receipts are set in DejaVu Sans, which is built in.

Needs npm, and fonttools from requirements.txt. Ends with one line that says what is where, or with one that says what is wrong.
"""

import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "@ibm/plex-sans-arabic@1.1.0"
SHA256 = "71ad7bc2d0cacebb1dfa7065603dfa0287b2b90c7c56023344e1da82b1766ddb"
# Latin and Arabic in one file each; what they lack is set in DejaVu Sans.
WEIGHTS = ("Regular", "Bold")
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Wrong(Exception):
    """What went wrong, as a line for a person."""


def fetch(folder):
    """The package's tar file, as npm has it."""
    command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except FileNotFoundError:
        raise Wrong("npm is not installed") from None
    except subprocess.TimeoutExpired:
        raise Wrong(f"npm did not bring {PACKAGE} within five minutes") from None
    if done.returncode != 0:
        raise Wrong(f"npm did not bring {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    path = folder / done.stdout.strip().splitlines()[-1]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise Wrong(f"{PACKAGE} is not what it was: its SHA-256 is {found}, and {SHA256} is known")
    return path


def unpack(archive, folder):
    """The fonts as TrueType, and the licence."""
    try:
        from fontTools.ttLib import TTFont
    except ImportError:
        raise Wrong("fonttools is not installed: pip install -r infra/deploy/requirements.txt") from None
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for weight in WEIGHTS:
            name = f"IBMPlexSansArabic-{weight}"
            with tar.extractfile(f"package/fonts/complete/woff/{name}.woff") as packed:
                font = TTFont(packed, recalcTimestamp=False)
                font.flavor = None
                font.save(folder / f"{name}.ttf")
        with tar.extractfile("package/LICENSE.txt") as licence:
            (folder / "LICENSE.txt").write_bytes(licence.read())


def main(arguments):
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    folder = pathlib.Path(arguments[0]) if arguments else ROOT / "target" / "fonts"
    try:
        with tempfile.TemporaryDirectory() as scratch:
            unpack(fetch(pathlib.Path(scratch)), folder)
    except (Wrong, OSError) as wrong:
        print(f"fonts: {wrong}", file=sys.stderr)
        return 1
    print(f"fonts: {', '.join(sorted(path.name for path in folder.iterdir()))} in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
