"""Test Table 1 by subtype, with the corpora's own labels."""
from scripts.reporting.tables.table1_subtypes import table1_subtypes
from tests.reporting.made_up import dicts


def test_subtypes_are_listed_under_what_they_become(results):
    rows = [tuple(row.values())[1:] for row in dicts(table1_subtypes(results.corpora)) if row["corpus"] == "en_ugt"]
    assert rows == [("Drug", "Medication", 500), ("Disease", "ADR", 650), ("Disease", "Symptom", 250)]
