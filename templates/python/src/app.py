"""The tool as an agent sees it: one method for each function in `wit/world.wit`, which says what they promise.

`wit_world` is made from the WIT text while the component is built. What the functions do is in `table.py`, which knows nothing of WebAssembly.
"""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.tables import Column

import table


class Tables(exports.Tables):
    def columns(self, text: str) -> list[Column]:
        try:
            return [Column(name, filled, total) for name, filled, total in table.columns(text)]
        except ValueError as error:
            raise Err(str(error))

    def rows(self, text: str, column: str, value: str) -> str:
        try:
            return table.rows(text, column, value)
        except ValueError as error:
            raise Err(str(error))
