"""Results that are also tables: one row of plain values for each thing that was found out."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from foretell.errors import MissingExtra

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

TEXTS = ("reason", "doubt")  # columns that may be empty throughout; other empty ones hold numbers


class Tabular(ABC):
    """What `to_polars`, `to_pandas`, `to_arrow` and `foretell.write_result` take."""

    @abstractmethod
    def table_rows(self) -> list[dict[str, Any]]:
        """Return one dictionary of plain values a row, all with the same keys."""

    def to_polars(self) -> "polars.DataFrame":
        """Return the rows as a polars frame."""
        import polars as pl

        frame = pl.DataFrame(self.table_rows(), infer_schema_length=None)
        empty = [name for name, dtype in frame.schema.items() if dtype == pl.Null]
        return frame.with_columns(pl.col(name).cast(pl.String if name in TEXTS else pl.Float64) for name in empty)

    def to_arrow(self) -> "pyarrow.Table":
        """Return the rows as an Arrow table.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        try:
            return self.to_polars().to_arrow()
        except ImportError:
            raise MissingExtra("to_arrow", "tables") from None

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the rows as a pandas frame.

        Raises:
            MissingExtra: pandas or pyarrow is not installed.
        """
        try:
            return self.to_polars().to_pandas()
        except ImportError:
            raise MissingExtra("to_pandas", "tables") from None
