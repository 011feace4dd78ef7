"""The statements on the shared counters.

Amounts of USD are picodollars, and times microseconds since 1970 UTC, as in the store. Each statement locks the
counters that it changes first, in the order of their ids, so that no two replicas wait for each other. A statement that
reads rows which others may have changed runs after one that locked their counters: only then does it see what they did.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.shared.counter import Charge, Claim, CounterKey, Figures
from candela_tui.rules.budgets.state import Override
from candela_tui.store.indexed_text import indexed_text
from candela_tui.store.prepared_statements import Step, execute_together
from candela_tui.store.units import read_money, read_time, stored_money, stored_time

_FIGURES = """
  c.id, c.budget, c.definition, c.target, c.starts_at_us, c.ends_at_us, c.spent_usd, c.spent_tokens, c.reserved_usd,
  c.reserved_tokens, c.in_flight, c.unknown, c.unbounded, c.most_usd, c.most_tokens, c.oldest_us, c.unpriced
"""

_CREATE = text("""
INSERT INTO budget_counters (budget, definition, target, starts_at_us, ends_at_us)
SELECT w.budget, w.definition, w.target, w.starts_at_us, w.ends_at_us
FROM jsonb_to_recordset(CAST(:wanted AS jsonb))
  AS w(budget text, definition text, target text, starts_at_us bigint, ends_at_us bigint)
ORDER BY w.budget, w.definition, w.target, w.starts_at_us
ON CONFLICT DO NOTHING
""")

_FIND = text("""
SELECT c.id, c.budget, c.definition, c.target, c.starts_at_us
FROM budget_counters c JOIN jsonb_to_recordset(CAST(:wanted AS jsonb))
  AS w(budget text, definition text, target text, starts_at_us bigint)
  ON (c.budget, c.definition, c.target, c.starts_at_us) = (w.budget, w.definition, w.target, w.starts_at_us)
