"""Fetches packages of texts and reads plain documents out of them."""

import gzip
import html
import json
import random
import re
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROLES = ("train", "validation", "evaluation")
MOST_FILE_CHARS = 600_000
LEAST_FILE_CHARS = 1_500


@dataclass(frozen=True)
class Source:
    role: str
    package: str
    kind: str
    files: str
    most: int


def sources(path: Path) -> list[Source]:
    """The list of packages; a package with two roles is an error, for then evaluation would see what training saw."""
    listed = json.loads(path.read_text())
    found, role_of = [], {}
    for role in ROLES:
        for entry in listed[role]:
            if role_of.setdefault(entry["package"], role) != role:
                raise ValueError(f"{entry['package']} is listed for {role_of[entry['package']]} and for {role}")
            found.append(Source(role, entry["package"], entry["kind"], entry["files"], entry["most"]))
    return found


def fetch(listed: list[Source], folder: Path) -> None:
    """Downloads and unpacks every package that is not there yet, with Debian's own tools."""
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    for package in sorted({source.package for source in listed}):
        target = folder / "unpacked" / package
        if target.exists():
            continue
        if not any(archives.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-qq", package], cwd=archives, check=True)
        archive = next(archives.glob(f"{package}_*.deb"))
        partial = target.parent / f"{package}.part"
        partial.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", str(archive), str(partial)], check=True)
        partial.rename(target)


def _plain_html(text: str) -> str:
    body = re.search(r"<body.*?>(.*?)(</body|$)", text, re.S | re.I)
    text = body.group(1) if body else text
    text = re.sub(r"<(script|style|nav)\b.*?</\1>", "", text, flags=re.S | re.I)
    text = re.sub(r"</?(p|div|li|h\d|pre|tr|dt|dd|br|ul|ol|table|section)\b[^>]*>", "\n", text, flags=re.I)
    return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\u00a0", " ")


def _plain_pod(text: str) -> str:
    text = re.sub(r"^=(head\d|item|over|back|cut|pod|encoding)\s*", "", text, flags=re.M)
    return re.sub(r"[A-Z]<+([^<>]*)>+", r"\1", text)


def _without_licence(text: str) -> str:
    return re.sub(r"\A\s*/\*.*?\*/\s*", "", text, flags=re.S)


def plain(name: str, raw: bytes) -> str:
    text = raw.decode("utf-8", "ignore")[:MOST_FILE_CHARS]
    stem = name.removesuffix(".gz")
    if stem.endswith(".html"):
        text = _plain_html(text)
    elif stem.endswith(".pod"):
        text = _plain_pod(text)
    elif stem.endswith(".java") or stem.endswith(".go"):
        text = _without_licence(text)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _files(source: Source, root: Path):
    """Name and bytes of each file, archives of sources included, in an order that depends on the package alone."""
    archives = sorted(root.rglob("src.zip"))
    if archives:
        with zipfile.ZipFile(archives[0]) as archive:
            prefix = source.files.split("*")[0]
            names = sorted(n for n in archive.namelist() if n.startswith(prefix) and n.endswith(".java"))
            random.Random(source.package).shuffle(names)
            for name in names:
                yield name, archive.read(name)
        return
    paths = sorted(p for p in root.glob(source.files) if p.is_file() and not p.is_symlink())
    random.Random(source.package).shuffle(paths)
    for path in paths:
        raw = path.read_bytes()
        yield path.name, gzip.decompress(raw) if path.suffix == ".gz" else raw


def documents(source: Source, folder: Path) -> list[str]:
    found, chars = [], 0
    for name, raw in _files(source, folder / "unpacked" / source.package):
        text = plain(name, raw)
        if len(text) >= LEAST_FILE_CHARS:
            found.append(text)
            chars += len(text)
        if chars > source.most:
            break
    if not found:
        raise ValueError(f"{source.package} has no text that matches {source.files}")
    return found


def paragraphs(docs: list[str]) -> list[str]:
    """Paragraphs of running text, on one line each."""
    found = []
    for doc in docs:
        for part in re.split(r"\n\s*\n", doc):
            part = re.sub(r"\s*\n\s*", " ", part.strip())
            letters = sum(c.isalpha() for c in part)
            if 150 < len(part) < 900 and part.count(" ") > 20 and letters > 0.7 * len(part):
                found.append(part)
    return found
