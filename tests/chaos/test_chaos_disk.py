"""The disk of the campaign's PostgreSQL is full for it, and then it is not."""

import psycopg
import pytest
from postgres import running_postgres

from chaos.disk import small_disk


def test_a_database_on_a_small_disk_meets_that_it_is_full_and_goes_on_afterwards():
    with small_disk() as disk, running_postgres() as postgres:
        if disk is None:
            pytest.skip("mounting is not permitted here, so there is no disk that could be filled")
        name = postgres.create(folder=disk.folder)
        postgres.execute("CREATE TABLE filled (words text)", database=name)
        more = "INSERT INTO filled SELECT repeat('x', 1000) FROM generate_series(1, 1000)"
        postgres.execute(more, database=name)
        disk.fill()
        with pytest.raises(psycopg.errors.DiskFull):
            postgres.execute(more, database=name)
        disk.clear()
        postgres.execute(more, database=name)
        assert postgres.execute("SELECT count(*) FROM filled", database=name) == [(2000,)]
    assert not disk.folder.exists()