""")

_RESERVE = text(f"""
WITH wanted AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS w(
    counter bigint, usd numeric, tokens numeric, unknown boolean, most_usd numeric, most_tokens numeric,
    by_usd boolean, max numeric, binding boolean)
), locked AS MATERIALIZED (
  SELECT c.* FROM budget_counters c WHERE c.id IN (SELECT counter FROM wanted) ORDER BY c.id FOR NO KEY UPDATE
), measured AS (
  SELECT w.binding, w.unknown, w.max, l.unknown AS others, l.unbounded,
    CASE WHEN w.by_usd THEN l.spent_usd + l.reserved_usd ELSE l.spent_tokens + l.reserved_tokens END AS taken,
    CASE WHEN w.by_usd THEN l.most_usd ELSE l.most_tokens END AS others_most,
    CASE WHEN w.by_usd THEN w.usd ELSE w.tokens END AS expected,
    CASE WHEN w.by_usd THEN w.most_usd ELSE w.most_tokens END AS most
  FROM locked l JOIN wanted w ON w.counter = l.id
), judged AS MATERIALIZED (
  SELECT count(*) = (SELECT count(*) FROM wanted) AND bool_and(NOT binding OR CASE
    WHEN unknown THEN CASE
      WHEN taken >= max THEN false
      WHEN others = 0 THEN true
      WHEN most IS NULL OR unbounded > 0 THEN false
      ELSE taken + others_most + most <= max END
    ELSE CASE
      WHEN taken + expected > max THEN false
      ELSE taken + others_most + expected <= max END
    END) AS passes
  FROM measured
), taken AS (
  INSERT INTO budget_leases (request_id, counter, replica, usd, tokens, unknown, most_usd, most_tokens)
  SELECT CAST(:request AS text), w.counter, CAST(:replica AS text),
    w.usd, w.tokens, w.unknown, w.most_usd, w.most_tokens
  FROM wanted w WHERE (SELECT passes FROM judged)
  ON CONFLICT DO NOTHING
  RETURNING *
), changed AS (
  UPDATE budget_counters c SET
    reserved_usd = c.reserved_usd + t.usd, reserved_tokens = c.reserved_tokens + t.tokens,
    in_flight = c.in_flight + 1, unknown = c.unknown + CAST(t.unknown AS int),
    unbounded = c.unbounded + CAST(t.unknown AND t.most_usd IS NULL AS int),
    most_usd = c.most_usd + CASE WHEN t.unknown THEN coalesce(t.most_usd, 0) ELSE 0 END,
    most_tokens = c.most_tokens + CASE WHEN t.unknown THEN coalesce(t.most_tokens, 0) ELSE 0 END,
    changed_at = clock_timestamp()
  FROM taken t WHERE c.id = t.counter
)
SELECT CAST(:request AS text) AS request, (SELECT passes FROM judged) AS passes, {_FIGURES}
FROM locked c
""")  # noqa: S608 - made of constants
"""Judges as ``Balance.room`` does, line by line. What is full and what has to wait are the same here."""

_LOCK = text("""
WITH locked AS MATERIALIZED (
  SELECT c.id FROM budget_counters c
  WHERE c.id IN (
    SELECT CAST(x AS bigint) FROM jsonb_array_elements_text(CAST(:counters AS jsonb)) x
    UNION
    SELECT l.counter FROM budget_leases l
    WHERE l.request_id IN (SELECT jsonb_array_elements_text(CAST(:requests AS jsonb))))
  ORDER BY c.id FOR NO KEY UPDATE
)
SELECT FROM (SELECT count(*) AS number FROM locked) l WHERE l.number < 0
""")
"""Returns no row, so that it can be sent together with others."""

_SETTLE = text(f"""
WITH freed AS (
  DELETE FROM budget_leases
  WHERE request_id IN (SELECT jsonb_array_elements_text(CAST(:requests AS jsonb)))
  RETURNING *
), more AS MATERIALIZED (
  SELECT w.counter, w.request_id, min(w.at_us) AS at_us,
    greatest(0, max(w.usd) - coalesce(max(b.usd), 0)) AS usd,
    greatest(0, max(w.tokens) - coalesce(max(b.tokens), 0)) AS tokens
  FROM jsonb_to_recordset(CAST(:charges AS jsonb))
    AS w(counter bigint, request_id text, at_us bigint, usd bigint, tokens bigint)
    JOIN budget_counters c ON c.id = w.counter
    LEFT JOIN budget_charges b ON (b.counter, b.request_id) = (w.counter, w.request_id)
  GROUP BY w.counter, w.request_id
), charged AS (
  INSERT INTO budget_charges AS b (counter, request_id, at_us, usd, tokens)
  SELECT counter, request_id, at_us, usd, tokens FROM more
  ON CONFLICT (counter, request_id) DO UPDATE SET usd = b.usd + excluded.usd, tokens = b.tokens + excluded.tokens
), each AS (
  SELECT counter, usd, tokens, 0 AS held_usd, 0 AS held_tokens, 0 AS in_flight, 0 AS unknown, 0 AS unbounded,
    0 AS most_usd, 0 AS most_tokens, at_us
  FROM more
  UNION ALL
  SELECT counter, 0, 0, usd, tokens, 1, CAST(unknown AS int), CAST(unknown AND most_usd IS NULL AS int),
    CASE WHEN unknown THEN coalesce(most_usd, 0) ELSE 0 END,
    CASE WHEN unknown THEN coalesce(most_tokens, 0) ELSE 0 END, NULL
  FROM freed
), changed AS (
  SELECT counter, sum(usd) AS usd, sum(tokens) AS tokens, sum(held_usd) AS held_usd, sum(held_tokens) AS held_tokens,
    sum(in_flight) AS in_flight, sum(unknown) AS unknown, sum(unbounded) AS unbounded, sum(most_usd) AS most_usd,
    sum(most_tokens) AS most_tokens, min(at_us) AS oldest_us
  FROM each GROUP BY counter
)
UPDATE budget_counters c SET
  spent_usd = c.spent_usd + d.usd, spent_tokens = c.spent_tokens + d.tokens,
  reserved_usd = c.reserved_usd - d.held_usd, reserved_tokens = c.reserved_tokens - d.held_tokens,
  in_flight = c.in_flight - d.in_flight, unknown = c.unknown - d.unknown, unbounded = c.unbounded - d.unbounded,
  most_usd = c.most_usd - d.most_usd, most_tokens = c.most_tokens - d.most_tokens,
  oldest_us = least(c.oldest_us, d.oldest_us), changed_at = clock_timestamp()
