"""Every error of the product survives pickling (Ray carries exceptions) and says something."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil

import pytest

from tests.house.rooms import ROOMS


def _error_classes() -> list[type[Exception]]:
    found: dict[str, type[Exception]] = {}
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" in module.name or module.name.endswith(".__main__"):
                continue
            for name, cls in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(cls) and issubclass(cls, Exception) and cls.__module__.split(".")[0] == room:
                    found[f"{cls.__module__}.{name}"] = cls
    return list(dict.fromkeys(found.values()))


def _argument(annotation: object) -> object:
    text = str(annotation)
    for word, example in (("tuple", ()), ("list", []), ("int", 7), ("float", 1.5), ("bytes", b"x")):
        if word in text:
            return example
    return "x"


ERRORS = _error_classes()


def test_there_are_errors_to_look_at() -> None:
    assert len(ERRORS) > 5


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_an_error_survives_the_wire(cls: type[Exception]) -> None:
    parameters = [p for p in inspect.signature(cls).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    error = cls(*[_argument(parameter.annotation) for parameter in parameters])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error)
    assert vars(again) == vars(error)
