"""Reads all mails (*.eml) of a folder as mail programs do, and prints one JSON object for each, by name.

usage: read_mails.py FOLDER
"""

import csv
import io
import json
import sys
from email import message_from_bytes, policy
from pathlib import Path


def read(file: Path) -> dict:
    raw = file.read_bytes()
    mail = message_from_bytes(raw, policy=policy.default)
    parts = list(mail.walk())
    defects = [str(defect) for part in parts for defect in part.defects]
    lists = []
    for part in mail.iter_attachments():
        rows = list(csv.reader(io.StringIO(part.get_content().removeprefix("\ufeff"), newline=""), strict=True))
        marked = part.get_payload(decode=True).startswith(b"\xef\xbb\xbf")
        lists.append({"name": part.get_filename(), "rows": rows, "marked": marked})
    plain, html = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    return {
        "name": file.stem,
        "headers": {name: str(value) for name, value in mail.items()},
        "types": [part.get_content_type() for part in parts],
        "charsets": [plain.get_content_charset(), html.get_content_charset()],
        "text": plain.get_content(),
        "html": html.get_content(),
        "lists": lists,
        "defects": defects,
        "longest_line": max(map(len, raw.split(b"\r\n"))),
        "ascii": raw.isascii(),
    }


for file in sorted(Path(sys.argv[1]).glob("*.eml")):
    print(json.dumps(read(file)))