FROM changed d WHERE c.id = d.counter
RETURNING {_FIGURES}
""")  # noqa: S608 - made of constants

_NAME_UNPRICED = text("""
UPDATE budget_counters c SET unpriced = array_append(c.unpriced, w.model), changed_at = clock_timestamp()
FROM jsonb_to_recordset(CAST(:models AS jsonb)) AS w(counter bigint, model text)
WHERE c.id = w.counter AND NOT (w.model = ANY(c.unpriced)) AND cardinality(c.unpriced) < 20
""")

_GROW = text("""
WITH more AS MATERIALIZED (
  SELECT l.request_id, l.counter, greatest(0, w.usd - l.usd) AS usd, greatest(0, w.tokens - l.tokens) AS tokens
  FROM budget_leases l
    JOIN jsonb_to_recordset(CAST(:amounts AS jsonb)) AS w(request_id text, usd numeric, tokens numeric)
    USING (request_id)
), grown AS (
  UPDATE budget_leases l SET usd = l.usd + m.usd, tokens = l.tokens + m.tokens
  FROM more m WHERE (l.request_id, l.counter) = (m.request_id, m.counter)
), sums AS (
  SELECT counter, sum(usd) AS usd, sum(tokens) AS tokens FROM more GROUP BY counter
)
UPDATE budget_counters c SET
  reserved_usd = c.reserved_usd + s.usd, reserved_tokens = c.reserved_tokens + s.tokens, changed_at = clock_timestamp()
FROM sums s WHERE c.id = s.counter AND (s.usd > 0 OR s.tokens > 0)
""")

_ROLL = text("""
WITH wanted AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS w(counter bigint, start_us bigint)
), gone AS (
  DELETE FROM budget_charges b USING wanted w WHERE b.counter = w.counter AND b.at_us < w.start_us RETURNING b.*
), sums AS (
  SELECT counter, sum(usd) AS usd, sum(tokens) AS tokens FROM gone GROUP BY counter
)
UPDATE budget_counters c SET
  spent_usd = c.spent_usd - s.usd, spent_tokens = c.spent_tokens - s.tokens,
  oldest_us = (SELECT min(b.at_us) FROM budget_charges b WHERE b.counter = c.id AND b.at_us >= w.start_us),
  changed_at = clock_timestamp()
FROM sums s JOIN wanted w ON w.counter = s.counter WHERE c.id = s.counter
""")

_CHANGED = text(f"""
SELECT {_FIGURES} FROM budget_counters c
WHERE c.definition IN (SELECT jsonb_array_elements_text(CAST(:definitions AS jsonb)))
  AND c.changed_at >= to_timestamp(:since) AND (c.ends_at_us IS NULL OR c.ends_at_us > :now_us)
ORDER BY c.changed_at DESC LIMIT 10000
""")  # noqa: S608 - made of constants

_SPENT_BY_MINUTE = text("""
SELECT b.counter, b.at_us / 60000000 AS minute, sum(b.usd) AS usd, sum(b.tokens) AS tokens
FROM budget_charges b
WHERE b.at_us >= :since_us
  AND b.counter IN (SELECT CAST(x AS bigint) FROM jsonb_array_elements_text(CAST(:counters AS jsonb)) x)
GROUP BY b.counter, minute
""")

_TELL = text("""
UPDATE budget_counters SET told_mark = :mark, told_at_us = :now_us
WHERE (budget, definition, target, starts_at_us) = (:budget, :definition, :target, :starts_at_us)
  AND (told_mark < :mark OR told_at_us < :since_us)
