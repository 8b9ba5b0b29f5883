"""Tables written as CSV. `python3 -m unittest src/table.py` runs the tests below."""

import csv
import io
import unittest


def read(text):
    """The names and the rows of a table."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise ValueError("the table is empty")
    names = rows[0]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells where the first has {len(names)}")
    return names, rows[1:]


def columns(text):
    """For each column its name, how many cells say something, and the sum of its numbers."""
    names, rows = read(text)
    for place, name in enumerate(names):
        cells = [row[place] for row in rows if row[place].strip()]
        yield name, len(cells), total(cells)


def total(cells):
    try:
        return sum(float(cell) for cell in cells) if cells else None
    except ValueError:
        return None


def rows(text, column, value):
    """The rows in which `column` holds `value`, with the names above them."""
    names, found = read(text)
    if column not in names:
        raise ValueError(f"no column is called `{column}`; there are: {', '.join(names)}")
    place = names.index(column)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([names, *(row for row in found if row[place] == value)])
    return written.getvalue()


class Tests(unittest.TestCase):
    TABLE = "what,price\nmilk,1.5\nbread,2\n"

    def test_columns(self):
        self.assertEqual(list(columns(self.TABLE)), [("what", 2, None), ("price", 2, 3.5)])

    def test_rows(self):
        self.assertEqual(rows(self.TABLE, "what", "milk"), "what,price\nmilk,1.5\n")

    def test_mistakes(self):
        for text, column in [("", "a"), ("a,b\n1\n", "a"), ("a\n1\n", "b")]:
            with self.assertRaises(ValueError):
                rows(text, column, "1")
