"""Routines.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/routines
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from replicator.local.bigquery.api.datasets import dataset_of
from replicator.local.bigquery.api.http import Answer, Call, Json, page_start, page_token
from replicator.local.bigquery.errors import refuse
from replicator.local.bigquery.members import required
from replicator.local.bigquery.statements import analysis
from replicator.local.bigquery.statements.functions import ROUTINE
from replicator.local.bigquery.statements.session import Session, Setting, Unsettled
from replicator.local.bigquery.storage.routines import RoutineRef, duplicate_routine, read_routine, routine_not_found
from replicator.local.bigquery.storage.store import Store, Transaction

_LISTED: Final = ("creationTime", "etag", "language", "lastModifiedTime", "routineReference", "routineType")


class Routines:
    """routines.* over a store."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def insert(self, call: Call) -> Answer:
        """routines.insert."""
        resource = call.json()
        stated = required(resource, "routineReference", dict)
        ref = _checked(call, str(required(stated, "routineId", str, where="routineReference")))
        with self._store.statement() as transaction:
            transaction.dataset(ref.parent)
            if transaction.find_routine(ref) is not None:
                raise duplicate_routine(ref)
            return self._kept(transaction, ref, resource)

    def update(self, call: Call) -> Answer:
        """routines.update: the whole resource anew."""
        ref = _checked(call, call.path["routine"])
        with self._store.statement() as transaction:
            if transaction.find_routine(ref) is None:
                raise routine_not_found(ref)
            return self._kept(transaction, ref, call.json())

    def _kept(self, transaction: Transaction, ref: RoutineRef, resource: Json) -> Answer:
        function, description = read_routine(resource, ref)
        location = transaction.dataset(ref.parent).definition.location
        setting = Setting("routine", ref.project, location, None, self._now, lambda: None, Unsettled())
        session = Session(self._store, setting)
        try:
            analysis.check_function(session, transaction, function)
        finally:
            session.close()
        body = transaction.keep_routine(ref, function, description=description)
        transaction.commit()
        return Answer(body)

    def get(self, call: Call) -> Answer:
        """routines.get."""
        ref = _checked(call, call.path["routine"])
        with self._store.statement() as transaction:
            transaction.dataset(ref.parent)
            found = transaction.find_routine(ref)
        if found is None:
            raise routine_not_found(ref)
        return Answer(found)

    def list(self, call: Call) -> Answer:
        """routines.list."""
        with self._store.statement() as transaction:
            found = transaction.routines(dataset_of(call))
        start, size = page_start(call), call.integer("maxResults", 1000) or 1000
        body: Json = {"routines": [{key: each[key] for key in _LISTED} for each in found[start : start + size]]}
        if start + size < len(found):
            body["nextPageToken"] = page_token(start + size)
        return Answer(body)

    def delete(self, call: Call) -> Answer:
        """routines.delete."""
        ref = _checked(call, call.path["routine"])
        with self._store.statement() as transaction:
            transaction.dataset(ref.parent)
            if transaction.find_routine(ref) is None:
                raise routine_not_found(ref)
            transaction.drop_routine(ref)
            transaction.commit()
        return Answer(status=204)


def _checked(call: Call, routine: str) -> RoutineRef:
    dataset = dataset_of(call)
    if not ROUTINE.fullmatch(routine):
        refuse("invalid", f'Invalid routine ID "{routine}"', location="routineId")
    return RoutineRef(dataset.project, dataset.dataset, routine)