RETURNING id
""")

_BEAT = text("""
WITH before AS (SELECT seen_at FROM budget_replicas WHERE id = :replica)
INSERT INTO budget_replicas (id, seen_at) VALUES (:replica, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
RETURNING coalesce((SELECT seen_at FROM before) < clock_timestamp() - make_interval(secs => :lease_s), true)
""")

_ORPHANS = text("""
SELECT DISTINCT l.request_id FROM budget_leases l LEFT JOIN budget_replicas r ON r.id = l.replica
WHERE r.id IS NULL OR r.seen_at < clock_timestamp() - make_interval(secs => :lease_s)
LIMIT 1000
""")

_FORGET_REPLICAS = text("""
DELETE FROM budget_replicas r WHERE r.seen_at < clock_timestamp() - make_interval(secs => :lease_s)
  AND NOT EXISTS (SELECT FROM budget_leases l WHERE l.replica = r.id)
""")

_FORGET_WINDOWS = text("DELETE FROM budget_counters WHERE ends_at_us < :before_us AND in_flight = 0")

_OVERRIDES = text(
    "SELECT budget, until_us, why, made_at_us FROM budget_overrides WHERE until_us > :now_us ORDER BY budget"
)

_OVERRIDE = text("""
INSERT INTO budget_overrides (budget, until_us, why, made_at_us) VALUES (:budget, :until_us, :why, :made_at_us)
ON CONFLICT (budget) DO UPDATE
SET until_us = excluded.until_us, why = excluded.why, made_at_us = excluded.made_at_us
""")

_END_OVERRIDE = text("DELETE FROM budget_overrides WHERE budget = :budget RETURNING until_us")

_LEAVE = text("DELETE FROM budget_replicas WHERE id = :replica")


class Reserved(NamedTuple):
    """What became of a reservation."""

    passes: bool
    figures: dict[CounterKey, Figures]
    """The figures of the counters before it."""


class CounterIds:
    """The ids of counters by their names. One that is not known yet is made."""

    def __init__(self) -> None:
        self._known: dict[CounterKey, int] = {}

    def of(self, connection: Connection, keys: Collection[CounterKey]) -> dict[CounterKey, int]:
        """Return the ids of counters, which exist then. Commits."""
        missing = sorted({key for key in keys if key not in self._known})
        if missing:
            wanted = json.dumps(
                [
                    {
                        "budget": key.budget,
                        "definition": key.definition,
                        "target": key.target,
                        "starts_at_us": key.starts_at_us,
                        "ends_at_us": key.ends_at_us,
                    }
                    for key in missing
                ]
            )
            with connection.begin():
                connection.execute(_CREATE, {"wanted": wanted})
            with connection.begin():
                for row in connection.execute(_FIND, {"wanted": wanted}):
                    key = CounterKey(row.budget, row.definition, row.target, row.starts_at_us, None)
                    self._known[key] = row.id
        return {key: self._known[key] for key in keys}

    def forget(self, keys: Iterable[CounterKey]) -> None:
        """Forget counters that may have been deleted."""
        for key in keys:
            self._known.pop(key, None)


class Wanted(NamedTuple):
    """What a request is to reserve in the counters that count it."""

    request_id: str
    claims: Sequence[Claim]


def reserve(
    connection: Connection, ids: Mapping[CounterKey, int], replica: str, wanted: Sequence[Wanted]
) -> dict[str, Reserved]:
    """Reserve what requests are expected to cost in every counter, each unless it does not fit in a binding one beside
    those before it. Return what became of each, by its id, which only one of them has."""
    counters = sorted({ids[claim.key] for each in wanted for claim in each.claims})
    steps = [
        Step(
            _RESERVE,
            {
                "wanted": json.dumps([_claimed(ids[claim.key], claim) for claim in each.claims]),
                "request": each.request_id,
                "replica": replica,
            },
        )
        for each in wanted
    ]
    if len(wanted) > 1:
        # One locks its own counters.
        steps.insert(0, _lock(counters, ()))
    rows: dict[str, list[Any]] = {each.request_id: [] for each in wanted}
    for row in execute_together(connection, steps):
        rows[row.request].append(row)
    return {
        request_id: Reserved(bool(of) and bool(of[0].passes), dict(_named_figures(of)))
        for request_id, of in rows.items()
    }


def _claimed(counter: int, claim: Claim) -> dict[str, Any]:
    return {
        "counter": counter,
        "usd": _reserved_money(claim.expected),
        "tokens": claim.expected.tokens if claim.expected is not None else 0,
        "unknown": claim.expected is None,
        "most_usd": _reserved_money(claim.most) if claim.most is not None else None,
        "most_tokens": claim.most.tokens if claim.most is not None else None,
        "by_usd": claim.limit.usd is not None,
        "max": stored_money(claim.limit.usd) if claim.limit.usd is not None else claim.limit.tokens,
        "binding": claim.binding,
    }


def settle(
    connection: Connection, ids: Mapping[CounterKey, int], ended: Mapping[str, Sequence[Charge]]
) -> dict[CounterKey, Figures]:
    """Count what requests cost in place of what was reserved for them; nothing for those without a charge. Return the
    figures of what changed.

    However often this is called for a request, it counts once: with the most that it was said to cost, as another
    replica may have settled it while this one could not be reached, by what was recorded until then."""
    rows = execute_together(connection, [_lock(_counters(ids, ended), ended), *_settling(ids, ended)])
    return dict(_named_figures(rows))


def end_leases(
    connection: Connection, ids: Mapping[CounterKey, int], ended: Mapping[str, Sequence[Charge]], lease_s: float
) -> dict[CounterKey, Figures]:
    """Settle those of these requests whose reservation has ended (see ``orphans``): a replica may have said something
    since, and then it settles them itself. Return the figures of what changed."""
    figures: dict[CounterKey, Figures] = {}
    with connection.begin():
        connection.execute(*_lock(_counters(ids, ended), ended))
        over = {row.request_id for row in connection.execute(_ORPHANS, {"lease_s": lease_s})}
        for step in _settling(ids, {each: charges for each, charges in ended.items() if each in over}):
            result = connection.execute(*step)
            if step.statement is _SETTLE:
                figures = dict(_named_figures(result))
    return figures


def _settling(ids: Mapping[CounterKey, int], ended: Mapping[str, Sequence[Charge]]) -> list[Step]:
    """Return the statements that settle requests, once their counters are locked."""
    charges = [
        {
            "counter": ids[charge.key],
            "request_id": request_id,
            "at_us": stored_time(charge.at),
            "usd": stored_money(charge.amount.usd),
            "tokens": charge.amount.tokens,
        }
        for request_id, each in ended.items()
        for charge in each
    ]
    unpriced = [
        {"counter": ids[charge.key], "model": indexed_text(charge.unpriced)}
        for each in ended.values()
        for charge in each
        if charge.unpriced is not None
    ]
    naming = [Step(_NAME_UNPRICED, {"models": json.dumps(unpriced)})] if unpriced else []
    return [*naming, Step(_SETTLE, {"requests": json.dumps(list(ended)), "charges": json.dumps(charges)})]


def _counters(ids: Mapping[CounterKey, int], ended: Mapping[str, Sequence[Charge]]) -> list[int]:
    return sorted({ids[charge.key] for each in ended.values() for charge in each})


def _lock(counters: Sequence[int], requests: Iterable[str]) -> Step:
    """Return the statement that locks counters, and those in which something is reserved for requests."""
    return Step(_LOCK, {"counters": json.dumps(counters), "requests": json.dumps(list(requests))})


def grow(connection: Connection, amounts: Mapping[str, Amount]) -> None:
    """Reserve at least what requests already cost."""
    wanted = [
        {"request_id": request_id, "usd": _reserved_money(amount), "tokens": amount.tokens}
        for request_id, amount in amounts.items()
    ]
    execute_together(connection, [_lock((), amounts), Step(_GROW, {"amounts": json.dumps(wanted)})])


def roll(connection: Connection, starts: Mapping[int, datetime]) -> None:
    """Take what began before a moment out of rolling windows, by the ids of their counters."""
    wanted = [{"counter": counter, "start_us": stored_time(start)} for counter, start in starts.items()]
    execute_together(connection, [_lock(sorted(starts), ()), Step(_ROLL, {"wanted": json.dumps(wanted)})])


class Changed(NamedTuple):
    """What changed since a moment, by the clock of PostgreSQL."""

    at: float
    figures: dict[CounterKey, Figures]
    ids: dict[CounterKey, int]


def changed(connection: Connection, definitions: Collection[str], since: float, now: datetime) -> Changed:
    """Return the figures of the counters of these definitions that changed, except those whose window is over."""
    with connection.begin():
        at = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        rows = connection.execute(
            _CHANGED, {"definitions": json.dumps(sorted(definitions)), "since": since, "now_us": stored_time(now)}
        ).all()
    return Changed(float(at), dict(_named_figures(rows)), {_key(row): row.id for row in rows})


def spent_by_minute(
    connection: Connection, counters: Collection[int], since: datetime
) -> dict[int, dict[datetime, Amount]]:
    """Return what was spent since a moment, by the ids of counters and by minutes."""
    found: dict[int, dict[datetime, Amount]] = {}
    with connection.begin():
        wanted = {"counters": json.dumps(sorted(counters)), "since_us": stored_time(since)}
        for row in connection.execute(_SPENT_BY_MINUTE, wanted):
            minute = read_time(int(row.minute) * 60_000_000)
            found.setdefault(row.counter, {})[minute] = Amount(read_money(int(row.usd)), int(row.tokens))
    return found


def tell(connection: Connection, key: CounterKey, mark: float, now: datetime, since: datetime | None) -> bool:
    """Return whether the caller is the first to report a mark that a counter reached. ``since``: reports from before
    that do not count."""
    with connection.begin():
        told = connection.execute(
            _TELL,
            {
                "budget": key.budget,
                "definition": key.definition,
                "target": key.target,
                "starts_at_us": key.starts_at_us,
                "mark": mark,
                "now_us": stored_time(now),
                "since_us": stored_time(since) if since is not None else 0,
            },
        ).first()
    return told is not None


def beat(connection: Connection, replica: str, lease_s: float) -> bool:
    """Say that a replica lives, so that its reservations hold. Return whether they had ended, because it said nothing
    for ``lease_s`` seconds, or never did."""
    with connection.begin():
        return bool(connection.execute(_BEAT, {"replica": replica, "lease_s": lease_s}).scalar_one())


def orphans(connection: Connection, lease_s: float) -> list[str]:
    """Return the requests whose reservation has ended, because their replica said nothing for ``lease_s`` seconds."""
    with connection.begin():
        connection.execute(_FORGET_REPLICAS, {"lease_s": lease_s})
        return [row.request_id for row in connection.execute(_ORPHANS, {"lease_s": lease_s})]


def leave(connection: Connection, replica: str) -> None:
    """Say that a replica ends."""
    with connection.begin():
        connection.execute(_LEAVE, {"replica": replica})


def forget_windows(connection: Connection, before: datetime) -> None:
    """Delete the counters of windows that ended before a moment."""
    with connection.begin():
        connection.execute(_FORGET_WINDOWS, {"before_us": stored_time(before)})


def overrides(connection: Connection, now: datetime) -> list[Override]:
    """Return the overrides that hold, in the transaction of a connection."""
    rows = connection.execute(_OVERRIDES, {"now_us": stored_time(now)}).all()
    return [Override(row.budget, read_time(row.until_us), row.why, read_time(row.made_at_us)) for row in rows]


def override(connection: Connection, made: Override) -> None:
    """Override a budget, instead of an earlier override of it, in the transaction of a connection."""
    connection.execute(
        _OVERRIDE,
        {
            "budget": indexed_text(made.budget),
            "until_us": stored_time(made.until),
            "why": made.why.replace("\0", ""),
            "made_at_us": stored_time(made.made_at),
        },
    )


def end_override(connection: Connection, budget: str, now: datetime) -> bool:
    """End the override of a budget, in the transaction of a connection, and return whether there was one that held."""
    until = connection.execute(_END_OVERRIDE, {"budget": indexed_text(budget)}).scalar()
    return until is not None and until > stored_time(now)


def _reserved_money(amount: Amount | None) -> int:
    """Return what is reserved in whole picodollars, not less than the amount."""
    return int(amount.usd.scaleb(12).to_integral_value(ROUND_CEILING)) if amount is not None else 0


def _key(row: Any) -> CounterKey:
    return CounterKey(row.budget, row.definition, row.target, row.starts_at_us, row.ends_at_us)


def _named_figures(rows: Iterable[Any]) -> Iterable[tuple[CounterKey, Figures]]:
    for row in rows:
        yield (
            _key(row),
            Figures(
                _amount(row.spent_usd, row.spent_tokens),
                _amount(row.reserved_usd, row.reserved_tokens),
                row.in_flight,
                row.unknown,
                row.unbounded,
                _amount(row.most_usd, row.most_tokens),
                read_time(row.oldest_us) if row.oldest_us is not None else None,
                tuple(row.unpriced),
            ),
        )


def _amount(usd: Decimal, tokens: Decimal) -> Amount:
    return Amount(read_money(int(usd)), int(tokens))
