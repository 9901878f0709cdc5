"""The table of list prices: dated, sourced, and to be edited by whoever knows better."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


class NoPrice(Exception):
    """A price is missing or unreadable; the text names it and the file."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars by name: of an hour, of a month, of each unit. `sources` says where each was read."""

    date: str
    region: str
    hours_a_month: float
    hour: Mapping[str, float]
    month: Mapping[str, float]
    each: Mapping[str, float]
    sources: Mapping[str, str]
    where: str

    def hourly(self, name: str) -> float:
        """Give the dollars a month of what is priced by the hour."""
        return self._of(self.hour, name) * self.hours_a_month

    def monthly(self, name: str) -> float:
        """Give the dollars a month of what is priced by the month."""
        return self._of(self.month, name)

    def unit(self, name: str) -> float:
        """Give the dollars of one unit."""
        return self._of(self.each, name)

    def _of(self, table: Mapping[str, float], name: str) -> float:
        if name not in table:
            raise NoPrice(f"{self.where} has no price for {name!r}: add a line to it")
        return table[name]


def read_prices(path: Path | None = None) -> Prices:
    """Read the table that is shipped, or another one. Raises NoPrice with the line's name where it can't be used."""
    where = str(path or "prices.toml")
    text = path.read_text() if path else files("scanserve_cost").joinpath("prices.toml").read_text()
    try:
        table = tomllib.loads(text)
        hour, month, each = (_priced(table[kind]) for kind in ("hour", "month", "each"))
        sources = {
            name: str(line["source"]) for kind in ("hour", "month", "each") for name, line in table[kind].items()
        }
        head = str(table["date"]), str(table["region"]), float(table["hours_a_month"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise NoPrice(f"{where} can't be read: {error!r}; each line needs a price and a source") from error
    return Prices(*head, hour, month, each, sources, where)


def _priced(lines: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    prices = {name: float(str(line["price"])) for name, line in lines.items()}
    for name, price in prices.items():
        if price < 0:
            raise ValueError(f"{name} is negative")
    return prices
