"""Reads a workbook (XLSX) from standard input and prints its first sheet as JSON: each cell's type and value.

usage: read_workbook.py
"""

import datetime
import io
import json
import sys

from openpyxl import load_workbook


def value(cell):
    return cell.value.isoformat() if isinstance(cell.value, datetime.datetime) else cell.value


sheet = load_workbook(io.BytesIO(sys.stdin.buffer.read())).worksheets[0]
print(
    json.dumps(
        {
            "sheet": sheet.title,
            "frozen": sheet.freeze_panes,
            "filter": sheet.auto_filter.ref,
            "rows": [[{"type": cell.data_type, "value": value(cell)} for cell in row] for row in sheet.rows],
        }
    )
)
