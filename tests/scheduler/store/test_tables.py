"""Moments come back from the store as they went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.tables import Moment

TOKYO = timezone(timedelta(hours=9))
NOON = datetime(2026, 3, 2, 12, tzinfo=TOKYO)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=lambda d: d.name)  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects
def test_a_moment_comes_back_in_utc(dialect: object) -> None:
    moment = Moment()
    kept = moment.process_bind_param(NOON, dialect)  # type: ignore[arg-type]  # only its name is asked
    assert moment.process_result_value(kept, dialect) == NOON  # type: ignore[arg-type]  # same
    assert moment.process_bind_param(None, dialect) is None  # type: ignore[arg-type]  # same


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="never naive"):
        Moment().process_bind_param(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), sqlite.dialect())
