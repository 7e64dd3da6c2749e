"""Reads `SemanticOptions` from TOML; every mistake is named with its place.

The keys are the attributes of the options: what they are for stands there, and nowhere else.
`docs/semantic.md` shows a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from decimal import Decimal, InvalidOperation
from os import PathLike, fspath
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from gatecore.errors import SemanticGateError
from gatecore.semantic.options import Budget, Limits, Model, SemanticOptions
from gatecore.semantic.usage import Prices
from gatecore.toml_file import TomlFile, as_said

__all__ = ["load_options", "parse_options"]

#: TOML has no word for it.
_NO_LIMIT: Final = "none"
_EXPECTED: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    Decimal: 'money as a number or a text, such as "0.80"',
}


def load_options(path: str | PathLike[str]) -> SemanticOptions:
    r"""The options in a file of TOML, whose keys are the attributes of the options.

    Raises:
        ConfigError: The first mistake, or the file cannot be read.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "semantic.toml")
    >>> _ = path.write_text('model = "a-model"\n[models.a-model]\ninput = 1\noutput = 5\n')
    >>> load_options(path).model.name
    'a-model'
    """
    return _options(TomlFile.read(fspath(path), number=Decimal))


def parse_options(text: str, *, path: str) -> SemanticOptions:
    """The options in a text; `path` names it in errors.

    Raises:
        ConfigError: The first mistake.

    >>> options = parse_options('''
    ... model = "a-model"
    ... group = 8
    ... [models.a-model]
    ... input = 0.80
    ... output = 4
    ... [budget]
    ... daily_money = "2.50"
    ... ''', path="semantic.toml")
    >>> options.group, options.model.prices.input, options.budget.daily_money
    (8, Decimal('0.80'), Decimal('2.50'))
    """
    return _options(TomlFile.parse(text, path, number=Decimal))


def _options(file: TomlFile) -> SemanticOptions:
    known = {field.name: field for field in fields(SemanticOptions)}
    plain = dict(file.plain)
    for key in plain:
        if key not in (*known, "models"):
            raise file.unknown((key,), (*known, "models"))
    models = _table(file, ("models",), plain.pop("models", {}))
    prices = {name: _model(file, name, value) for name, value in models.items()}
    name = plain.pop("model", None)
    if not isinstance(name, str) or not name:
        raise file.error(("model",), 'there is no model; write model = "…", its name')
    if name not in prices:
        missing = f'there is no [models."{name}"] with its prices'
        if not prices:
            raise file.error(("model",), missing)
        raise file.error(("model",), f"{missing}; those that are there: {', '.join(prices)}")
    said: dict[str, Any] = {"model": prices[name]}
    for key, kind in (("limits", Limits), ("budget", Budget)):
        if key in plain:
            said[key] = _filled(file, (key,), plain.pop(key), kind)
    said |= _values(file, (), plain, SemanticOptions, known)
    try:
        return SemanticOptions(**said)
    except SemanticGateError as error:
        wrong = str(error).partition(" ")[0]
        where = next((keys for keys in file.lines if keys[-1:] == (wrong,)), ())
        raise file.error(where, str(error)) from None


def _model(file: TomlFile, name: str, value: Any) -> Model:
    keys = ("models", name)
    plain = dict(_table(file, keys, value))
    least = {"cache_minimum": next(f for f in fields(Model) if f.name == "cache_minimum")}
    known = {field.name: field for field in fields(Prices)}
    for key in plain:
        if key not in (*known, *least):
            raise file.unknown((*keys, key), (*known, *least))
    own = {key: plain.pop(key) for key in least if key in plain}
    prices = _filled(file, keys, plain, Prices)
    return Model(name=name, prices=prices, **_values(file, keys, own, Model, least))


def _table(file: TomlFile, keys: tuple[str, ...], value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        said = f"'{keys[-1]}' is {as_said(value)}; expected a table, [{'.'.join(keys)}]"
        raise file.error(keys, said)
    return value


def _filled(file: TomlFile, keys: tuple[str, ...], value: Any, kind: type) -> Any:
    """A dataclass of a table's values."""
    known = {field.name: field for field in fields(kind)}
    said = _values(file, keys, _table(file, keys, value), kind, known)
    for name, field in known.items():
        if name not in said and field.default is MISSING:
            raise file.error(keys, f"[{'.'.join(keys)}] has no '{name}'")
    return kind(**said)


def _values(
    file: TomlFile,
    keys: tuple[str, ...],
    plain: Mapping[str, Any],
    kind: type,
    known: Mapping[str, Field[Any]],
) -> dict[str, Any]:
    types = get_type_hints(kind)
    found = {}
    for key, value in plain.items():
        if key not in known:
            raise file.unknown((*keys, key), known)
        try:
            found[key] = _value(value, types[key])
        except (TypeError, ValueError):
            said = f"'{key}' is {as_said(value)}; expected {_expected(types[key])}"
            raise file.error((*keys, key), said) from None
    return found


def _value(value: Any, wanted: Any) -> Any:
    """A value as its attribute has it; raises TypeError or ValueError."""
    if get_origin(wanted) is Literal:
        if not isinstance(value, str) or value not in get_args(wanted):
            raise ValueError
        return value
    if isinstance(wanted, UnionType):
        if value == _NO_LIMIT:
            return None
        (wanted,) = (one for one in get_args(wanted) if one is not NoneType)
    if wanted is Decimal:
        return _money(value)
    if wanted is float and type(value) in (int, Decimal):
        return float(value)
    if type(value) is not wanted:
        raise TypeError
    if wanted is int and value < 0:
        raise ValueError
    return value


def _money(value: Any) -> Decimal:
    if type(value) not in (int, Decimal, str):
        raise TypeError
    try:
        money = Decimal(value)
    except InvalidOperation:
        raise ValueError from None
    if not money.is_finite() or money < 0:
        raise ValueError
    return money


def _expected(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return " or ".join(f'"{one}"' for one in get_args(wanted))
    if isinstance(wanted, UnionType):
        (inner,) = (one for one in get_args(wanted) if one is not NoneType)
        return f'{_EXPECTED[inner]}, 0 or more, or "{_NO_LIMIT}"'
    return _EXPECTED[wanted] + (", 0 or more" if wanted in (int, Decimal) else "")
